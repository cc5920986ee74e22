import Bytes
import Fleet

/// An event with the stream it belongs to (§6.5): the channel carries the events of all streams to all listeners.
public struct ChatEnvelope: Equatable, Sendable {
    /// Where a bridge pushes events.
    public static let channel = "chaos://chat-event"

    /// A UUID that the client makes for each stream.
    public var streamID: String
    public var event: ChatEvent

    public init(streamID: String, event: ChatEvent) {
        self.streamID = streamID
        self.event = event
    }

    /// `{stream_id, event, data}`
    public var json: JSON {
        ["stream_id": .string(streamID), "event": .string(event.name), "data": event.data]
    }

    static func makeStreamID() -> String {
        var generator = SystemRandomNumberGenerator()
        return UUIDText.text(randomBytes: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
