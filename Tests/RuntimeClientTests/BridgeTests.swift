import Bytes
import Glibc
import Models
import Synchronization
import Testing

@testable import RuntimeClient

/// A bridge played by the test: what the adapter sends is read, and what it gets is written.
private final class FarEnd: Sendable {
    let transport: DescriptorTransport
    let adapter: BridgeAdapter

    init(answerLimit: Duration = .seconds(30)) {
        let (near, far) = FarEnd.pair()
        transport = far
        adapter = BridgeAdapter(over: near, answerLimit: answerLimit)
    }

    static func pair() -> (DescriptorTransport, DescriptorTransport) {
        var ends: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0, "a pair of sockets can be had")
        let transports = ends.map { DescriptorTransport(input: $0, output: $0, ownsDescriptors: true) }
        return (transports[0], transports[1])
    }

    /// The next frame, off the cooperative pool.
    func hear() async -> JSON {
        await withCheckedContinuation { continuation in
            let transport = transport
            Thread.start {
                let frame = (try? transport.read()).flatMap { $0 }
                continuation.resume(returning: frame.flatMap { try? JSON(parsing: $0) } ?? .null)
            }
        }
    }

    func say(_ text: String) { try? transport.write(Array(text.utf8)) }

    func push(_ stream: JSON?, _ event: String, _ data: JSON) {
        let payload: JSON = ["stream_id": stream ?? .null, "event": .string(event), "data": data]
        say((["channel": "chaos://chat-event", "payload": payload] as JSON).text)
    }
}

