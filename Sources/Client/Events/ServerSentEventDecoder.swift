import Bytes

/// One message of an event stream.
public struct ServerSentEvent: Equatable, Sendable {
    /// The last id that the stream has named, which is what a reconnecting client sends back.
    public var id: String?
    public var event: String
    public var data: String

    public init(id: String? = nil, event: String = "message", data: String) {
        self.id = id
        self.event = event
        self.data = data
    }
}

/// A line or a message is longer than anything the daemon sends.
public struct ServerSentEventTooLong: Error, Equatable, Sendable {
    public var limit: Int
}

/// Reads `text/event-stream` (WHATWG HTML §9.2.6).
///
/// Lines end in LF, CR or CRLF, and an empty one ends a message.
public struct ServerSentEventDecoder: StreamDecoder {
    public typealias Frame = ServerSentEvent
    public typealias Failure = ServerSentEventTooLong

    public static let limit = 8 << 20

    private var line: [UInt8] = []
    private var lastWasCarriageReturn = false
    private var isAtStart = true

    private var id: String?
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false

    private var ready: [ServerSentEvent] = []
    private var taken = 0
    private var failure: ServerSentEventTooLong?

    public init() {}

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where lastWasCarriageReturn: lastWasCarriageReturn = false
            case UInt8(ascii: "\n"): endLine()
            case UInt8(ascii: "\r"):
                lastWasCarriageReturn = true
                endLine()
            default:
                lastWasCarriageReturn = false
                line.append(byte)
                if line.count + data.count > Self.limit { failure = ServerSentEventTooLong(limit: Self.limit) }
            }
            if failure != nil { return }
        }
    }

    public mutating func next() throws(ServerSentEventTooLong) -> ServerSentEvent? {
        if taken < ready.count {
            defer { taken += 1 }
            return ready[taken]
        }
        ready.removeAll(keepingCapacity: true)
        taken = 0
        if let failure { throw failure }
        return nil
    }

    /// A message without its empty line is not one: the standard drops it.
    public mutating func finish() throws(ServerSentEventTooLong) {
        if let failure { throw failure }
    }

    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        if isAtStart {
            isAtStart = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        if colon == 0 { return }
        let name = String(decoding: line[..<(colon ?? line.count)], as: UTF8.self)
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch name {
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data.append(contentsOf: value)
        case "event": event = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): id = String(decoding: value, as: UTF8.self)
        default: break
        }
    }

    private mutating func dispatch() {
        defer {
            event = ""
            data.removeAll(keepingCapacity: true)
            hasData = false
        }
        guard hasData else { return }
        let text = String(decoding: data, as: UTF8.self)
        ready.append(ServerSentEvent(id: id, event: event.isEmpty ? "message" : event, data: text))
    }
}
