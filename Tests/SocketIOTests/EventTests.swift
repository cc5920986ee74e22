import Bytes
import Testing

@testable import SocketIO

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
