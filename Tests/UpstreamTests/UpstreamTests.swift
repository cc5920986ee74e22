import CCurl
import Glibc
import Models
import Reactor
import Synchronization
import Testing

@testable import Upstream

private let whole =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 5\r\nX-Two:  a \r\nX-Two: b\r\n\r\nhello"

// One after another: one of them changes the environment.
@Suite(.serialized) struct UpstreamTests {
    @Test func `a request arrives as it is, and so does its answer`() async throws {
        let seen = Mutex<ScriptedServer.Request?>(nil)
        let server = ScriptedServer { connection, request in
            seen.withLock { $0 = request }
            connection.write(whole)
            return true
        }
        defer { server.close() }
        let body = String(repeating: "ä", count: 1_500_000)
        let answer = await send(
            request(
                server.url + "/v1/x?y=z", headers: [(name: "x-key", value: "k"), (name: "x-empty", value: "")],
                body: body))
        #expect(answer.order == "hbe")
        #expect(answer.status == 200)
        #expect(answer.headers == ["content-type: text/event-stream", "content-length: 5", "x-two: a", "x-two: b"])
        #expect(answer.body == "hello")
        #expect(answer.failure == nil)
        let request = try #require(seen.withLock { $0 })
        #expect(request.line == "POST /v1/x?y=z HTTP/1.1")
        #expect(request.header("x-key") == "k")
        #expect(request.header("x-empty") == "")
        #expect(request.body == Array(body.utf8))
        // Neither a question before a large body, nor compression that nothing here undoes.
        #expect(request.header("expect") == nil)
        #expect(request.header("accept-encoding") == nil)
    }

    @Test func `a body comes as it is sent, and not at its end`() async {
        let gate = Gate()
        let server = ScriptedServer { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in ["one", "two", "three"] {
                connection.chunk(piece)
                guard gate.wait() else { return false }
            }
            connection.write("0\r\n\r\n")
            return false
        }
        defer { server.close() }
        let answer = await send(request(server.url)) { _ in gate.open() }
        #expect(answer.body == "onetwothree")
        #expect(answer.order == "hbbbe")
        #expect(answer.failure == nil)
    }

    @Test func `a large body comes whole`() async {
        let text = String(repeating: "0123456789abcdef", count: 1 << 16)
        let server = ScriptedServer { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n" + text)
            return false
        }
        defer { server.close() }
        let answer = await send(request(server.url))
        #expect(answer.body == text)
        #expect(answer.failure == nil)
    }

    @Test(arguments: [
        ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow", 429, "slow"),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, ""),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            200, "a"
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: 1\r\n\r\n", 200, "a"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
    ])
    func `an answer is told as it is`(text: String, status: Int, body: String) async {
        let server = ScriptedServer { connection, _ in
            connection.write(text)
            return false
        }
        defer { server.close() }
        let answer = await send(request(server.url))
        #expect(answer.status == status)
        #expect(answer.body == body)
        #expect(answer.failure == nil)
        #expect(answer.headers.contains("retry-after: 7") == (status == 429))
        #expect(!answer.headers.contains { $0.hasPrefix("link") || $0.hasPrefix("x-late") })
    }

