import Bytes
import Testing

@testable import SocketIO

@Suite struct RoomTests {
    /// Three clients: the first in a and b, the second in b, the third in c.
    private struct Cast {
        let stage = Stage()
        let clients: [ScriptedClient]
        let sockets: [Socket]
        var root: Namespace { stage.io.root }

        init() {
            var sockets: [Socket] = []
            stage.io.root.onConnection = { sockets.append($0) }
            let stage = stage
            clients = (0..<3).map { _ in stage.client() }
            self.sockets = sockets
            sockets[0].join("a", "b")
            sockets[1].join("b")
            sockets[2].join("c")
        }

        /// Which clients got something, and how often.
        func receivers(_ act: () -> Void) -> [Int] {
            act()
            return clients.map { $0.taken().count }
        }
    }

    @Test func `reaches the union of rooms, each socket once`() {
        let cast = Cast()
        #expect(cast.receivers { cast.root.emit("e") } == [1, 1, 1])
        #expect(cast.receivers { cast.root.to("a").emit("e") } == [1, 0, 0])
        #expect(cast.receivers { cast.root.to("b").emit("e") } == [1, 1, 0])
        #expect(cast.receivers { cast.root.to("a", "b").emit("e") } == [1, 1, 0])
        #expect(cast.receivers { cast.root.to("a").to("b").to("c").emit("e") } == [1, 1, 1])
        #expect(cast.receivers { cast.root.to("b", "b").emit("e") } == [1, 1, 0])
        #expect(cast.receivers { cast.root.to("nowhere").emit("e") } == [0, 0, 0])
        #expect(cast.receivers { cast.root.to([]).emit("e") } == [0, 0, 0])
    }

    @Test func `leaves out the sockets of other rooms`() {
        let cast = Cast()
        #expect(cast.receivers { cast.root.except("a").emit("e") } == [0, 1, 1])
        #expect(cast.receivers { cast.root.to("b").except("a").emit("e") } == [0, 1, 0])
        #expect(cast.receivers { cast.root.to("a", "b", "c").except("b").emit("e") } == [0, 0, 1])
        #expect(cast.receivers { cast.root.except("nowhere").emit("e") } == [1, 1, 1])
    }

    @Test func `has a room for every socket`() {
        let cast = Cast()
        let id = cast.sockets[1].id.description
        #expect(cast.receivers { cast.root.to(id).emit("e") } == [0, 1, 0])
        #expect(cast.receivers { cast.root.to(id, "b").emit("e") } == [1, 1, 0])
        #expect(cast.receivers { cast.root.except(id).emit("e") } == [1, 0, 1])
        #expect(cast.receivers { cast.sockets[0].broadcast.emit("e") } == [0, 1, 1])
        #expect(cast.receivers { cast.sockets[0].to("b").emit("e") } == [0, 1, 0])
        // Others may join it.
        cast.sockets[2].join(id)
        #expect(cast.receivers { cast.root.to(id).emit("e") } == [0, 1, 1])
    }

    @Test func `joins and leaves`() {
        let cast = Cast()
        cast.sockets[0].join("a")
        #expect(cast.sockets[0].rooms == [cast.sockets[0].id.description, "a", "b"])
        cast.sockets[0].leave("a")
        cast.sockets[0].leave("a")
        cast.sockets[0].leave("nowhere")
        #expect(cast.receivers { cast.root.to("a").emit("e") } == [0, 0, 0])
        #expect(cast.receivers { cast.root.to("b").emit("e") } == [1, 1, 0])
        cast.clients[1].hangUp()
        #expect(cast.receivers { cast.root.to("b").emit("e") } == [1, 0, 0])
        cast.sockets[1].join("b")
        #expect(cast.root.to("b").sockets.count == 1)
        let adapter = cast.root.adapter as? LocalAdapter
        #expect(adapter?.roomNames.sorted() == ["b", "c"])
    }

