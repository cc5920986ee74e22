import Bytes

/// Promises of the Socket.IO server that a fuzzer holds it to.
@_spi(Fuzzing) public enum SocketIOFuzzing {
    /// Whatever a packet says is said again when it is written.
    public static func packetDifference(_ input: [UInt8]) -> String? {
        var decoder = SocketPacketDecoder()
        guard let packet = try? decoder.received(input[...]) else { return nil }
        let message: EngineMessage
        switch packet {
        case .event(let namespace, let name, let arguments, let id):
            message = OutgoingEvent(name: name, arguments: arguments, id: id).encoded(namespace: namespace)
        case .ack(let namespace, let arguments, let id?):
            message = SocketPacketWriter.ack(arguments, id: id, namespace: namespace)
        case .ack, .connect, .disconnect, .connectError: return nil
        }
        let again = try? decoder.received(message.text.dropFirst())
        // A name written as a number comes back as a string.
        guard again == packet else { return "\(packet) comes back as \(String(describing: again))" }
        return nil
    }

    /// A payload is read the same as its packets are one by one.
    public static func payloadDifference(_ input: [UInt8]) -> String? {
        var packets: [EnginePacket] = []
        let isWhole =
            (try? EnginePayload.forEachPacket(in: input) { packet in
                packets.append(packet)
                return true
            }) != nil
        guard isWhole else { return nil }
        let single = input.split(separator: EnginePayload.separator, omittingEmptySubsequences: false)
            .map { try? EnginePayload.packet($0) }
        return single == packets.map(Optional.some) ? nil : "\(packets) one by one are \(single)"
    }

    /// A server survives whatever two clients send, and forgets them when they have gone.
    ///
    /// Each byte below 8 in the input does something; the bytes up to the next are a message.
    public static func drive(_ input: [UInt8]) -> String? {
        var state: UInt64 = 1
        var options = SocketOptions()
        options.recovery = RecoveryOptions()
        let io = SocketServer(options) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 31
        }
        io.root.on("message") { event in
            event.socket.join("room")
            event.socket.emit("message-back", event.arguments)
            event.acknowledge?(event.arguments)
            io.root.to("room").except("other").emit("news", event.arguments)
        }
        _ = io.of("/custom")
        var now = Instant(milliseconds: 0)
        var clients = (0..<2).map { _ in FuzzedClient(io.engine, at: now) }
        for part in input.split(whereSeparator: { $0 < 8 }) {
            let action = part.startIndex > input.startIndex ? input[part.startIndex - 1] : 0
            let client = clients[Int(action & 1)]
            switch action >> 1 {
            case 0: client.socket.received(text: Array(part), at: now)
            case 1: client.socket.received(binary: Array(part), at: now)
            case 2:
                now = now + .milliseconds(part.count * 1_000)
                io.engine.wake(at: now)
            default:
                client.socket.linkClosed(at: now)
                clients[Int(action & 1)] = FuzzedClient(io.engine, at: now)
            }
        }
        for client in clients { client.socket.linkClosed(at: now) }
        guard io.engine.sessionCount == 0, io.root.isEmpty, io.of("/custom").isEmpty else {
            return "somebody is still there"
        }
        io.engine.wake(at: now + .seconds(300))
        guard io.engine.nextDeadline == nil else { return "something still waits" }
        io.close()
        return nil
    }

    private final class FuzzedClient: EngineLink {
        private(set) var socket: EngineWebSocket!
        private(set) var backlog = 0

        init(_ engine: EngineServer, at now: Instant) {
            let query: [EngineRequest.Pair] = [("EIO", "4"), ("transport", "websocket")]
            socket = engine.openWebSocket(EngineRequest(method: "GET", query: query), link: self, at: now)
        }

        func send(_ frames: [UInt8]) {}
        func close(code: UInt16, reason: String) {}
    }
}
