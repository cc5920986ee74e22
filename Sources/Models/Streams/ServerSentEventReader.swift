import Bytes

/// One message of a provider's event stream, with its data as the bytes that came.
struct ServerSentMessage: Equatable {
    /// Empty where the stream names none.
    var event: String
    var data: [UInt8]
}

/// Splits `text/event-stream` into messages (WHATWG HTML §9.2.6): lines end in LF, CR or CRLF, an empty one ends a
/// message, a byte order mark at the start is passed over.
///
/// It works on bytes, so that neither a character nor a line end is torn by the cuts of the network; whether the data is
/// UTF-8 is for whoever parses it to see.
struct ServerSentEventReader: StreamDecoder, Sendable {
    typealias Frame = ServerSentMessage
    typealias Failure = ModelStreamError

    /// Bytes that one event may have (chat-runtime §6.4 has the same for clients).
    static let limit = 16 << 20

    private let limit: Int
    private var line: [UInt8] = []
    private var lastWasCarriageReturn = false
    private var isAtStart = true

    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false

    private var ready: [ServerSentMessage] = []
    private var taken = 0
    private var isTooLarge = false

    init(limit: Int = ServerSentEventReader.limit) { self.limit = limit }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else { continue }
            let endsCarriageReturn = byte == UInt8(ascii: "\n") && lastWasCarriageReturn && index == start
            if !endsCarriageReturn {
                take(bytes[start..<index])
                if isTooLarge { return }
                endLine()
            }
            lastWasCarriageReturn = byte == UInt8(ascii: "\r")
            start = index + 1
        }
        if start < bytes.count {
            lastWasCarriageReturn = false
            take(bytes[start...])
        }
    }

    mutating func next() throws(ModelStreamError) -> ServerSentMessage? {
        if taken < ready.count {
            defer { taken += 1 }
            return ready[taken]
        }
        ready.removeAll(keepingCapacity: true)
        taken = 0
        if isTooLarge { throw .eventTooLarge(limit: limit) }
        return nil
    }

    /// Gives the last message also where its empty line, or the end of its last line, is missing: there are servers that
    /// end so, and what was cut off in the middle is no JSON.
    mutating func finish() throws(ModelStreamError) {
        if isTooLarge { return }
        if !line.isEmpty { endLine() }
        dispatch()
    }

    private mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>) {
        // What is over the limit is not kept.
        guard line.count + data.count + bytes.count <= limit else {
            isTooLarge = true
            return
        }
        line.append(contentsOf: bytes)
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
        let name = line[..<(colon ?? line.count)]
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        if name.elementsEqual("data".utf8) {
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data.append(contentsOf: value)
        } else if name.elementsEqual("event".utf8) {
            event = String(decoding: value, as: UTF8.self)
        }
    }

    private mutating func dispatch() {
        if hasData { ready.append(ServerSentMessage(event: event, data: data)) }
        event = ""
        data.removeAll()
        hasData = false
    }
}