    @Test(arguments: [
        ("", false, "e"), ("", true, "e"), ("HTTP/1.1 200 OK\r\nContent-Len", false, "e"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", false, "hbe"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false, "hbe"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", false, "hbe"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", false, "he"),
    ])
    func `an answer that is cut off is broken`(text: String, isReset: Bool, order: String) async {
        let server = ScriptedServer { connection, _ in
            connection.write(text)
            if isReset { connection.reset() }
            return false
        }
        defer { server.close() }
        let answer = await send(request(server.url))
        #expect(answer.order == order)
        guard case .broken(let reason)? = answer.failure else {
            Issue.record("\(answer)")
            return
        }
        #expect(reason.contains("127.0.0.1:\(server.port)"))
    }

    @Test func `a head without end is refused`() async {
        let server = ScriptedServer { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\n")
            for index in 0..<100 { connection.write("X-\(index): \(String(repeating: "a", count: 1000))\r\n") }
            connection.write("Content-Length: 0\r\n\r\n")
            return false
        }
        defer { server.close() }
        let answer = await send(request(server.url))
        #expect(answer.failure == .broken(reason: "127.0.0.1:\(server.port) sent headers of more than 65536 bytes"))
        #expect(answer.order == "e")
    }

    // MARK: - Time

    @Test func `a server that does not answer is given up`() async {
        let server = ScriptedServer { connection, _ in
            _ = connection.waitForClose()
            return false
        }
        defer { server.close() }
        let answer = await send(
            request(server.url), timeouts: UpstreamTimeouts(connect: 5000, firstByte: 50, idle: 5000))
        #expect(answer.failure == .timedOut(phase: "waiting for the first byte from 127.0.0.1:\(server.port)"))
        #expect(answer.order == "e")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    ])
    func `a server that falls silent is given up`(text: String) async {
        let server = ScriptedServer { connection, _ in
            connection.write(text)
            _ = connection.waitForClose()
            return false
        }
        defer { server.close() }
        let answer = await send(
            request(server.url), timeouts: UpstreamTimeouts(connect: 5000, firstByte: 9000, idle: 50))
        #expect(answer.failure == .timedOut(phase: "waiting for more from 127.0.0.1:\(server.port)"))
        #expect(answer.status == 200)
    }

    @Test func `a server that goes on slowly is not given up`() async {
        let server = ScriptedServer { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")
            // Together longer than the time-out, which is for each.
            for _ in 0..<12 {
                usleep(50_000)
                connection.write("a")
            }
            return false
        }
        defer { server.close() }
        let answer = await send(
            request(server.url), timeouts: UpstreamTimeouts(connect: 5000, firstByte: 400, idle: 400))
        #expect(answer.body == "aaaaaaaaaaaa")
        #expect(answer.failure == nil)
    }

    @Test func `a connection that does not come about is given up`() async {
        // It accepts, and then says nothing of TLS.
        let server = ScriptedServer { connection, _ in connection.waitForClose() }
        defer { server.close() }
        let answer = await send(
            request("https://127.0.0.1:\(server.port)/"),
            timeouts: UpstreamTimeouts(connect: 100, firstByte: 5000, idle: 5000))
        #expect(answer.failure == .timedOut(phase: "connecting to 127.0.0.1:\(server.port)"))
    }

    // MARK: - Not reached

    @Test func `a port that nobody listens on is named`() async {
        let server = ScriptedServer { _, _ in false }
        server.close()
        // Until the thread of the server has seen that it is closed.
        var answer = await send(request(server.url))
        while answer.failure != .unreachable(reason: "cannot connect to 127.0.0.1:\(server.port): Connection refused"),
            case .broken? = answer.failure
        {
            answer = await send(request(server.url))
        }
        #expect(
            answer.failure == .unreachable(reason: "cannot connect to 127.0.0.1:\(server.port): Connection refused"))
    }

    @Test func `a name that nobody has is named, and nothing else of the address`() async {
        let answer = await send(request("http://user:secret@nowhere.invalid/?key=secret"))
        #expect(answer.failure == .unreachable(reason: "the name of nowhere.invalid cannot be resolved"))
    }

    @Test(arguments: ["", "nonsense", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://[::1"])
    func `what is no address of a provider is refused`(url: String) async {
        let answer = await send(request(url))
        guard case .unreachable? = answer.failure else {
            Issue.record("\(answer)")
            return
        }
        #expect(answer.order == "e")
    }

    @Test func `a key with a line end does not become a header`() async {
        let server = ScriptedServer { _, _ in false }
        defer { server.close() }
        let answer = await send(request(server.url, headers: [(name: "x-key", value: "secret\r\nx-other: 1")]))
        guard case .unreachable(let reason)? = answer.failure else {
            Issue.record("\(answer)")
            return
        }
        #expect(!reason.contains("secret"))
        #expect(server.connections == 0)
    }

    @Test func `names are resolved beside the loop`() {
        #expect(drover_curl_load() != 0)
        #expect(drover_resolves_asynchronously() != 0)
    }

    @Test func `what a proxy says is told without its password`() async {
        let asked = Mutex("")
        let proxy = ScriptedServer { connection, request in
            asked.withLock { $0 = request.line }
            connection.write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return false
        }
        defer { proxy.close() }
        let environment = Environment(["https_proxy": "http://user:secret@127.0.0.1:\(proxy.port)"])
        defer { environment.restore() }
        let answer = await send(request("https://nowhere.invalid/"))
        #expect(asked.withLock { $0 } == "CONNECT nowhere.invalid:443 HTTP/1.1")
        #expect(answer.failure == .unreachable(reason: "the proxy on the way to nowhere.invalid answered 502"))
        #expect(answer.order == "e")
    }

    @Test func `certificates are verified, against those that the environment names`() async throws {
        let server = try #require(TLSServer())
        defer { server.close() }
        let get = UpstreamRequest(method: "GET", url: "https://127.0.0.1:\(server.port)/", headers: [], body: [])
        let system = Environment(["SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""])
        let refused = await send(get)
        system.restore()
        guard case .unreachable(let reason)? = refused.failure else {
            Issue.record("\(refused)")
            return
        }
        #expect(reason.hasPrefix("no secure connection to 127.0.0.1:\(server.port): "))
        #expect(reason.contains("certificate"))
        // The first of the two counts; neither may be left as it was, wherever the tests run.
        for (name, other) in [("SSL_CERT_FILE", "CURL_CA_BUNDLE"), ("CURL_CA_BUNDLE", "SSL_CERT_FILE")] {
            let environment = Environment([name: server.certificate, other: ""])
            defer { environment.restore() }
            let accepted = await send(get)
            #expect(accepted.status == 200)
            #expect(accepted.failure == nil)
            #expect(accepted.body.contains("TLS"))
        }
    }

    // MARK: - Several calls

    @Test func `a connection is used again`() async {
        let server = ScriptedServer { connection, _ in
            connection.write(whole)
            return true
        }
        defer { server.close() }
        let bodies: [String] = await onLoop { continuation in
            let client = UpstreamClient()
            let first = Transcript()
            let second = Transcript()
            first.onEnd = { client.send(request(server.url), receiver: second) }
            second.onEnd = {
                continuation.resume(returning: [first.answer.body, second.answer.body])
                client.close()
            }
            client.send(request(server.url), receiver: first)
        }
        #expect(bodies == ["hello", "hello"])
        #expect(server.connections == 1)
    }

    @Test func `64 calls at once are told apart`() async {
        let waiting = Atomic(0)
        let server = ScriptedServer { connection, request in
            // None is answered before all have arrived.
            waiting.add(1, ordering: .relaxed)
            for _ in 0..<10_000 where waiting.load(ordering: .relaxed) < 64 { usleep(1000) }
            let text = String(repeating: String(decoding: request.body, as: UTF8.self), count: 1000)
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in stride(from: 0, to: text.utf8.count, by: 777) {
                connection.chunk(String(text.dropFirst(piece).prefix(777)))
            }
            connection.write("0\r\n\r\n")
            return true
        }
        defer { server.close() }
        let answers: [UpstreamAnswer] = await onLoop { continuation in
            let client = UpstreamClient()
            let transcripts = (0..<64).map { _ in Transcript() }
            var left = 64
            for (index, transcript) in transcripts.enumerated() {
                transcript.onEnd = {
                    left -= 1
                    guard left == 0 else { return }
                    continuation.resume(returning: transcripts.map(\.answer))
                    client.close()
                }
                client.send(request(server.url, body: "<\(index)>"), receiver: transcript)
            }
        }
        for (index, answer) in answers.enumerated() {
            #expect(answer.body == String(repeating: "<\(index)>", count: 1000))
            #expect(answer.failure == nil)
        }
    }

    @Test func `one call too many fails at once`() async {
        let server = ScriptedServer { connection, _ in connection.waitForClose() }
        defer { server.close() }
        let answer: UpstreamAnswer = await onLoop { continuation in
            let client = UpstreamClient()
            for _ in 0..<UpstreamClient.callLimit { client.send(request(server.url), receiver: Transcript()) }
            let last = Transcript()
            last.onEnd = {
                continuation.resume(returning: last.answer)
                client.close()
            }
            client.send(request(server.url), receiver: last)
            #expect(last.order == "")
        }
        #expect(
            answer.failure
                == .unreachable(reason: "127.0.0.1:\(server.port) was not asked: 256 calls are under way already"))
    }

    // MARK: - Cancelling

    enum Moment: CaseIterable { case atOnce, withHead, withBytes, later }

    @Test(arguments: Moment.allCases)
    func `nothing is told after a call was cancelled`(moment: Moment) async {
        let isClosed = Gate()
        let server = ScriptedServer { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello")
            if connection.waitForClose() { isClosed.open() }
            return false
        }
        defer { server.close() }
        let order: String = await onLoop { continuation in
            let client = UpstreamClient()
            let transcript = Transcript()
            let call = client.send(request(server.url), receiver: transcript)
            @Loop func cancel() {
                call.cancel()
                call.cancel()
                // What would be told now comes before the answer to another call.
                let other = Transcript()
                other.onEnd = {
                    continuation.resume(returning: transcript.order)
                    client.close()
                }
                client.send(request("http://127.0.0.1:1/"), receiver: other)
            }
            switch moment {
            case .atOnce: cancel()
            case .withHead: transcript.onHead = cancel
            case .withBytes: transcript.onBytes = { _ in cancel() }
            case .later: transcript.onBytes = { _ in _ = LoopTimer(after: 5) { cancel() } }
            }
        }
        #expect(order == (moment == .atOnce ? "" : moment == .withHead ? "h" : "hb"))
        // The server sees it as well: nobody pays for words that nobody reads.
        if moment != .atOnce { #expect(isClosed.wait()) }
    }

    @Test func `closing the client cancels what is under way`() async {
        let isClosed = Gate()
        let isAsked = Atomic(false)
        let server = ScriptedServer { connection, _ in
            isAsked.store(true, ordering: .sequentiallyConsistent)
            if connection.waitForClose() { isClosed.open() }
            return false
        }
        defer { server.close() }
        let order: String = await onLoop { continuation in
            let client = UpstreamClient()
            let transcript = Transcript()
            client.send(request(server.url), receiver: transcript)
            // Until the request has arrived.
            @Loop func closeSoon() {
                guard isAsked.load(ordering: .sequentiallyConsistent) else {
                    _ = LoopTimer(after: 1) { closeSoon() }
                    return
                }
                client.close()
                client.close()
                let late = Transcript()
                late.onEnd = { continuation.resume(returning: transcript.order + late.order) }
                client.send(request(server.url), receiver: late)
            }
            closeSoon()
        }
        #expect(order == "e")
        #expect(isClosed.wait())
    }

    @Test func `a call holds its client's receiver, and lets go of it at its end`() async {
        let server = ScriptedServer { connection, _ in
            connection.write(whole)
            return true
        }
        defer { server.close() }
        let isGone: Bool = await onLoop { continuation in
            let client = UpstreamClient()
            weak var weakReceiver: Transcript?
            do {
                let transcript = Transcript()
                weakReceiver = transcript
                transcript.onEnd = {
                    _ = LoopTimer(after: 1) {
                        continuation.resume(returning: weakReceiver == nil)
                        client.close()
                    }
                }
                client.send(request(server.url), receiver: transcript)
            }
        }
        #expect(isGone)
    }
}

@Suite struct UpstreamHostTests {
    @Test(arguments: [
        ("https://api.openai.com/v1/chat", "api.openai.com"), ("http://127.0.0.1:80?x@y", "127.0.0.1:80"),
        ("http://user:p@ss@host:1/@x", "host:1"), ("http://[::1]:5/", "[::1]:5"), ("host/path", "host"),
        ("", "the provider"), ("https:///x", "the provider"),
    ])
    func `a server is named without what is secret`(url: String, name: String) {
        #expect(UpstreamHost.name(of: url) == name)
    }
}
