import Bytes
import Testing

@testable import SocketIO

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
