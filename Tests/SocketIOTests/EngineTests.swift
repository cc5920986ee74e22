import Bytes
import Testing

@testable import SocketIO

@Suite struct EngineHandshakeTests {
    @Test(arguments: [
        ("GET", "EIO=4", 0, "Transport unknown"),
        ("GET", "EIO=4&transport=abc", 0, "Transport unknown"),
        ("GET", "EIO=4&transport=polling&sid=abc", 1, "Session ID unknown"),
        ("GET", "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", 1, "Session ID unknown"),
        ("POST", "EIO=4&transport=polling", 2, "Bad handshake method"),
        ("PUT", "EIO=4&transport=polling", 2, "Bad handshake method"),
        ("GET", "EIO=4&transport=websocket", 3, "Bad request"),
        ("GET", "transport=polling", 5, "Unsupported protocol version"),
        ("GET", "EIO=3&transport=polling", 5, "Unsupported protocol version"),
    ])
    func `refuses a handshake with the code of its fault`(method: String, query: String, code: Int, message: String) {
        let (host, echo) = makeEcho()
        let answer = host.http(method, query)
        #expect(answer.status == 400)
        #expect(answer.body == #"{"code":\#(code),"message":"\#(message)"}"#)
        #expect(answer.header("Content-Type") == "application/json")
        #expect(echo.log.isEmpty)
    }

    @Test(arguments: [
        ("EIO=4&transport=abc", EngineRefusal.unknownTransport),
        ("EIO=3&transport=websocket", .unsupportedProtocolVersion),
        ("EIO=4&transport=websocket&sid=abc", .unknownSession),
        ("EIO=4&transport=polling", .badRequest),
    ])
    func `refuses a WebSocket with 400 and the words alone`(query: String, refusal: EngineRefusal) {
        let (host, _) = makeEcho()
        #expect(host.engine.refusal(ofWebSocket: host.request("GET", query)) == refusal)
        #expect(refusal.upgradeResponse.status == 400)
        #expect(refusal.upgradeResponse.body == Array(refusal.message.utf8))
    }

    @Test func `refuses an origin that is not allowed, on both transports`() {
        var options = EngineOptions()
        options.allowsOrigin = { $0 == "http://good" }
        let (host, _) = makeEcho(options)
        let bad = host.http("GET", "EIO=4&transport=polling", headers: [("origin", "http://bad")])
        #expect(bad.status == 403)
        #expect(bad.body == #"{"code":4,"message":"CORS origin not allowed"}"#)
        let upgrade = host.request("GET", "EIO=4&transport=websocket", headers: [("origin", "http://bad")])
        #expect(host.engine.refusal(ofWebSocket: upgrade) == .originNotAllowed)
        #expect(EngineRefusal.originNotAllowed.upgradeResponse.status == 400)

        let good = host.http("GET", "EIO=4&transport=polling", headers: [("origin", "http://good")])
        #expect(good.status == 200)
        #expect(good.header("Access-Control-Allow-Origin") == "http://good")
        #expect(host.http("GET", "EIO=4&transport=polling").status == 200)
        let preflight = host.http("OPTIONS", "EIO=4&transport=polling", headers: [("origin", "http://good")])
        #expect(preflight.status == 204)
    }

    @Test func `opens with what the client must know`() throws {
        let (host, echo) = makeEcho()
        let body = try #require(host.http("GET", "EIO=4&transport=polling").body)
        #expect(body.first == "0")
        let open = try JSON(parsing: String(body.dropFirst()))
        #expect(open.object?.keys == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"])
        #expect(open["sid"]?.string?.utf8.count == 20)
        #expect(open["upgrades"] == ["websocket"])
        #expect(open["pingInterval"] == 25000)
        #expect(open["pingTimeout"] == 20000)
        #expect(open["maxPayload"] == 1_000_000)

        let client = ScriptedClient(host)
        let first = try #require(client.taken().first)
        #expect(try JSON(parsing: String(first.dropFirst()))["upgrades"] == [])
        #expect(echo.log == ["opened", "opened"])
        #expect(host.engine.sessionCount == 2)
    }