    @Test func `moves and ends the sockets of a target`() {
        let cast = Cast()
        cast.root.to("b").socketsJoin("d", "e")
        #expect(cast.receivers { cast.root.to("d").except("a").emit("x") } == [0, 1, 0])
        cast.root.to("a").socketsLeave("d")
        #expect(cast.root.to("d").sockets.map(\.id) == [cast.sockets[1].id])
        var remote: [RemoteSocket] = []
        cast.root.to("d").fetchSockets { remote = $0 }
        #expect(remote == [RemoteSocket(id: cast.sockets[1].id.description, rooms: cast.sockets[1].rooms)])
        cast.root.to("d").disconnectSockets()
        #expect(cast.clients[1].taken() == ["41"])
        #expect(cast.root.socketCount == 2)
    }

    @Test func `keeps its books however sockets come and go`() {
        let stage = Stage()
        var sockets: [SocketID: Socket] = [:]
        var expected: [SocketID: Set<String>] = [:]
        stage.io.root.onConnection = { sockets[$0.id] = $0 }
        stage.io.root.onDisconnect = { socket, _ in
            sockets[socket.id] = nil
            expected[socket.id] = nil
        }
        var clients: [ScriptedClient] = []
        var random = SplitMix(seed: 42)
        for step in 0..<4_000 {
            let ids = sockets.keys.sorted { $0.description < $1.description }
            let id = ids.randomElement(using: &random)
            let room = "r\(random.next() % 12)"
            switch random.next() % 10 {
            case 0 where clients.count < 60: clients.append(stage.client())
            case 1 where clients.count > 5:
                clients.remove(at: Int(random.next() % UInt64(clients.count))).hangUp()
            case 2...6:
                guard let id else { continue }
                sockets[id]?.join(room)
                expected[id, default: []].insert(room)
            default:
                guard let id else { continue }
                sockets[id]?.leave(room)
                expected[id]?.remove(room)
            }
            guard step % 50 == 0 else { continue }
            for (id, socket) in sockets {
                #expect(Set(socket.rooms.dropFirst()) == expected[id] ?? [])
            }
            let rooms = (0..<3).map { _ in "r\(random.next() % 12)" }
            let reached = Set(stage.io.root.to(rooms[0], rooms[1]).except(rooms[2]).sockets.map(\.id))
            let should = expected.filter { entry in
                (entry.value.contains(rooms[0]) || entry.value.contains(rooms[1])) && !entry.value.contains(rooms[2])
            }
            #expect(reached == Set(should.keys))
        }
    }

    @Test func `drops volatile events for those who are not ready`() {
        let cast = Cast()
        cast.clients[0].link.backlog = 1 << 20
        #expect(cast.receivers { cast.root.everyone.volatile.emit("e") } == [0, 1, 1])
        #expect(cast.receivers { cast.root.to("a", "b").volatile.emit("e") } == [0, 1, 0])
        #expect(cast.receivers { cast.sockets[0].emit("e", isVolatile: true) } == [0, 0, 0])
        #expect(cast.receivers { cast.sockets[0].emit("e") } == [1, 0, 0])
        cast.clients[0].link.backlog = 0
        #expect(cast.receivers { cast.sockets[0].emit("e", isVolatile: true) } == [1, 0, 0])
    }

    @Test func `sends volatile events to a poll that waits, and to no other`() {
        let stage = Stage()
        let client = PollingClient(stage.host)
        client.post("40")
        _ = client.get()
        stage.io.root.everyone.volatile.emit("lost")
        let poll = client.get()
        #expect(poll.response == nil)
        stage.io.root.everyone.volatile.emit("found")
        #expect(poll.body == #"42["found"]"#)
    }

    @Test func `encodes a broadcast once for all`() {
        let cast = Cast()
        let polling = PollingClient(cast.stage.host)
        polling.post("40")
        _ = polling.get()
        cast.root.emit("e", [["a": 1]])
        for client in cast.clients { #expect(client.taken() == [#"42["e",{"a":1}]"#]) }
        #expect(polling.get().body == #"42["e",{"a":1}]"#)
    }

    @Test func `hands events from other servers to their handlers`() {
        let stage = Stage()
        var log: [String] = []
        stage.io.root.onServerSide("hello") { arguments, acknowledge in
            log.append("\(arguments)")
            acknowledge?(["hi"])
        }
        stage.io.root.receivedServerSide("hello", [1]) { log.append("\($0)") }
        // Alone, a server has nobody to talk to.
        stage.io.root.serverSideEmit("hello") { log.append("\($0)") }
        #expect(log == ["[1]", "[\"hi\"]", "success([])"])
    }
}
