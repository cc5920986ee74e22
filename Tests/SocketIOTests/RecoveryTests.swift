import Bytes
import Testing

@testable import SocketIO

@Suite struct RecoveryTests {
    private final class Person {
        let name: String
        init(name: String) { self.name = name }
    }

    /// The ids that a CONNECT was answered with.
    private struct Ids: Equatable {
        var sid: String
        var pid: String

        init?(_ packet: String?) {
            guard let packet, let json = try? JSON(parsing: String(packet.dropFirst(2))),
                let sid = json["sid"]?.string, let pid = json["pid"]?.string
            else { return nil }
            self.sid = sid
            self.pid = pid
        }
    }

    private func offset(of packet: String?) -> String? {
        packet.flatMap { try? JSON(parsing: String($0.dropFirst(2))).array?.last?.string }
    }

    private func makeStage(_ options: RecoveryOptions = RecoveryOptions()) -> Stage { Stage(recovery: options) }

    @Test func `gives a socket back its id, rooms, data and what it missed`() throws {
        let stage = makeStage()
        var sockets: [Socket] = []
        stage.io.root.onConnection = { sockets.append($0) }
        let client = ScriptedClient(stage.host)
        let ids = try #require(Ids(client.ask("40").first))
        #expect(ids.sid != ids.pid)
        sockets[0].join("room")
        sockets[0].data = Person(name: "Ada")
        stage.io.root.to("room").emit("first", [1])
        let first = try #require(client.taken().first)
        let position = try #require(offset(of: first))
        #expect(first == #"42["first",1,"\#(position)"]"#)

        client.hangUp()
        stage.io.root.to("room").emit("second", [2])
        stage.io.root.to("elsewhere").emit("not for us")
        stage.io.root.except("room").emit("not for us either")
        stage.io.root.emit("third")
        stage.io.root.to("room").volatile.emit("gone")
        stage.io.root.to(ids.sid).emit("fourth")
        stage.host.pass(.seconds(20))

        let returned = ScriptedClient(stage.host)
        let answers = returned.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)","token":"t"}"#)
            .filter { !$0.hasPrefix("0") }
        #expect(Ids(answers.first) == ids)
        #expect(
            answers.dropFirst().map { try? JSON(parsing: String($0.dropFirst(2)))[0]?.string }
                == ["second", "third", "fourth"])
        let socket = try #require(sockets.last)
        #expect(socket !== sockets[0])
        #expect(socket.isRecovered)
        #expect(socket.isIn("room"))
        #expect((socket.data as? Person)?.name == "Ada")

        // It is as good as any other, and cannot be taken up twice.
        stage.io.root.to("room").emit("live")
        #expect(returned.taken().count == 1)
        let thief = ScriptedClient(stage.host)
        let stolen = thief.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)"}"#).last
        #expect(Ids(stolen)?.sid != ids.sid)
    }

    @Test func `recovers what was emitted to one socket`() throws {
        let stage = makeStage()
        var socket: Socket?
        stage.io.root.onConnection = { if !$0.isRecovered { socket = $0 } }
        let client = ScriptedClient(stage.host)
        let ids = try #require(Ids(client.ask("40").first))
        socket?.emit("one")
        socket?.emit("two")
        socket?.emit("asked", timeout: nil) { _ in }
        let packets = client.taken()
        // What is acknowledged is not kept, and has no offset.
        #expect(packets.last == #"420["asked"]"#)
        client.hangUp()
        let returned = ScriptedClient(stage.host)
        let position = try #require(offset(of: packets[0]))
        let answers = returned.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)"}"#)
        #expect(answers.suffix(1) == packets[1...1])
    }

    @Test func `sends no private id where nothing is recovered`() {
        let stage = Stage()
        let client = ScriptedClient(stage.host)
        #expect(Ids(client.ask("40").first) == nil)
        stage.io.root.emit("plain", [1])
        #expect(client.taken() == [#"42["plain",1]"#])
    }

    @Test func `forgets in time`() throws {
        var options = RecoveryOptions()
        options.maxDisconnectionDuration = .seconds(120)
        let stage = makeStage(options)
        let client = ScriptedClient(stage.host)
        let ids = try #require(Ids(client.ask("40").first))
        stage.io.root.emit("e")
        let position = try #require(offset(of: client.taken().first))
        client.hangUp()
        #expect(stage.host.engine.nextDeadline == stage.host.now + .seconds(120))
        stage.host.pass(.seconds(120))
        #expect(stage.host.engine.nextDeadline == nil)
        let returned = ScriptedClient(stage.host)
        let answer = returned.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)"}"#).last
        #expect(Ids(answer) != nil)
        #expect(Ids(answer)?.sid != ids.sid)
    }

    @Test(arguments: ["41", "bye"])
    func `does not recover who left on purpose`(farewell: String) throws {
        let stage = makeStage()
        stage.io.root.on("bye") { $0.socket.disconnect() }
        let client = ScriptedClient(stage.host)
        let ids = try #require(Ids(client.ask("40").first))
        stage.io.root.emit("e")
        let position = try #require(offset(of: client.taken().first))
        client.send(farewell == "41" ? "41" : #"42["bye"]"#)
        let answer = client.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)"}"#).last
        #expect(Ids(answer)?.sid != ids.sid)
    }

    @Test func `asks the middleware again`() throws {
        let stage = makeStage()
        var isRevoked = false
        stage.io.root.use { _, next in
            next(isRevoked ? ConnectRefusal(message: "unauthorized: invalid token") : nil)
        }
        let client = ScriptedClient(stage.host)
        let ids = try #require(Ids(client.ask("40").first))
        stage.io.root.emit("e")
        let position = try #require(offset(of: client.taken().first))
        client.hangUp()
        isRevoked = true
        stage.io.root.emit("secret")
        let returned = ScriptedClient(stage.host)
        let answers = returned.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)"}"#)
        #expect(answers == [#"44{"message":"unauthorized: invalid token"}"#])
    }

    @Test func `gives back only the rooms that are still allowed`() throws {
        let stage = makeStage()
        var allowed: [String]? = []
        var sockets: [Socket] = []
        stage.io.root.onConnection = {
            sockets.append($0)
            if !$0.isRecovered { $0.join("open", "closed") }
        }
        stage.io.root.verifyRecovery = { _, rooms in
            #expect(rooms == ["open", "closed"])
            return allowed.map { allowed in rooms.filter { allowed.contains($0) } }
        }
        func leaveAndReturn() throws -> [String] {
            let client = ScriptedClient(stage.host)
            let ids = try #require(Ids(client.ask("40").first))
            stage.io.root.emit("e")
            let position = try #require(offset(of: client.taken().first))
            client.hangUp()
            stage.io.root.to("open").emit("o")
            stage.io.root.to("closed").emit("c")
            let returned = ScriptedClient(stage.host)
            let answers = returned.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(position)"}"#)
            #expect((Ids(answers.first)?.sid == ids.sid) == (allowed != nil))
            returned.hangUp()
            return answers.dropFirst().compactMap { try? JSON(parsing: String($0.dropFirst(2)))[0]?.string }
        }
        allowed = ["open"]
        #expect(try leaveAndReturn() == ["o"])
        #expect(sockets.last?.isRecovered == true)
        allowed = nil
        #expect(try leaveAndReturn() == [])
        #expect(sockets.last?.isRecovered == false)
    }

    @Test func `forgets the oldest beyond its bounds`() throws {
        var options = RecoveryOptions()
        options.maxPackets = 10
        options.maxSessions = 2
        let stage = makeStage(options)
        func leave() throws -> (Ids, String) {
            let client = ScriptedClient(stage.host)
            let ids = try #require(Ids(client.ask("40").first))
            stage.io.root.emit("e")
            let position = try #require(offset(of: client.taken().first))
            client.hangUp()
            return (ids, position)
        }
        func isRecovered(_ left: (Ids, String)) -> Bool {
            let returned = ScriptedClient(stage.host)
            let answers = returned.ask(#"40{"pid":"\#(left.0.pid)","offset":"\#(left.1)"}"#)
            returned.send("41")
            return answers.contains { Ids($0)?.sid == left.0.sid }
        }
        let first = try leave()
        let second = try leave()
        let third = try leave()
        #expect(!isRecovered(first))
        #expect(isRecovered(second))
        for _ in 0..<11 { stage.io.root.emit("e") }
        #expect(!isRecovered(third))
    }

    @Test func `does not believe in offsets that it never gave`() throws {
        for offset in ["", "?", "AAAAAAA", "zzzzzzzzz", "AAAAAAAAAAAAAAAAAAAAAAAA"] {
            let stage = makeStage()
            let client = ScriptedClient(stage.host)
            let ids = try #require(Ids(client.ask("40").first))
            stage.io.root.emit("e")
            client.hangUp()
            let returned = ScriptedClient(stage.host)
            let answer = returned.ask(#"40{"pid":"\#(ids.pid)","offset":"\#(offset)"}"#).last
            #expect(Ids(answer)?.sid != ids.sid, "\(offset)")
        }
    }

    @Test func `keeps nothing for nobody`() {
        let stage = makeStage()
        for _ in 0..<100 { stage.io.root.emit("e") }
        let client = ScriptedClient(stage.host)
        client.send("40")
        #expect(stage.host.engine.nextDeadline != nil)
        client.send("41")
        client.hangUp()
        #expect(stage.host.engine.nextDeadline == nil)
    }

    @Test func `writes and reads offsets`() {
        for number: UInt64 in [0, 1, 63, 64, 1 << 36, 1 << 50] {
            #expect(RecoveryStore.number(of: RecoveryStore.text(of: number)) == number)
        }
        #expect(RecoveryStore.text(of: 1 << 36).utf8.count == 7)
    }
}