    @Test func `keeps what the handshake said, or lets it go`() {
        let stage = Stage()
        var seen: [String?] = []
        stage.io.root.onConnection = { seen.append($0.handshake?.query("token")) }
        stage.io.root.on("again") { event in seen.append(event.socket.handshake?.header("cookie")) }
        let client = ScriptedClient(
            stage.host, "EIO=4&transport=websocket&token=t", headers: [("cookie", "c=1")])
        client.send("40")
        client.send(#"42["again"]"#)
        #expect(seen == ["t", "c=1"])
    }
}

@Suite struct EngineSessionTests {
    @Test func `echoes over WebSocket`() {
        let (host, echo) = makeEcho()
        let client = ScriptedClient(host)
        #expect(client.ask("4hello €") == ["4hello €"])
        _ = client.taken()
        client.send(binary: [1, 2, 3])
        #expect(client.taken() == ["<1,2,3>"])
        client.hangUp()
        #expect(echo.log == ["opened", "transport close"])
        #expect(host.engine.sessionCount == 0)
        #expect(host.engine.nextDeadline == nil)
    }

    @Test func `echoes over polling`() {
        let (host, _) = makeEcho()
        let client = PollingClient(host)
        let poll = client.get()
        #expect(poll.response == nil)
        #expect(client.post("4hello").body == "ok")
        #expect(poll.body == "4hello")
        #expect(poll.header("Content-Type") == "text/plain; charset=UTF-8")
        client.post("4one\u{1e}4two €\u{1e}bAQID")
        #expect(client.get().packets == ["4one", "4two €", "bAQID"])
    }

    @Test func `ends a session whose polls overlap`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let first = client.get()
        let second = client.get()
        #expect(first.status == 200)
        #expect(first.body == "1")
        #expect(second.status == 400)
        #expect(client.get().status == 400)
        #expect(echo.log == ["opened", "transport error"])
    }

    @Test func `ends a session whose posts overlap`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let first = Answer()
        let second = Answer()
        let request = host.request("POST", client.query)
        let post = host.engine.beginPost(request, at: host.now) { first.set($0) }
        #expect(post != nil)
        #expect(host.engine.beginPost(request, at: host.now) { second.set($0) } == nil)
        #expect(second.status == 400)
        post?.received(Array("4late".utf8), at: host.now)
        #expect(first.status == 400)
        #expect(echo.log == ["opened", "transport error"])
    }

    @Test func `takes one post after the other`() {
        let (host, _) = makeEcho()
        let client = PollingClient(host)
        #expect(client.post("4a").status == 200)
        #expect(client.post("4b").status == 200)
        #expect(client.get().packets == ["4a", "4b"])
    }

    @Test(arguments: ["", "abc", "7", "4a\u{1e}", "4a\u{1e}x", "b!", "bAQ"])
    func `ends a session on a payload that is none`(body: String) {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        #expect(client.post(body).status == 400)
        #expect(client.get().status == 400)
        #expect(echo.log == ["opened", "parse error"])
    }

    @Test(arguments: ["", "x", "9"])
    func `ends a session on a message that is none`(text: String) {
        let (host, echo) = makeEcho()
        let client = ScriptedClient(host)
        client.send(text)
        #expect(client.isClosed)
        #expect(echo.log == ["opened", "parse error"])
    }

    @Test func `refuses a body that is too large, and lets the session live`() {
        var options = EngineOptions()
        options.maxPayload = 10
        let (host, _) = makeEcho(options)
        let client = PollingClient(host)
        #expect(client.post("4" + String(repeating: "x", count: 10)).status == 413)
        #expect(client.post("4123456789").status == 200)
        #expect(client.get().body == "4123456789")
    }

    @Test func `refuses bytes as the body of a post`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let answer = host.http(
            "POST", client.query, body: "4a", headers: [("content-type", "application/octet-stream")])
        #expect(answer.status == 400)
        #expect(echo.log == ["opened", "transport error"])
    }

    @Test func `closes when the client says so`() {
        let (host, echo) = makeEcho()
        let polling = PollingClient(host)
        let poll = polling.get()
        #expect(polling.post("1").body == "ok")
        #expect(poll.body == "6")
        #expect(polling.get().status == 400)
        let client = ScriptedClient(host)
        client.send("1")
        #expect(client.isClosed)
        #expect(echo.log == ["opened", "transport close", "opened", "transport close"])
    }

    @Test func `ends when a poll's connection is lost`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let old = client.get()
        client.post("4a")
        // News about a poll that was answered says nothing.
        old.poll?.connectionLost(at: host.now)
        #expect(echo.log == ["opened"])
        client.get().poll?.connectionLost(at: host.now)
        #expect(echo.log == ["opened", "transport error"])
    }

    @Test func `closes a polling session when its client comes to fetch the news`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let session = host.engine
        client.post("4last")
        session.closeAll()
        #expect(echo.log == ["opened"])
        #expect(client.get().body == "4last")
        #expect(client.get().body == "1")
        #expect(echo.log == ["opened", "forced close"])
        #expect(client.get().status == 400)
    }

    @Test func `closes a polling session after a while if its client never comes`() {
        let (host, echo) = makeEcho()
        _ = PollingClient(host)
        host.engine.closeAll()
        host.pass(.seconds(29))
        #expect(echo.log == ["opened"])
        host.pass(.seconds(1))
        #expect(echo.log == ["opened", "forced close"])
    }

    @Test func `tells everybody when the server shuts down`() {
        let (host, echo) = makeEcho()
        let polling = PollingClient(host)
        let poll = polling.get()
        let client = ScriptedClient(host)
        host.engine.close()
        #expect(poll.body == "1")
        #expect(client.link.closeCode == 1001)
        #expect(echo.log == ["opened", "opened", "server shutting down", "server shutting down"])
        #expect(host.engine.nextDeadline == nil)
    }

    @Test func `drops a client that does not read, but not while it is being sent to`() {
        var options = EngineOptions()
        options.maxBacklog = 1_000
        let (host, echo) = makeEcho(options)
        let client = ScriptedClient(host)
        client.link.backlog = 1_000
        #expect(client.ask("4fits") == ["4fits"])
        client.link.backlog = 1_001
        #expect(client.ask("4does not") == [])
        #expect(echo.log == ["opened"])
        #expect(host.engine.nextDeadline == host.now)
        host.engine.wake(at: host.now)
        #expect(echo.log == ["opened", "transport error"])
        #expect(client.link.closeCode == 1013)

        let polling = PollingClient(host)
        polling.post("4" + String(repeating: "x", count: 1_200))
        polling.post("4more")
        host.engine.wake(at: host.now)
        #expect(echo.log.last == "transport error")
    }
}

