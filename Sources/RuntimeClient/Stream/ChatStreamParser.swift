import Bytes
import Glibc

/// Reads the body of a chat stream (§6.4): bytes in whatever pieces, events or one violation out.
///
/// A plain value. Every event before a violation is given, nothing is after it; what follows `done` or `error` is passed
/// over. The answer does not depend on how the bytes were cut. Nothing is trimmed: a delta is what the server sent, but
/// for the line ends of the framing.
public struct ChatStreamParser: StreamDecoder, Sendable {
    public typealias Frame = ChatEvent
    public typealias Failure = ChatStreamViolation

    /// Bytes that the lines of one event may have together.
    public static let eventLimit = 16 << 20

    private let limit: Int
    private var utf8 = UTF8Validator()

    /// The line that has not ended yet; nothing of a comment is kept.
    private var line: [UInt8] = []
    private var isComment = false
    private var isFirstLine = true
    private var skipsLineFeed = false

    /// The event that has not ended yet.
    private var name = ""
    private var payload: [UInt8] = []
    private var hasPayload = false
    /// Bytes of its lines.
    private var size = 0

    private var hasBegun = false
    private var ready: [ChatEvent] = []
    private var taken = 0
    private var violation: ChatStreamViolation?

    /// Whether `done` or `error` came: the stream is over, and its connection can be closed.
    public private(set) var isComplete = false

    public init(eventLimit: Int = ChatStreamParser.eventLimit) {
        limit = eventLimit
    }

    private var isOver: Bool { isComplete || violation != nil }

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var ends = LineEnds(bytes)
        var start = 0
        while start < bytes.count, !isOver {
            if skipsLineFeed {
                skipsLineFeed = false
                if bytes[start] == UInt8(ascii: "\n") {
                    start += 1
                    continue
                }
            }
            let end = ends.next(from: start)
            // The line's end is checked with the line: it may stand where a letter was to go on.
            var stop = end.map { $0 + 1 } ?? bytes.count
            // Whether the first line has a byte order mark is known before anything else of it.
            if isFirstLine { stop = min(stop, start + 3 - line.count) }
            // No byte is looked at that stands behind a violation, so that the first one does not depend on the cuts.
            let room = limit - size - line.count
            let isTooLong = !continuesComment(with: bytes[start]) && min(stop, end ?? stop) - start > room
            if isTooLong { stop = start + room + 1 }
            guard utf8.feed(UnsafeRawBufferPointer(rebasing: bytes[start..<stop])) else {
                violation = .invalidUTF8
                return
            }
            guard !isTooLong else {
                violation = .eventTooLong(limit: limit)
                return
            }
            take(UnsafeRawBufferPointer(rebasing: bytes[start..<min(stop, end ?? stop)]))
            start = stop
            if let end, stop > end {
                skipsLineFeed = bytes[end] == UInt8(ascii: "\r")
                endLine()
            }
        }
    }

    public mutating func next() throws(ChatStreamViolation) -> ChatEvent? {
        if taken < ready.count {
            defer { taken += 1 }
            return ready[taken]
        }
        ready.removeAll(keepingCapacity: true)
        taken = 0
        if let violation { throw violation }
        return nil
    }

    /// The server closed the stream: an event without its empty line is none, and without a terminal event it is one of
    /// the violations, which ``next()`` throws once the events before it are taken.
    public mutating func finish() throws(ChatStreamViolation) {
        if !isOver { violation = .truncated }
        if taken == ready.count, let violation { throw violation }
    }

    // MARK: - Lines

    /// Whether a byte is part of a comment, which may be as long as it likes.
    private func continuesComment(with byte: UInt8) -> Bool {
        isComment || (line.isEmpty && !isFirstLine && byte == UInt8(ascii: ":"))
    }

    private mutating func take(_ piece: UnsafeRawBufferPointer) {
        guard let first = piece.first else { return }
        if continuesComment(with: first) {
            isComment = true
            return
        }
        line.append(contentsOf: piece)
        guard isFirstLine, line.count >= 3 else { return }
        isFirstLine = false
        // A byte order mark is no part of the event.
        if line.elementsEqual([0xEF, 0xBB, 0xBF]) { line = [] }
        if line.first == UInt8(ascii: ":") {
            line = []
            isComment = true
        }
    }

    private mutating func endLine() {
        isFirstLine = false
        if isComment || line.first == UInt8(ascii: ":") {
            isComment = false
            line.removeAll(keepingCapacity: true)
            return
        }
        if line.isEmpty { return endEvent() }
        size += line.count
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        let field = line[..<(colon ?? line.count)]
        if field.elementsEqual("data".utf8) {
            if hasPayload { payload.append(UInt8(ascii: "\n")) }
            hasPayload = true
            payload.append(contentsOf: value)
        } else if field.elementsEqual("event".utf8) {
            name = String(decoding: value, as: UTF8.self)
        }
        line.removeAll(keepingCapacity: true)
    }

    // MARK: - Events

    private mutating func endEvent() {
        defer {
            name = ""
            payload.removeAll(keepingCapacity: true)
            hasPayload = false
            size = 0
        }
        guard hasPayload else { return }
        do throws(ChatStreamViolation) {
            guard let event = try event() else { return }
            if !hasBegun, event.name != "session" { throw .wrongFirstEvent(event.name) }
            hasBegun = true
            isComplete = event.isTerminal
            ready.append(event)
        } catch {
            violation = error
        }
    }

    private func event() throws(ChatStreamViolation) -> ChatEvent? {
        let name = name.isEmpty ? "delta" : name
        switch name {
        case "delta": return .delta(String(decoding: payload, as: UTF8.self))
        case "session", "tool_call", "done", "error":
            guard let data = try? JSON(parsing: payload), data.object != nil else { throw .notAnObject(event: name) }
            return try ChatEvent(name: name, data: data)
        default: return nil
        }
    }
}

/// Finds line ends, looking at every byte at most twice whichever they are.
private struct LineEnds {
    private let bytes: UnsafeRawBufferPointer
    private var lineFeed = -1
    private var carriageReturn = -1

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The first LF or CR from there on; places are asked for in order.
    mutating func next(from start: Int) -> Int? {
        if lineFeed < start { lineFeed = first(UInt8(ascii: "\n"), from: start) }
        if carriageReturn < start { carriageReturn = first(UInt8(ascii: "\r"), from: start) }
        let end = min(lineFeed, carriageReturn)
        return end < bytes.count ? end : nil
    }

    /// Where the byte stands, or the end.
    private func first(_ byte: UInt8, from start: Int) -> Int {
        guard let base = bytes.baseAddress, let found = memchr(base + start, Int32(byte), bytes.count - start) else {
            return bytes.count
        }
        return UnsafeRawPointer(found) - base
    }
}
