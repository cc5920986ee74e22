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