extension EngineServer {
    func closeAll() {
        for session in openSessions { session.close() }
    }
}

@Suite struct EngineUpgradeTests {
    private func probe(_ client: PollingClient) -> ScriptedClient {
        ScriptedClient(client.host, "EIO=4&transport=websocket&sid=\(client.sid)")
    }

    @Test func `upgrades from polling to WebSocket`() {
        let (host, echo) = makeEcho()
        let polling = PollingClient(host)
        let poll = polling.get()
        let socket = probe(polling)
        #expect(socket.ask("2probe") == ["3probe"])
        // The poll comes back, so that the client may stop polling.
        #expect(poll.body == "6")
        #expect(polling.post("4between").body == "ok")
        #expect(socket.taken() == [])
        socket.send("5")
        #expect(socket.taken() == ["4between"])
        #expect(socket.ask("4hello") == ["4hello"])
        // Polling is over.
        let late = polling.get()
        #expect(late.status == 400)
        #expect(late.body == #"{"code":3,"message":"Bad request"}"#)
        #expect(polling.post("4x").status == 400)
        #expect(socket.ask("4still") == ["4still"])
        #expect(echo.log == ["opened"])
        socket.hangUp()
        #expect(echo.log == ["opened", "transport close"])
    }

    @Test func `does not hold a poll that comes while the upgrade is being tried`() {
        let (host, _) = makeEcho()
        let polling = PollingClient(host)
        let socket = probe(polling)
        socket.send("2probe")
        #expect(polling.get().body == "6")
    }

    @Test func `goes on polling when the upgrade fails`() {
        let (host, echo) = makeEcho()
        let polling = PollingClient(host)
        let socket = probe(polling)
        socket.send("4hello")
        #expect(socket.isClosed)
        let second = probe(polling)
        second.send("2probe")
        second.hangUp()
        polling.post("4a")
        #expect(polling.get().body == "4a")
        #expect(echo.log == ["opened"])
    }

    @Test func `gives up on an upgrade that is not completed in time`() {
        let (host, _) = makeEcho()
        let polling = PollingClient(host)
        let socket = probe(polling)
        socket.send("2probe")
        host.pass(.milliseconds(9_999))
        #expect(!socket.isClosed)
        host.pass(.milliseconds(1))
        #expect(socket.isClosed)
        socket.send("5")
        #expect(polling.get().response == nil)
    }

