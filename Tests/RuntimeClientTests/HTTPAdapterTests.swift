import Bytes
import Fleet
import Glibc
import Models
import Synchronization
import Testing

@testable import RuntimeClient

/// Everything that a stream told, from whatever thread.
final class Told: Sendable {
    private let list = Mutex<[ChatEnvelope]>([])
    func add(_ envelope: ChatEnvelope) { list.withLock { $0.append(envelope) } }
    var envelopes: [ChatEnvelope] { list.withLock { $0 } }
    var events: [String] { envelopes.map(\.event.short) }
}

/// What failed, if anything did.
func failure<Value: Sendable>(
    _ body: () async throws(RuntimeClientError) -> Value
) async -> RuntimeClientError? {
    do throws(RuntimeClientError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// Waits until something is so; a minute is far more than anything takes.
func eventually(_ question: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if await question() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

@Suite struct HTTPAdapterTests {
    private func chat(
        _ url: String, _ told: Told = Told(), _ adapter: HTTPAdapter = HTTPAdapter()
    ) async -> RuntimeClientError? {
        await failure { () throws(RuntimeClientError) in
            try await adapter.chatStream(url, ChatRequest(message: "hi")) { told.add($0) }
        }
    }

    // MARK: - What is asked

    @Test func `every command is its request`() async throws {
        let mutation = #"{"ok":true,"action":"apply","restart_scheduled":false,"state":\#(Answer.config)}"#
        let server = ByteServer { request in
            switch request.line {
            case "GET /api/health": return Answer.json(#"{"status":"ok","now":"2026-01-05T10:00:00.5+00:00"}"#)
            case "GET /api/sessions": return Answer.json("[\(Answer.chatSession)]")
            case "POST /api/sessions", "GET /api/sessions/s-1": return Answer.json(Answer.chatSession)
            case "DELETE /api/sessions/s-1": return [.send("HTTP/1.1 204 No Content\r\n\r\n")]
            case "POST /api/sessions/s-1/cancel": return Answer.json("{}", status: "202 Accepted")
            case "GET /api/config": return Answer.json(Answer.config)
            default: return Answer.json(mutation)
            }
        }
        defer { server.stop() }
        let adapter = HTTPAdapter(token: "secret")
        let base = "  \(server.url)/// "
        #expect(adapter.source == .http)
        #expect(try await adapter.health(base).now == PreciseTime(rfc3339: "2026-01-05T10:00:00.5Z"))
        let sessions = try await adapter.listSessions(base)
        #expect(sessions.count == 1)
        #expect(sessions[0].messages.map(\.role) == [.user, .assistant, .tool])
        #expect(sessions[0].messages[1].toolCalls == [ToolCall(id: "c", name: "ls", arguments: [:])])
        #expect(sessions[0].messages[2].name == "ls")
        #expect(sessions[0].updatedAt > sessions[0].createdAt)
        _ = try await adapter.createSession(base)
        _ = try await adapter.session(base, "s-1")
        try await adapter.deleteSession(base, "s-1")
        try await adapter.cancelTurn(base, "s-1")
        #expect(try await adapter.config(base).running("llm", "model") == "m")
        _ = try await adapter.applyConfig(base, ConfigChange(config: ["llm": [:]]))
        _ = try await adapter.applyConfig(base, ConfigChange(raw: "{}", expectedRawSHA256: "ab"))
        _ = try await adapter.resetConfig(base)
        _ = try await adapter.restartConfig(base, nil)
        let result = try await adapter.restartConfig(base, ConfigChange(raw: "{}"))
        #expect(result.action == .apply)
        #expect(
            server.requests.map { "\($0.line) \($0.body)" } == [
                "GET /api/health ", "GET /api/sessions ", "POST /api/sessions ", "GET /api/sessions/s-1 ",
                "DELETE /api/sessions/s-1 ", "POST /api/sessions/s-1/cancel ", "GET /api/config ",
                "POST /api/config/apply {\"config\":{\"llm\":{}}}",
                "POST /api/config/apply {\"raw\":\"{}\",\"expected_raw_sha256\":\"ab\"}",
                "POST /api/config/reset {}", "POST /api/config/restart {}", "POST /api/config/restart {\"raw\":\"{}\"}",
            ])
        for request in server.requests {
            #expect(request.headers["authorization"] == "Bearer secret")
            #expect(request.headers["expect"] == nil)
            #expect(request.headers["content-type"] == (request.body.isEmpty ? nil : "application/json"))
        }
    }

    @Test(arguments: [("a b/c", "a%20b%2Fc"), ("é:1", "%C3%A9%3A1"), ("..", "%2E%2E"), ("a.b~_-Z9", "a.b~_-Z9")])
    func `ids are percent-encoded in paths`(id: String, segment: String) async {
        let server = ByteServer { _ in Answer.json("{}", status: "404 Not Found") }
        defer { server.stop() }
        _ = await failure { () throws(RuntimeClientError) in try await HTTPAdapter().session(server.url, id) }
        #expect(server.requests.map(\.line) == ["GET /api/sessions/" + segment])
    }

    @Test func `a token that is meant for one server is shown to no other`() async {
        let server = ByteServer { _ in Answer.json("{}") }
        defer { server.stop() }
        for trusted in [server.url + "/", "http://127.0.0.1:1", "nonsense"] {
            let adapter = HTTPAdapter(token: "secret", onlyTo: trusted)
            _ = await failure { () throws(RuntimeClientError) in try await adapter.health(server.url) }
        }
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer secret", nil, nil])
    }

    @Test func `a token cannot smuggle in a header`() async {
        let server = ByteServer { _ in Answer.json("{}") }
        defer { server.stop() }
        let error = await failure { () throws(RuntimeClientError) in
            try await HTTPAdapter(token: "a\r\nX: y").health(server.url)
        }
        #expect(error?.code == .unauthorized)
        #expect(server.requests.isEmpty)
    }

    // MARK: - Failures (§6.3)

    @Test(arguments: [
        ("400 Bad Request", RuntimeClientError.Code.badRequest), ("401 Unauthorized", .unauthorized),
        ("403 Forbidden", .unauthorized), ("404 Not Found", .notFound), ("500 Internal Server Error", .serverError),
        ("503 Service Unavailable", .serverError), ("599 X", .serverError), ("405 Method Not Allowed", .unknown),
        ("409 Conflict", .unknown), ("413 X", .unknown), ("415 X", .unknown), ("422 X", .unknown), ("429 X", .unknown),
        ("302 Found", .unknown), ("304 Not Modified", .unknown),
    ])
    func `a status is its code, for whole answers and for streams`(status: String, code: RuntimeClientError.Code) async
    {
        let server = ByteServer { request in
            request.line == "GET /api/health"
                ? [.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\r\n")]
                : Answer.json(#"{"code":"what","message":"the server's words"}"#, status: status)
        }
        defer { server.stop() }
        let number = Int(status.prefix(3))
        let whole = await failure { () throws(RuntimeClientError) in try await HTTPAdapter().health(server.url) }
        #expect(whole == RuntimeClientError(code, status, status: number))
        guard number != 304 else { return }
        #expect(
            await chat(server.url)
                == RuntimeClientError(code, "the server's words", serverCode: "what", status: number))
    }

    @Test(arguments: [
        "", "{", "null", "[]", "{}", #"{"status":"ok"}"#, #"{"status":7,"now":"2026-01-05T10:00:00Z"}"#,
        #"{"status":"ok","now":"yesterday"}"#,
    ])
    func `a body that is not what was asked for is unknown`(body: String) async {
        let server = ByteServer { _ in Answer.json(body) }
        defer { server.stop() }
        let error = await failure { () throws(RuntimeClientError) in try await HTTPAdapter().health(server.url) }
        #expect(error?.code == .unknown)
        #expect(error?.isCancellation == false)
    }

    @Test(arguments: [
        "", "127.0.0.1:3000", "ftp://127.0.0.1", "http://", "http:///x", "file:///etc/passwd", "http://a b", "://x",
        "http://:80", "http://127.0.0.1:99999",
    ])
    func `an address that is none is the network's fault`(base: String) async {
        let error = await failure { () throws(RuntimeClientError) in try await HTTPAdapter().health(base) }
        #expect(error?.code == .networkUnavailable)
        #expect(await chat(base)?.code == .networkUnavailable)
    }

    @Test func `nobody at the address, or no such name, is the network's fault`() async {
        let (listener, port) = ByteServer.listen(backlog: 1)
        close(listener)
        #expect(await chat("http://127.0.0.1:\(port)")?.code == .networkUnavailable)
        #expect(await chat("http://nosuch.invalid")?.code == .networkUnavailable)
        // Plain words where TLS was expected.
        let server = ByteServer { _ in Answer.json("{}") }
        defer { server.stop() }
        #expect(await chat("https://127.0.0.1:\(server.port)")?.code == .networkUnavailable)
    }

    @Test func `a connection that hangs is given up`() async {
        // A queue of connections that is full, since nobody accepts: the kernel no longer answers.
        let (listener, port) = ByteServer.listen(backlog: 0)
        defer { close(listener) }
        var waiting: [Int32] = []
        defer { for descriptor in waiting { close(descriptor) } }
        for _ in 0..<4 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            waiting.append(descriptor)
        }
        var limits = HTTPAdapter.Limits()
        limits.connect = .milliseconds(200)
        let error = await chat("http://127.0.0.1:\(port)", Told(), HTTPAdapter(limits: limits))
        #expect(error?.code == .networkUnavailable)
        // By the limit for connecting, and not by that for silence.
        #expect(error?.message.contains("nothing came") == false)
    }

    @Test func `the usual limits are the contract's`() {
        let limits = HTTPAdapter.Limits()
        #expect(limits.connect == .seconds(5))
        #expect(limits.request == .seconds(30))
        #expect(limits.streamIdle == .seconds(45))
        #expect(limits.event == 16 << 20)
    }

    @Test func `a whole answer that takes too long is given up`() async {
        let server = ByteServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), .hold] }
        defer { server.stop() }
        var limits = HTTPAdapter.Limits()
        limits.request = .milliseconds(200)
        let adapter = HTTPAdapter(limits: limits)
        let error = await failure { () throws(RuntimeClientError) in try await adapter.health(server.url) }
        #expect(error?.code == .networkUnavailable)
        #expect(await eventually { server.clientsThatLeft == 1 })
    }

    @Test func `a whole answer that breaks off is the network's fault`() async {
        let server = ByteServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")] }
        defer { server.stop() }
        let error = await failure { () throws(RuntimeClientError) in try await HTTPAdapter().health(server.url) }
        #expect(error?.code == .networkUnavailable)
    }

    @Test func `an answer that is too long is not kept`() async {
        let server = ByteServer { _ in Answer.json(String(repeating: " ", count: 2000)) }
        defer { server.stop() }
        var limits = HTTPAdapter.Limits()
        limits.body = 1000
        let adapter = HTTPAdapter(limits: limits)
        let error = await failure { () throws(RuntimeClientError) in try await adapter.health(server.url) }
        #expect(error?.code == .unknown)
    }

    // MARK: - Streams

    @Test func `a stream is told event by event, under one UUID`() async throws {
        let bytes = Array((Answer.session + ": keepalive\r\n\r\nevent: delta\r\ndata:  é🎉\r\n\r\n" + Answer.done).utf8)
        for cuts in [bytes.map { [$0] }, [bytes]] {
            let server = ByteServer { _ in Answer.chunked(cuts) }
            defer { server.stop() }
            let told = Told()
            #expect(await chat(server.url, told) == nil)
            #expect(told.events == ["session s-1", "delta  é🎉", "done s-1"])
            let ids = Set(told.envelopes.map(\.streamID))
            #expect(ids.count == 1)
            #expect(UUIDText.isUUID(try #require(ids.first)))
            let request = try #require(server.requests.first)
            #expect(request.line == "POST /api/chat")
            #expect(request.body == #"{"message":"hi"}"#)
            #expect(request.headers["accept"] == "text/event-stream")
        }
    }

    @Test func `random cuts change nothing`() async {
        var random = Seeded(7)
        let bytes = Array(
            (Answer.session.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
                + "data: 日本\r\ndata:\r\n\r\n" + Answer.done).utf8)
        for _ in 0..<10 {
            let cuts = random.pieces(of: bytes)
            let server = ByteServer { _ in Answer.chunked(cuts) }
            defer { server.stop() }
            let told = Told()
            #expect(await chat(server.url, told) == nil)
            #expect(told.events == ["session s-1", "delta 日本\n", "done s-1"])
        }
    }

    @Test func `two streams have two ids`() async {
        let server = ByteServer { _ in Answer.stream(Answer.session + Answer.done) }
        defer { server.stop() }
        let told = Told()
        _ = await chat(server.url, told)
        _ = await chat(server.url, told)
        #expect(Set(told.envelopes.map(\.streamID)).count == 2)
    }

    @Test func `an error inside a stream is an answer`() async {
        let server = ByteServer { _ in
            Answer.stream(Answer.session + "event: error\ndata: {\"code\":\"cancelled\",\"message\":\"stopped\"}\n\n")
        }
        defer { server.stop() }
        let told = Told()
        #expect(await chat(server.url, told) == nil)
        #expect(told.events == ["session s-1", "error stopped"])
        guard case .error(let report)? = told.envelopes.last?.event else { return }
        #expect(report.code == "cancelled")
    }

    @Test func `after the terminal event the connection is closed`() async {
        let server = ByteServer { _ in
            Answer.chunked([Array((Answer.session + Answer.done).utf8)], isWhole: false) + [.hold]
        }
        defer { server.stop() }
        #expect(await chat(server.url) == nil)
        #expect(await eventually { server.clientsThatLeft == 1 })
    }

    @Test(arguments: [
        ("application/json", "{}"), ("text/plain", Answer.session + Answer.done), ("text/event-streams", Answer.done),
    ])
    func `200 of another type is a violation`(type: String, body: String) async {
        let server = ByteServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nConnection: close\r\n\r\n\(body)")]
        }
        defer { server.stop() }
        let told = Told()
        #expect(await chat(server.url, told)?.code == .streamViolated)
        #expect(told.events.isEmpty)
    }

    @Test(arguments: ["text/event-stream; charset=utf-8", "TEXT/Event-Stream"])
    func `the type may have parameters and capitals`(type: String) async {
        let server = ByteServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\r\n" + Answer.session + Answer.done)]
        }
        defer { server.stop() }
        #expect(await chat(server.url) == nil)
    }

    @Test(arguments: [
        ("no terminal event", Answer.session + "data: x\n\n", ["session s-1", "delta x"]),
        ("nothing at all", "", []),
        ("bad JSON", Answer.session + "event: done\ndata: {\n\n" + Answer.done, ["session s-1"]),
        ("no session first", "data: x\n\n" + Answer.done, []),
    ])
    func `violations are thrown after the events before them`(what: String, body: String, events: [String]) async {
        let server = ByteServer { _ in Answer.stream(body) }
        defer { server.stop() }
        let told = Told()
        #expect(await chat(server.url, told)?.code == .streamViolated, "\(what)")
        #expect(told.events == events)
    }

    @Test func `a clean end of a chunked body is one, too`() async {
        let server = ByteServer { _ in Answer.chunked([Array(Answer.session.utf8)]) }
        defer { server.stop() }
        #expect(await chat(server.url)?.code == .streamViolated)
    }

    @Test func `an event over the limit ends the stream`() async {
        let server = ByteServer { _ in
            Answer.chunked([Array((Answer.session + "data: " + String(repeating: "x", count: 500)).utf8)]) + [.hold]
        }
        defer { server.stop() }
        var limits = HTTPAdapter.Limits()
        limits.event = 100
        #expect(await chat(server.url, Told(), HTTPAdapter(limits: limits))?.code == .streamViolated)
    }

    @Test func `a reset inside a stream is the network's fault`() async {
        let told = Told()
        let server = ByteServer { _ in
            Answer.chunked([Array(Answer.session.utf8)], isWhole: false) + [.pause(.milliseconds(100)), .reset]
        }
        defer { server.stop() }
        #expect(await chat(server.url, told)?.code == .networkUnavailable)
        #expect(told.events == ["session s-1"])
    }

    @Test func `a chunked body that breaks off is the network's fault`() async {
        let server = ByteServer { _ in Answer.chunked([Array(Answer.session.utf8)], isWhole: false) }
        defer { server.stop() }
        #expect(await chat(server.url)?.code == .networkUnavailable)
    }

    @Test func `a stream that falls silent is given up, and one that keeps alive is not`() async {
        var limits = HTTPAdapter.Limits()
        limits.streamIdle = .milliseconds(400)
        let adapter = HTTPAdapter(limits: limits)
        let silent = ByteServer { _ in Answer.chunked([Array(Answer.session.utf8)], isWhole: false) + [.hold] }
        defer { silent.stop() }
        let told = Told()
        let error = await chat(silent.url, told, adapter)
        #expect(error?.code == .networkUnavailable)
        #expect(error?.message.contains("nothing came") == true)
        #expect(told.events == ["session s-1"])
        let alive = ByteServer { _ in
            let pauses = (0..<6).flatMap { _ in
                [ByteServer.Step.send("d\r\n: keepalive\n\n\r\n"), .pause(.milliseconds(100))]
            }
            return Answer.chunked([Array(Answer.session.utf8)], isWhole: false) + pauses
                + [.send("\(String(Answer.done.utf8.count, radix: 16))\r\n\(Answer.done)\r\n0\r\n\r\n")]
        }
        defer { alive.stop() }
        #expect(await chat(alive.url, Told(), adapter) == nil)
    }

    @Test func `a task that is cancelled closes its connection at once`() async throws {
        let server = ByteServer { request in
            request.line == "GET /api/health"
                ? [.hold] : Answer.chunked([Array(Answer.session.utf8)], isWhole: false) + [.hold]
        }
        defer { server.stop() }
        let told = Told()
        let stream = Task { await self.chat(server.url, told) }
        let whole = Task {
            await failure { () throws(RuntimeClientError) in try await HTTPAdapter().health(server.url) }
        }
        #expect(await eventually { told.events == ["session s-1"] && server.requests.count == 2 })
        stream.cancel()
        whole.cancel()
        #expect(await stream.value?.isCancellation == true)
        #expect(await whole.value?.isCancellation == true)
        #expect(await eventually { server.clientsThatLeft == 2 })
    }

    @Test func `a task that was cancelled before asks nothing`() async {
        let server = ByteServer { _ in Answer.json("{}") }
        defer { server.stop() }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await self.chat(server.url)
        }
        #expect(await task.value?.isCancellation == true)
        #expect(server.requests.isEmpty)
    }

    @Test func `the form with onError tells its failure once`() async {
        let server = ByteServer { _ in Answer.stream(Answer.session) }
        defer { server.stop() }
        let told = Told()
        let errors = Mutex<[RuntimeClientError]>([])
        await HTTPAdapter().chatStream(server.url, ChatRequest(message: "hi")) {
            told.add($0)
        } onError: { error in
            errors.withLock { $0.append(error) }
        }
        #expect(told.events == ["session s-1"])
        #expect(errors.withLock { $0 }.map(\.code) == [.streamViolated])
    }

    @Test func `many requests run side by side, and too many fail at once`() async {
        let release = Atomic(false)
        let server = ByteServer { _ in
            while !release.load(ordering: .sequentiallyConsistent) { usleep(2000) }
            return Answer.stream(Answer.session + Answer.done)
        }
        defer { server.stop() }
        var limits = HTTPAdapter.Limits()
        limits.requests = 20
        let adapter = HTTPAdapter(limits: limits)
        await withTaskGroup(of: RuntimeClientError?.self) { group in
            for _ in 0..<20 { group.addTask { await self.chat(server.url, Told(), adapter) } }
            #expect(await eventually { server.requests.count == 20 })
            // Threads of the pool are free, however many wait.
            #expect(await self.chat(server.url, Told(), adapter)?.code == .unknown)
            release.store(true, ordering: .sequentiallyConsistent)
            for await error in group { #expect(error == nil) }
        }
        #expect(await chat(server.url, Told(), adapter) == nil)
    }
}
