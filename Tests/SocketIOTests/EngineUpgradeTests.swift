import Bytes
import Testing

@testable import SocketIO

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
        let hasty = probe(polling)
        hasty.send("5")
        #expect(hasty.isClosed)
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