/// The asking side, with the answering side played by hand (§6.5).
@Suite struct BridgeAdapterTests {
    @Test func `a dialogue`() async throws {
        let far = FarEnd()
        #expect(far.adapter.source.rawValue == "tauri")
        async let session = far.adapter.session("http://x", "s/1")
        let call = await far.hear()
        #expect(call == ["id": 1, "command": "get_session", "args": ["baseUrl": "http://x", "sessionId": "s/1"]])
        far.say(#"{"id":99,"result":{}}"#)
        far.say("something that is no frame")
        far.say(#"{"id":1,"result":\#(Answer.chatSession)}"#)
        #expect(try await session.id == "s-1")
        async let deleted: Void = far.adapter.deleteSession("http://x", "s-1")
        _ = await far.hear()
        far.say(#"{"id":2,"result":null}"#)
        try await deleted
    }

    @Test func `every command has its name and its arguments`() async {
        let far = FarEnd()
        let adapter = far.adapter
        let change = ConfigChange(raw: "{}")
        let calls: [(@Sendable () async throws(RuntimeClientError) -> Void, String, JSON)] = [
            ({ () async throws(RuntimeClientError) in _ = try await adapter.health("b") }, "health", ["baseUrl": "b"]),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.listSessions("b") }, "list_sessions",
                ["baseUrl": "b"]
            ),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.createSession("b") }, "create_session",
                ["baseUrl": "b"]
            ),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.config("b") }, "get_config",
                ["baseUrl": "b"]
            ),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.applyConfig("b", change) },
                "apply_config",
                ["baseUrl": "b", "request": ["raw": "{}"]]
            ),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.resetConfig("b") }, "reset_config",
                ["baseUrl": "b"]
            ),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.restartConfig("b", nil) },
                "restart_config",
                ["baseUrl": "b"]
            ),
            (
                { () async throws(RuntimeClientError) in _ = try await adapter.restartConfig("b", change) },
                "restart_config", ["baseUrl": "b", "request": ["raw": "{}"]]
            ),
        ]
        for (call, name, arguments) in calls {
            async let error = failure(call)
            let frame = await far.hear()
            #expect(frame["command"] == .string(name))
            #expect(frame["args"] == arguments)
            // Results that are not what was asked for.
            far.say((["id": frame["id"] ?? .null, "result": "?"] as JSON).text)
            #expect(await error?.code == .unknown)
        }
    }

    @Test(arguments: RuntimeClientError.Code.allCases)
    func `a rejection with one of the eight codes is kept`(code: RuntimeClientError.Code) async {
        let far = FarEnd()
        let adapter = far.adapter
        async let error = failure { () throws(RuntimeClientError) in try await adapter.health("b") }
        _ = await far.hear()
        far.say(#"{"id":1,"error":{"code":"\#(code.rawValue)","message":"m","server_code":"inner"}}"#)
        #expect(await error == RuntimeClientError(code, "m", serverCode: "inner"))
        // A stream's, too.
        async let streamed = failure { () throws(RuntimeClientError) in
            try await adapter.chatStream("b", ChatRequest(message: "hi")) { _ in }
        }
        _ = await far.hear()
        far.say(#"{"id":2,"error":{"code":"\#(code.rawValue)","message":"m"}}"#)
        #expect(await streamed == RuntimeClientError(code, "m"))
    }

    @Test(arguments: [
        (#"{"id":1,"error":{"code":"E_PANIC","message":"m"}}"#, "E_PANIC: m"), (#"{"id":1,"error":"panic"}"#, "panic"),
        (#"{"id":1,"error":{}}"#, "{}"), (#"{"id":1}"#, "the answer has neither result nor error"),
        (#"{"id":1,"error":null}"#, "the answer has neither result nor error"),
    ])
    func `any other rejection is a failure of the bridge`(frame: String, message: String) async {
        let far = FarEnd()
        let adapter = far.adapter
        async let error = failure { () throws(RuntimeClientError) in try await adapter.health("b") }
        _ = await far.hear()
        far.say(frame)
        #expect(await error == RuntimeClientError(.bridgeFailed, message))
    }

    @Test func `a bridge that ends fails what is under way, and what comes later`() async {
        let far = FarEnd()
        let adapter = far.adapter
        async let error = failure { () throws(RuntimeClientError) in try await adapter.health("b") }
        async let streamed = failure { () throws(RuntimeClientError) in
            try await adapter.chatStream("b", ChatRequest(message: "hi")) { _ in }
        }
        _ = await far.hear()
        _ = await far.hear()
        far.transport.close()
        #expect(await error?.code == .bridgeFailed)
        #expect(await streamed?.code == .bridgeFailed)
        let later = await failure { () throws(RuntimeClientError) in try await adapter.health("b") }
        #expect(later?.code == .bridgeFailed)
    }

    @Test func `an answer that never comes is given up`() async {
        let far = FarEnd(answerLimit: .milliseconds(50))
        let error = await failure { () throws(RuntimeClientError) in try await far.adapter.health("b") }
        #expect(error?.code == .bridgeFailed)
    }

    // MARK: - Streams

    private func stream(_ far: FarEnd, _ told: Told) -> Task<RuntimeClientError?, Never> {
        let adapter = far.adapter
        return Task {
            await failure { () throws(RuntimeClientError) in
                try await adapter.chatStream("b", ChatRequest(message: "hi", sessionID: "s")) { told.add($0) }
            }
        }
    }

    @Test func `a stream hears its own events and nobody else's, and is over with the terminal one`() async {
        let far = FarEnd()
        let told = Told()
        let stream = stream(far, told)
        let call = await far.hear()
        let id = call["args"]?["streamId"]
        #expect(call["command"] == "chat_stream")
        #expect(call["args"]?["request"] == ["message": "hi", "session_id": "s"])
        far.push("another", "delta", "not mine")
        far.push(nil, "delta", "nobody's")
        far.push(id, "session", ["session_id": "s"])
        far.push(id, "delta", " \n")
        far.push(id, "tool_start", ["x": 1])
        far.push(id, "done", ["session_id": "s", "extra": 1])
        // Without waiting for its return.
        #expect(await stream.value == nil)
        #expect(told.events == ["session s", "delta  \n", "done s"])
        #expect(told.envelopes.last?.event.data["extra"] == 1)
        #expect(told.envelopes.allSatisfy { JSON.string($0.streamID) == id })
        far.say(#"{"id":1,"result":null}"#)
    }

    @Test func `events may come after the return, for a moment`() async {
        let far = FarEnd()
        let told = Told()
        let stream = stream(far, told)
        let id = await far.hear()["args"]?["streamId"]
        far.push(id, "session", ["session_id": "s"])
        far.say(#"{"id":1,"result":null}"#)
        far.push(id, "error", ["message": "m"])
        #expect(await stream.value == nil)
        #expect(told.events == ["session s", "error m"])
    }

    @Test func `a return without a terminal event is a violation`() async {
        let far = FarEnd()
        let stream = stream(far, Told())
        let id = await far.hear()["args"]?["streamId"]
        far.push(id, "session", ["session_id": "s"])
        far.say(#"{"id":1,"result":null}"#)
        #expect(await stream.value?.code == .streamViolated)
    }

    @Test(arguments: [("delta", #"{"x":1}"#), ("done", "{}"), ("session", #""s""#), ("error", "null")])
    func `an event of the wrong shape is a violation`(event: String, data: String) async throws {
        let far = FarEnd()
        let stream = stream(far, Told())
        let id = await far.hear()["args"]?["streamId"]
        far.push(id, event, try JSON(parsing: data))
        #expect(await stream.value?.code == .streamViolated)
    }

    @Test func `a stream whose task is cancelled is over, and the other side hears of it`() async {
        let far = FarEnd()
        let stream = stream(far, Told())
        let call = await far.hear()
        stream.cancel()
        #expect(await stream.value?.isCancellation == true)
        let order = await far.hear()
        #expect(order["command"] == "cancel_stream")
        #expect(order["args"]?["streamId"] == call["args"]?["streamId"])
    }
}

/// The answering side, asked by hand, with a real HTTP server behind it.
@Suite struct BridgeServerTests {
    private final class Bridge: Sendable {
        let near: DescriptorTransport
        let isOver = Atomic(false)

        init(_ adapter: any RuntimeAdapter = HTTPAdapter(), base: String? = nil) {
            let (near, far) = FarEnd.pair()
            self.near = near
            Thread.start { [self] in
                BridgeServer(adapter, over: far, defaultBaseURL: base).run()
                far.close()
                isOver.store(true, ordering: .sequentiallyConsistent)
            }
        }

        func ask(_ frame: String) { try? near.write(Array(frame.utf8)) }

        func hear() async -> JSON {
            await withCheckedContinuation { continuation in
                Thread.start { [near] in
                    let frame = (try? near.read()).flatMap { $0 }
                    continuation.resume(returning: frame.flatMap { try? JSON(parsing: $0) } ?? .null)
                }
            }
        }
    }

    private static let server: @Sendable (ByteServer.Request) -> [ByteServer.Step] = { request in
        switch request.line {
        case "GET /api/health": return Answer.json(#"{"status":"ok","now":"2026-01-05T10:00:00Z","version":"9"}"#)
        case "GET /api/sessions/gone":
            return Answer.json(#"{"code":"not_found","message":"no such session"}"#, status: "404 Not Found")
        case "DELETE /api/sessions/s-1": return [.send("HTTP/1.1 204 No Content\r\n\r\n")]
        case "POST /api/config/apply":
            return Answer.json(
                #"{"code":"invalid_request","message":"one of raw and config"}"#, status: "400 Bad Request")
        case "POST /api/chat" where request.body.contains("hang"):
            return Answer.chunked([Array(Answer.session.utf8)], isWhole: false) + [.hold]
        case "POST /api/chat": return Answer.stream(Answer.session + "data: a\ndata:  b\n\n" + Answer.done)
        default: return Answer.json("[]")
        }
    }

    @Test func `a dialogue`() async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let bridge = Bridge()
        bridge.ask(#"{"id":"a","command":"health","args":{"baseUrl":"\#(server.url)/"}}"#)
        #expect(
            await bridge.hear()
                == ["id": "a", "result": ["status": "ok", "now": "2026-01-05T10:00:00Z", "version": "9"]])
        bridge.ask(#"{"id":7,"command":"delete_session","args":{"base_url":"\#(server.url)","session_id":"s-1"}}"#)
        #expect(await bridge.hear() == ["id": 7, "result": nil])
        bridge.ask(#"{"id":8,"command":"get_session","args":{"baseUrl":"\#(server.url)","sessionId":"gone"}}"#)
        #expect(
            await bridge.hear() == [
                "id": 8,
                "error": [
                    "code": "HTTP_NOT_FOUND", "message": "no such session", "server_code": "not_found", "status": 404,
                ],
            ])
        // What the server is to judge reaches the server.
        for request in ["{}", #"{"raw":"{}","config":{}}"#] {
            bridge.ask(
                #"{"id":9,"command":"apply_config","args":{"baseUrl":"\#(server.url)","request":\#(request)}}"#)
            #expect(await bridge.hear()["error"]?["code"] == "HTTP_BAD_REQUEST")
        }
    }

    @Test func `a stream is pushed before its call returns`() async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let bridge = Bridge(base: server.url)
        bridge.ask(
            #"{"id":1,"command":"chat_stream","args":{"request":{"message":"x","session_id":null},"streamId":"u"}}"#)
        func push(_ event: JSON, _ data: JSON) -> JSON {
            ["channel": "chaos://chat-event", "payload": ["stream_id": "u", "event": event, "data": data]]
        }
        #expect(await bridge.hear() == push("session", ["session_id": "s-1"]))
        #expect(await bridge.hear() == push("delta", "a\n b"))
        #expect(
            await bridge.hear() == push("done", ["session_id": "s-1", "usage": nil, "finish_reason": "stop"]))
        #expect(await bridge.hear() == ["id": 1, "result": nil])
        #expect(server.requests.map(\.body) == [#"{"message":"x"}"#])
    }

    @Test(arguments: [
        ("nonsense", JSON.null), ("[1]", .null), ("7", .null), (#"{"id":3}"#, 3), (#"{"id":3,"command":7}"#, 3),
        (#"{"id":"x","command":"nosuch","args":{}}"#, "x"), (#"{"id":3,"command":"health"}"#, 3),
        (#"{"id":3,"command":"health","args":{"baseUrl":7}}"#, 3),
        (#"{"id":3,"command":"get_session","args":{"baseUrl":"http://x"}}"#, 3),
        (#"{"id":3,"command":"chat_stream","args":{"baseUrl":"http://x","request":{"message":"m"}}}"#, 3),
        (#"{"id":3,"command":"chat_stream","args":{"baseUrl":"http://x","request":{},"streamId":"u"}}"#, 3),
        (
            #"{"id":3,"command":"chat_stream","args":{"baseUrl":"http://x","request":{"message":"m","session_id":1},"streamId":"u"}}"#,
            3
        ),
        (#"{"id":3,"command":"apply_config","args":{"baseUrl":"http://x"}}"#, 3),
        (#"{"id":3,"command":"apply_config","args":{"baseUrl":"http://x","request":{"raw":7}}}"#, 3),
    ])
    func `what is malformed is answered, and the bridge goes on`(frame: String, id: JSON) async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let bridge = Bridge()
        bridge.ask(frame)
        let answer = await bridge.hear()
        #expect(answer["id"] == id)
        #expect(answer["error"]?["code"] == "TAURI_INVOKE_FAILED")
        #expect(answer["error"]?["message"]?.string?.isEmpty == false)
        bridge.ask(#"{"id":4,"command":"health","args":{"baseUrl":"\#(server.url)"}}"#)
        #expect(await bridge.hear()["result"]?["status"] == "ok")
    }

    @Test func `a frame that is too long is answered, and the bridge goes on`() async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let bridge = Bridge(base: server.url)
        bridge.ask(String(repeating: "x", count: DescriptorTransport.frameLimit + 1))
        #expect(await bridge.hear()["error"]?["code"] == "TAURI_INVOKE_FAILED")
        bridge.ask(#"{"id":4,"command":"health"}"#)
        #expect(await bridge.hear()["result"]?["status"] == "ok")
    }

    @Test func `calls run side by side, and what is cancelled ends`() async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let bridge = Bridge(base: server.url)
        bridge.ask(#"{"id":1,"command":"chat_stream","args":{"request":{"message":"hang"},"streamId":"u"}}"#)
        #expect(await bridge.hear()["payload"]?["event"] == "session")
        bridge.ask(#"{"id":2,"command":"health"}"#)
        #expect(await bridge.hear()["id"] == 2)
        bridge.ask(#"{"id":3,"command":"chat_stream","args":{"request":{"message":"x"},"streamId":"u"}}"#)
        #expect(await bridge.hear()["error"]?["code"] == "TAURI_INVOKE_FAILED")
        bridge.ask(#"{"id":4,"command":"cancel_stream","args":{"streamId":"u"}}"#)
        let answers = [await bridge.hear(), await bridge.hear()]
        #expect(answers.contains(["id": 4, "result": nil]))
        #expect(answers.contains { $0["id"] == 1 && $0["error"]?["server_code"] == "cancelled" })
        #expect(await eventually { server.clientsThatLeft == 1 })
    }

    @Test func `when the input ends, what was asked is answered first`() async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        var requests: [Int32] = [-1, -1]
        var answers: [Int32] = [-1, -1]
        precondition(pipe(&requests) == 0 && pipe(&answers) == 0, "pipes can be had")
        let frame = Array(#"{"id":1,"command":"health","args":{"baseUrl":"\#(server.url)"}}"#.utf8)
        #expect(write(requests[1], frame, frame.count) == frame.count)
        close(requests[1])
        let transport = DescriptorTransport(input: requests[0], output: answers[1], ownsDescriptors: true)
        let isOver = Atomic(false)
        Thread.start {
            BridgeServer(HTTPAdapter(), over: transport).run()
            isOver.store(true, ordering: .sequentiallyConsistent)
        }
        #expect(await eventually { isOver.load(ordering: .sequentiallyConsistent) })
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(answers[0], &buffer, buffer.count)
        close(answers[0])
        #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self).hasPrefix(#"{"id":1,"result""#))
    }

    @Test func `when the other side is gone, nothing is waited for`() async {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let bridge = Bridge(base: server.url)
        bridge.ask(#"{"id":1,"command":"chat_stream","args":{"request":{"message":"hang"},"streamId":"u"}}"#)
        #expect(await bridge.hear()["payload"]?["event"] == "session")
        bridge.near.close()
        #expect(await eventually { bridge.isOver.load(ordering: .sequentiallyConsistent) })
        #expect(await eventually { server.clientsThatLeft == 1 })
    }

    // MARK: - Both ways

    @Test func `both sides together give what HTTP alone gives`() async throws {
        let server = ByteServer(Self.server)
        defer { server.stop() }
        let (near, far) = FarEnd.pair()
        Thread.start { BridgeServer(HTTPAdapter(), over: far).run() }
        let adapter = BridgeAdapter(over: near)
        defer { adapter.close() }
        #expect(try await adapter.health(server.url) == (try await HTTPAdapter().health(server.url)))
        #expect(try await adapter.listSessions(server.url).isEmpty)
        let told = Told()
        try await adapter.chatStream(server.url, ChatRequest(message: "x")) { told.add($0) }
        #expect(told.events == ["session s-1", "delta a\n b", "done s-1"])
        let error = await failure { () throws(RuntimeClientError) in try await adapter.session(server.url, "gone") }
        #expect(error == RuntimeClientError(.notFound, "no such session", serverCode: "not_found", status: 404))
        let unreachable = await failure { () throws(RuntimeClientError) in
            try await adapter.chatStream("http://nosuch.invalid", ChatRequest(message: "x")) { _ in }
        }
        #expect(unreachable?.code == .networkUnavailable)
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let told = Told()
                    try? await adapter.chatStream(server.url, ChatRequest(message: "x")) { told.add($0) }
                    return told.events.count
                }
            }
            for await count in group { #expect(count == 3) }
        }
    }

    @Test func `a child's standard input and output are a bridge`() async {
        // The child answers every line with the same frame.
        let transport = try? ChildTransport(
            program: "/bin/sh",
            arguments: [
                "-c",
                #"while read -r line; do echo '{"id":1,"result":{"status":"ok","now":"2026-01-05T10:00:00Z"}}'; done"#,
            ],
            environment: ["PATH=/usr/bin:/bin"])
        guard let transport else {
            Issue.record("a shell can be started")
            return
        }
        let adapter = BridgeAdapter(over: transport)
        defer { adapter.close() }
        let error = await failure { () throws(RuntimeClientError) in try await adapter.health("http://x") }
        #expect(error == nil)
    }

    @Test func `a program that is not there cannot be a bridge`() {
        #expect(throws: FrameTransportError.self) {
            try ChildTransport(program: "/nonexistent/bridge", arguments: [], environment: [])
        }
        #expect(throws: FrameTransportError.self) { try DescriptorTransport.connect(to: "/nonexistent/socket") }
        #expect(throws: FrameTransportError.self) {
            try DescriptorTransport.connect(to: "/" + String(repeating: "x", count: 200))
        }
    }
}