    @Test func `closes a second WebSocket for the same session`() {
        let (host, _) = makeEcho()
        let polling = PollingClient(host)
        let socket = probe(polling)
        socket.send("2probe")
        #expect(probe(polling).isClosed)
        socket.send("5")
        #expect(probe(polling).isClosed)
        #expect(socket.ask("4hello") == ["4hello"])
    }

    @Test func `closes the connection that is tried when the session ends`() {
        let (host, _) = makeEcho()
        let polling = PollingClient(host)
        let socket = probe(polling)
        polling.post("1")
        #expect(socket.isClosed)
    }

    @Test func `finishes closing on the new transport`() {
        let (host, echo) = makeEcho()
        let polling = PollingClient(host)
        let socket = probe(polling)
        socket.send("2probe")
        polling.post("4a")
        host.engine.closeAll()
        socket.send("5")
        #expect(socket.taken() == ["3probe", "4a"])
        #expect(socket.isClosed)
        #expect(echo.log == ["opened", "forced close"])
    }

    @Test func `offers no upgrade where none is allowed`() {
        var options = EngineOptions()
        options.allowUpgrades = false
        let (host, _) = makeEcho(options)
        let polling = PollingClient(host)
        let request = host.request("GET", "EIO=4&transport=websocket&sid=\(polling.sid)")
        #expect(host.engine.refusal(ofWebSocket: request) == .badRequest)
    }
}

@Suite struct HeartbeatTests {
    @Test func `pings, and waits for the pong`() {
        let (host, echo) = makeEcho()
        let client = ScriptedClient(host)
        _ = client.taken()
        host.pass(.milliseconds(24_999))
        #expect(client.taken() == [])
        host.pass(.milliseconds(1))
        #expect(client.taken() == ["2"])
        host.pass(.seconds(5))
        client.send("3")
        host.pass(.milliseconds(24_999))
        #expect(client.taken() == [])
        host.pass(.milliseconds(1))
        #expect(client.taken() == ["2"])
        host.pass(.milliseconds(19_999))
        #expect(!client.isClosed)
        host.pass(.milliseconds(1))
        #expect(client.isClosed)
        #expect(echo.log == ["opened", "ping timeout"])
        #expect(host.engine.nextDeadline == nil)
    }

    @Test func `pings over polling`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let poll = client.get()
        host.pass(.seconds(25))
        #expect(poll.body == "2")
        #expect(client.post("3").body == "ok")
        host.pass(.seconds(25))
        #expect(client.get().body == "2")
        host.pass(.seconds(20))
        #expect(echo.log == ["opened", "ping timeout"])
    }

    @Test func `takes a ping from the client for an error`() {
        let (host, echo) = makeEcho()
        let client = ScriptedClient(host)
        client.send("2")
        #expect(client.isClosed)
        #expect(echo.log == ["opened", "transport error"])
    }

    @Test func `asks to be woken for the earliest of all deadlines only`() {
        let (host, _) = makeEcho()
        #expect(host.engine.nextDeadline == nil)
        let start = host.now
        let first = ScriptedClient(host)
        host.pass(.seconds(10))
        let second = ScriptedClient(host)
        #expect(host.engine.nextDeadline == start + .seconds(25))
        first.send("3")
        #expect(host.engine.nextDeadline == start + .seconds(35))
        first.hangUp()
        second.hangUp()
        #expect(host.engine.nextDeadline == nil)
    }

    @Test func `keeps many deadlines in order`() {
        let heap = DeadlineHeap()
        var random = SplitMix(seed: 7)
        final class Entry: HeapedDeadline {
            var hasExpired = false
            override func expire(at now: Instant) { hasExpired = true }
        }
        var entries: [Entry] = []
        for _ in 0..<500 {
            let entry = Entry()
            heap.add(entry, deadline: Instant(milliseconds: Int64(random.next() % 1_000)))
            entries.append(entry)
        }
        for index in stride(from: 0, to: 500, by: 3) { heap.remove(entries[index]) }
        for index in stride(from: 0, to: 500, by: 7) {
            heap.add(entries[index], deadline: Instant(milliseconds: Int64(random.next() % 1_000)))
        }
        var last = Instant(milliseconds: -1)
        while let next = heap.nextDeadline {
            #expect(next >= last)
            last = next
            heap.expire(at: next)
        }
        for (index, entry) in entries.enumerated() {
            #expect(entry.hasExpired == (index % 3 != 0 || index % 7 == 0))
            #expect(!entry.isWaiting)
        }
    }
}
