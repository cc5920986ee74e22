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
        "4abc", "42{}", "42[]", "42[{}]", #"42["connect"]"#, "44{}", "40[]", "41{}", #"45["x"]"#, "4", "42/none,[\"x\"]",
        "41/none,", "43/none,1[]", "40",
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
}

@Suite struct EventTests {
    @Test func `echoes events and acknowledgements`() {
        let stage = Stage()
        stage.io.root.on("message") { $0.socket.emit("message-back", $0.arguments) }
        stage.io.root.on("message-with-ack") { $0.acknowledge?($0.arguments) }
        let client = stage.client()
        #expect(client.ask(#"42["message",1,"2",{"3":[true]}]"#) == [#"42["message-back",1,"2",{"3":[true]}]"#])
        #expect(client.ask(#"42["message"]"#) == [#"42["message-back"]"#])
        #expect(client.ask(#"42456["message-with-ack",1,"2"]"#) == [#"43456[1,"2"]"#])
        #expect(client.ask(#"420["message-with-ack"]"#) == ["430[]"])
        #expect(client.ask(#"42["unknown"]"#) == [])
    }

    @Test func `echoes bytes`() {
        let stage = Stage()
        stage.io.root.on("message") { $0.socket.emit("message-back", $0.arguments) }
        stage.io.root.on("message-with-ack") { $0.acknowledge?($0.arguments) }
        let client = stage.client()
        client.send(#"452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        client.send(binary: [1, 2, 3])
        #expect(client.taken() == [])
        client.send(binary: [4, 5, 6])
        #expect(
            client.taken() == [
                #"452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#, "<1,2,3>",
                "<4,5,6>",
            ])
        client.send(#"451-789["message-with-ack",{"_placeholder":true,"num":0}]"#)
        client.send(binary: [7])
        #expect(client.taken() == [#"461-789[{"_placeholder":true,"num":0}]"#, "<7>"])
    }

    @Test func `echoes bytes over polling`() {
        let stage = Stage()
        stage.io.root.on("message") { $0.socket.emit("message-back", $0.arguments) }
        let client = PollingClient(stage.host)
        client.post("40")
        _ = client.get()
        client.post(#"451-["message",{"_placeholder":true,"num":0}]"# + "\u{1e}bAQID")
        #expect(client.get().packets == [#"451-["message-back",{"_placeholder":true,"num":0}]"#, "bAQID"])
    }

    @Test func `builds events with bytes`() {
        let stage = Stage()
        let client = stage.client()
        var arguments: SocketArguments = ["a"]
        arguments.append(binary: [9])
        stage.io.root.emit("bytes", arguments)
        #expect(client.taken() == [#"451-["bytes","a",{"_placeholder":true,"num":0}]"#, "<9>"])
        #expect(client.link.sendCount == 3)
    }

    @Test func `answers later, and once`() {
        let stage = Stage()
        var waiting: [Acknowledgement] = []
        stage.io.root.on("slow") { if let acknowledge = $0.acknowledge { waiting.append(acknowledge) } }
        let client = stage.client()
        #expect(client.ask(#"421["slow"]"#) == [])
        waiting[0]("done")
        waiting[0]("again")
        #expect(client.taken() == [#"431["done"]"#])
        client.send(#"422["slow"]"#)
        client.hangUp()
        waiting[1]("too late")
        #expect(client.taken() == [])
    }

    @Test func `calls handlers of all kinds, in order`() {
        let stage = Stage()
        var log: [String] = []
        stage.io.root.onAny { log.append("any \($0.name)") }
        stage.io.root.on("e") { _ in log.append("first") }
        stage.io.root.on("e") { _ in log.append("second") }
        stage.io.root.onConnection = { $0.on("e") { _ in log.append("own") } }
        stage.io.root.admit = { $0.name != "flood" }
        let client = stage.client()
        client.send(#"42["e"]"#)
        client.send(#"42["flood"]"#)
        #expect(log == ["any e", "first", "second", "own"])
    }

    @Test func `acknowledges the failure of a handler`() {
        let stage = Stage()
        var failures: [String] = []
        stage.io.root.on("e") { (_) throws(HandlerFailure) in
            throw HandlerFailure("broken", acknowledgement: [["ok": false]])
        }
        stage.io.root.onFailure = { failures.append("\($0.name): \($1.reason)") }
        let client = stage.client()
        #expect(client.ask(#"427["e"]"#) == [#"437[{"ok":false}]"#])
        #expect(client.ask(#"42["e"]"#) == [])
        #expect(failures == ["e: broken", "e: broken"])
    }

    @Test func `counts what happens`() {
        final class Counter: SocketObserver {
            var log: [String] = []
            func connected(_ socket: Socket) { log.append("connected") }
            func refused(_ socket: Socket, _ refusal: ConnectRefusal) { log.append("refused") }
            func disconnected(_ socket: Socket, reason: CloseReason) { log.append(reason.rawValue) }
            func received(_ event: SocketEvent) { log.append("in \(event.name)") }
            func sent(_ event: OutgoingEvent, receivers: Int) { log.append("out \(event.name) \(receivers)") }
            func malformed(_ session: EngineSession, _ error: SocketPacketError) { log.append("\(error)") }
        }
        let stage = Stage()
        let counter = Counter()
        stage.io.observer = counter
        stage.io.root.on("e") { $0.socket.emit("f") }
        let first = stage.client()
        let second = stage.client()
        first.send(#"42["e"]"#)
        stage.io.root.emit("g")
        first.hangUp()
        second.send("4")
        #expect(
            counter.log == [
                "connected", "connected", "in e", "out f 1", "out g 2", "transport close", "empty", "forced close",
            ])
    }
}

@Suite struct AcknowledgementTests {
    @Test func `gives the answer of the client`() throws {
        let stage = Stage()
        var socket: Socket?
        stage.io.root.onConnection = { socket = $0 }
        let client = stage.client()
        var results: [Result<SocketArguments, AcknowledgementError>] = []
        try #require(socket).emit("question", [1], timeout: .seconds(2)) { results.append($0) }
        #expect(client.taken() == [#"420["question",1]"#])
        client.send(#"430["answer",2]"#)
        #expect(results == [.success(["answer", 2])])
        // A second answer, and one to nothing, are passed over.
        client.send(#"430["again"]"#)
        client.send(#"4377[]"#)
        client.send("43[]")
        #expect(results.count == 1)
        #expect(!client.isClosed)
        try #require(socket).emit("next", timeout: nil) { results.append($0) }
        #expect(client.taken() == [#"421["next"]"#])
    }

    @Test func `gives up in time`() throws {
        let stage = Stage()
        var socket: Socket?
        stage.io.root.onConnection = { socket = $0 }
        let client = stage.client()
        var results: [Result<SocketArguments, AcknowledgementError>] = []
        try #require(socket).emit("server_ping", timeout: .milliseconds(2_000)) { results.append($0) }
        try #require(socket).emit("server_ping", timeout: .milliseconds(1_000)) { results.append($0) }
        stage.host.pass(.milliseconds(999))
        #expect(results.isEmpty)
        stage.host.pass(.milliseconds(1))
        #expect(results == [.failure(.timedOut)])
        client.send("430[]")
        #expect(results == [.failure(.timedOut), .success([])])
        client.send("431[]")
        #expect(results.count == 2)
    }

    @Test func `gives up when the socket goes`() throws {
        let stage = Stage()
        var socket: Socket?
        stage.io.root.onConnection = { socket = $0 }
        let client = stage.client()
        var results: [Result<SocketArguments, AcknowledgementError>] = []
        try #require(socket).emit("a", timeout: .seconds(2)) { results.append($0) }
        try #require(socket).emit("b", timeout: nil) { results.append($0) }
        client.hangUp()
        #expect(results == [.failure(.disconnected), .failure(.disconnected)])
        try #require(socket).emit("c", timeout: nil) { results.append($0) }
        #expect(results.last == .failure(.disconnected))
        #expect(stage.host.engine.nextDeadline == nil)
    }

    @Test func `collects the answers to a broadcast`() {
        let stage = Stage()
        let clients = (0..<3).map { _ in stage.client() }
        var answers: [BroadcastAnswer] = []
        stage.io.root.everyone.emit("q", ["x"], timeout: .seconds(1)) { answers.append($0) }
        for client in clients { #expect(client.taken() == [#"420["q","x"]"#]) }
        clients[0].send(#"430[0]"#)
        clients[1].send(#"430[1]"#)
        #expect(answers.isEmpty)
        clients[2].send(#"430[2]"#)
        #expect(answers == [BroadcastAnswer(responses: [[0], [1], [2]])])

        stage.io.root.everyone.emit("q", timeout: .seconds(1)) { answers.append($0) }
        clients[0].send("431[]")
        clients[1].hangUp()
        stage.host.pass(.seconds(1))
        #expect(answers.last == BroadcastAnswer(responses: [[]], missing: 2))
        clients[2].send("431[]")
        #expect(answers.count == 2)

        stage.io.root.to("nobody").emit("q", timeout: .seconds(1)) { answers.append($0) }
        #expect(answers.last == BroadcastAnswer())
    }
}
