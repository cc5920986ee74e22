import Bytes
import HTTP
import Reactor

/// Rooms over plain WebSocket: `{"join":"r"}` is answered `{"ok":true}`, `{"echo":v}` with `{"echo":v}`.
@Loop
final class PlainRooms {
    private var members: [String: [ObjectIdentifier: WebSocket]] = [:]

    func join(_ socket: WebSocket, _ room: String) { members[room, default: [:]][ObjectIdentifier(socket)] = socket }

    func leave(_ socket: WebSocket) {
        for room in members.keys { members[room]?[ObjectIdentifier(socket)] = nil }
    }

    /// Framed once for all members.
    func publish(_ data: JSON, as event: String, to room: String) {
        guard let sockets = members[room] else { return }
        var frame: [UInt8] = []
        WebSocketEncoder.append(.text, JSON.object(["event": .string(event), "data": data]).encoded(), to: &frame)
        for socket in sockets.values { socket.send(frames: frame) }
    }
}

@Loop
final class PlainClient: WebSocketDelegate {
    private let rooms: PlainRooms

    init(rooms: PlainRooms) { self.rooms = rooms }

    func webSocket(_ socket: WebSocket, receivedText text: [UInt8]) {
        guard let message = try? JSON(parsing: text) else {
            socket.close(code: 1007, reason: "that is not JSON")
            return
        }
        if let room = message["join"]?.string {
            rooms.join(socket, room)
            socket.send(text: Array(#"{"ok":true}"#.utf8))
        } else if let data = message["publish"] {
            rooms.publish(data, as: "ev", to: "r")
            socket.send(text: Array(#"{"ok":true}"#.utf8))
        } else if message["echo"] != nil {
            socket.send(text: text)
        }
    }

    func webSocket(_ socket: WebSocket, receivedBinary bytes: [UInt8]) {}
    func webSocketClosed(_ socket: WebSocket, code: UInt16?) { rooms.leave(socket) }
}
