import Bytes
import Testing

@testable import SocketIO

@Suite struct NamespaceTests {
    @Test func `connects to the root namespace`() throws {
        let stage = Stage()
        var connected: [Socket] = []
        stage.io.root.onConnection = { connected.append($0) }
        let client = ScriptedClient(stage.host)
        let answer = client.ask("40")
        let socket = try #require(connected.first)
        #expect(answer == [#"40{"sid":"\#(socket.id)"}"#])
        #expect(socket.id != socket.session.id)
        #expect(socket.rooms == [socket.id.description])
        #expect(socket.isConnected)
        #expect(!socket.isRecovered)
        #expect(stage.io.root.socketCount == 1)
    }

    @Test func `connects to a namespace of its own`() {
        let stage = Stage()
        var names: [String] = []
        stage.io.of("custom").onConnection = { names.append($0.namespace.name) }
        let client = ScriptedClient(stage.host)
        #expect(client.ask("40/custom,").first?.hasPrefix(#"40/custom,{"sid":""#) == true)
        #expect(client.ask(#"42["x"]"#) == [])
        #expect(client.isClosed)
        #expect(names == ["/custom"])
    }

    @Test func `refuses a namespace that is not there, and lets the client go on`() {
        let stage = Stage()
        let client = ScriptedClient(stage.host)
        #expect(client.ask("40/random,") == [#"44/random,{"message":"Invalid namespace"}"#])
        #expect(client.ask("40").first?.hasPrefix("40") == true)
    }

