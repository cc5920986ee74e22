import Bytes

/// One Socket.IO event for the union of some rooms, encoded once for all who are in them.
public struct Emission: Equatable, Sendable {
    public var rooms: [String]
    public var event: String
    /// The single argument, as JSON text.
    public var payload: [UInt8]

    public init(rooms: [String], event: String, payload: [UInt8]) {
        self.rooms = rooms
        self.event = event
        self.payload = payload
    }

    public init(rooms: [String], event: String, payload: JSON) {
        self.init(rooms: rooms, event: event, payload: payload.encoded())
    }
}