    @Test func `hands the auth payload to middleware and connection handlers`() {
        let stage = Stage()
        var seen: [JSON] = []
        stage.io.root.use { socket, next in
            seen.append(socket.auth)
            next(nil)
        }
        stage.io.root.onConnection = { seen.append($0.auth) }
        stage.io.root.on("later") { seen.append($0.socket.auth) }
        let client = stage.client(#"40{"token":"abc"}"#)
        client.send(#"42["later"]"#)
        #expect(seen == [["token": "abc"], ["token": "abc"], [:]])
    }

    @Test func `refuses with the message and data of the middleware`() {
        let stage = Stage()
        var asked = 0
        stage.io.root.use { socket, next in
            asked += 1
            guard socket.auth["token"] == "good" else {
                return next(
                    ConnectRefusal(
                        message: "unauthorized: invalid token", data: ["code": "WS_INVALID_TOKEN"]))
            }
            next(nil)
        }
        stage.io.root.use { _, next in
            asked += 10
            next(nil)
            next(ConnectRefusal(message: "too late"))
        }
        let client = ScriptedClient(stage.host)
        #expect(
            client.ask(#"40{"token":"bad"}"#)
                == [#"44{"message":"unauthorized: invalid token","data":{"code":"WS_INVALID_TOKEN"}}"#])
        #expect(asked == 1)
        #expect(client.ask(#"40{"token":"good"}"#).count == 1)
        #expect(asked == 12)
        #expect(stage.io.root.socketCount == 1)
    }

    @Test func `waits for middleware that answers later`() {
        let stage = Stage()
        var waiting: [(ConnectRefusal?) -> Void] = []
        stage.io.root.use { _, next in waiting.append(next) }
        let client = ScriptedClient(stage.host)
        #expect(client.ask("40").count == 1 - 1)
        waiting.removeFirst()(nil)
        #expect(client.taken().first?.hasPrefix("40") == true)

        let gone = ScriptedClient(stage.host)
        gone.send("40")
        gone.hangUp()
        waiting.removeFirst()(nil)
        #expect(stage.io.root.socketCount == 1)

        let impatient = ScriptedClient(stage.host)
        impatient.send("40")
        impatient.send("40")
        #expect(impatient.isClosed)
    }

    @Test func `closes a connection that joins nothing in time`() {
        let stage = Stage { options, engine in
            options.connectTimeout = .seconds(45)
            engine.pingTimeout = .seconds(60)
        }
        let client = ScriptedClient(stage.host)
        let joined = stage.client()
        stage.host.pass(.milliseconds(44_999))
        #expect(!client.isClosed)
        stage.host.pass(.milliseconds(1))
        #expect(client.isClosed)
        #expect(!joined.isClosed)
    }

    @Test(arguments: [
        "4abc", "42{}", "42[]", "42[{}]", #"42["connect"]"#, "44{}", "40[]", "41{}", #"45["x"]"#, "4",
        #"42/none,["x"]"#, "41/none,", "43/none,1[]", "40",
    ])
    func `closes the connection on a packet that is none, or comes out of turn`(packet: String) {
        let stage = Stage()
        var reasons: [CloseReason] = []
        stage.io.root.onDisconnect = { reasons.append($1) }
        let client = stage.client()
        client.send(packet)
        #expect(client.isClosed)
        #expect(reasons.count == 1)
        #expect([.forcedClose, .forcedServerClose].contains(reasons[0]))
        #expect(stage.host.engine.sessionCount == 0)
        #expect(stage.host.engine.nextDeadline == nil)
    }

    @Test func `tells why a socket has gone`() {
        let stage = Stage()
        var reasons: [String] = []
        stage.io.root.onDisconnecting = { socket, reason in
            #expect(socket.isIn("room"))
            reasons.append("leaving: \(reason.rawValue)")
        }
        stage.io.root.onDisconnect = { socket, reason in
            #expect(!socket.isIn("room"))
            reasons.append(reason.rawValue)
        }
        var sockets: [Socket] = []
        stage.io.root.onConnection = {
            $0.join("room")
            sockets.append($0)
        }
        func expectReason(_ reason: String, _ act: (ScriptedClient) -> Void) {
            reasons = []
            act(stage.client())
            #expect(reasons == ["leaving: \(reason)", reason])
        }
        expectReason("transport close") { $0.hangUp() }
        expectReason("transport error") { $0.hangUp(error: true) }
        expectReason("client namespace disconnect") { client in
            client.send("41")
            #expect(!client.isClosed)
            client.hangUp()
        }
        expectReason("server namespace disconnect") { client in
            sockets.last?.disconnect()
            #expect(client.taken() == ["41"])
            #expect(!client.isClosed)
            client.hangUp()
        }
        expectReason("server namespace disconnect") { client in
            sockets.last?.disconnect(close: true)
            #expect(client.taken() == ["41"])
            #expect(client.isClosed)
        }
        expectReason("ping timeout") { _ in stage.host.pass(.seconds(60)) }
        expectReason("parse error") { $0.send("x") }
        expectReason("forced close") { $0.send("4x") }
        expectReason("server shutting down") { _ in stage.io.close() }
        #expect(stage.io.root.isEmpty)
    }

    @Test func `keeps the namespaces of one connection apart`() {
        let stage = Stage()
        _ = stage.io.of("/a")
        for name in ["/", "/a"] {
            stage.io.of(name).on("where") { $0.acknowledge?(.string($0.socket.namespace.name)) }
        }
        let client = stage.client()
        client.send("40/a,")
        #expect(client.ask(#"421["where"]"#) == [#"431["/"]"#])
        #expect(client.ask(#"42/a,1["where"]"#) == [#"43/a,1["/a"]"#])
        client.send("41/a,")
        #expect(client.ask(#"422["where"]"#) == [#"432["/"]"#])
        #expect(stage.io.of("/a").isEmpty)
        stage.io.of("/a").emit("nobody")
        #expect(client.taken() == [])
    }

    @Test func `lets go of a client that has gone`() {
        let stage = Stage(recovery: RecoveryOptions())
        weak var session: EngineSession?
        weak var socket: Socket?
        stage.io.root.onConnection = {
            socket = $0
            session = $0.session
            $0.join("room")
            $0.on("own") { _ in }
            $0.emit("question", timeout: .seconds(5)) { _ in }
            $0.emit("question", timeout: nil) { _ in }
        }
        func visit(_ leave: (ScriptedClient) -> Void) {
            let client = stage.client()
            #expect(socket != nil && session != nil)
            leave(client)
        }
        for leave: (ScriptedClient) -> Void in [
            { $0.hangUp() }, { $0.send("1") }, { $0.send("x") }, { $0.send("4x") },
            { client in
                client.link.backlog = 1 << 30
                stage.io.root.emit("too much")
                stage.host.pass(.seconds(1))
            },
            { _ in socket?.disconnect(close: true) },
            { _ in stage.host.pass(.seconds(60)) },
        ] {
            visit(leave)
            #expect(socket == nil)
            #expect(session == nil)
        }
        func visitByPolling() {
            let polling = PollingClient(stage.host)
            polling.post("40")
            let upgraded = ScriptedClient(stage.host, "EIO=4&transport=websocket&sid=\(polling.sid)")
            upgraded.send("2probe")
            polling.post("1")
        }
        visitByPolling()
        #expect(session == nil)
        #expect(stage.host.engine.sessionCount == 0)
    }
}
