import Bytes

/// Why bytes are not an HTTP/1.1 answer.
public enum HTTPDecodingError: Error, Equatable, Sendable {
    case badStatusLine
    case badHeader
    case headTooLong(limit: Int)
    case badLength
    case badChunk
    case unexpectedEnd
}

/// Reads HTTP/1.1 answers from one connection, one after the other.
///
/// A body ends by its length, its last chunk, or with the connection. An answer to an upgrade ends with its head:
/// what follows belongs to the new protocol and is left in `remainder`.
public struct HTTPResponseDecoder: StreamDecoder {
    public enum Frame: Equatable, Sendable {
        case head(HTTPResponseHead)
        case body([UInt8])
        case end
    }

    public static let headLimit = 65536

    private enum State: Equatable {
        case head
        case sized(left: Int)
        case untilClose
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case upgraded
    }

    private var state = State.head
    private var buffer: [UInt8] = []
    private var start = 0
    /// How far the search for a line's end has come, so that a head fed byte by byte costs no more.
    private var searched = 0
    private var headSize = 0
    private var status: Int?
    private var headers: [HTTPHeader] = []
    private var isFinished = false
    private var pendingEnd = false

    public init() {}

    /// Whether the connection can take another request: the last answer is complete and said nothing of closing.
    public private(set) var canContinue = true
    /// Bytes after the head of a 101.
    public var remainder: [UInt8] { Array(buffer[start...]) }

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            searched = 0
            start = 0
        } else if start > 65536 {
            buffer.removeSubrange(..<start)
            searched -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    public mutating func finish() throws(HTTPDecodingError) {
        isFinished = true
        switch state {
        case .untilClose:
            state = .head
            pendingEnd = true
            canContinue = false
        case .head where start == buffer.count && status == nil: break
        case .upgraded: break
        case .head, .sized, .chunkSize, .chunk, .chunkEnd, .trailers: throw .unexpectedEnd
        }
    }

    public mutating func next() throws(HTTPDecodingError) -> Frame? {
        while true {
            if pendingEnd {
                pendingEnd = false
                return .end
            }
            switch state {
            case .upgraded: return nil
            case .head:
                guard let line = try line() else { return nil }
                if let head = try headLine(line) { return .head(head) }
            case .sized(let left):
                guard let body = take(atMost: left) else { return nil }
                end(after: left - body.count, else: .sized(left: left - body.count))
                return .body(body)
            case .untilClose:
                guard let body = take(atMost: .max) else { return nil }
                return .body(body)
            case .chunkSize:
                guard let line = try line() else { return nil }
                guard let size = Self.chunkSize(line) else { throw .badChunk }
                state = size == 0 ? .trailers : .chunk(left: size)
            case .chunk(let left):
                guard let body = take(atMost: left) else { return nil }
                state = left == body.count ? .chunkEnd : .chunk(left: left - body.count)
                return .body(body)
            case .chunkEnd:
                guard let line = try line() else { return nil }
                guard line.isEmpty else { throw .badChunk }
                state = .chunkSize
            case .trailers:
                guard let line = try line() else { return nil }
                if line.isEmpty {
                    state = .head
                    return .end
                }
            }
        }
    }

    // MARK: - Head

    /// Takes one line of the head; returns the head with the empty line that ends it.
    private mutating func headLine(_ line: ArraySlice<UInt8>) throws(HTTPDecodingError) -> HTTPResponseHead? {
        guard let status else {
            if line.isEmpty { return nil }
            self.status = try Self.status(line)
            return nil
        }
        guard line.isEmpty else {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                throw .badHeader
            }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let value = Self.trimmed(line[(colon + 1)...])
            headers.append(HTTPHeader(name, String(decoding: value, as: UTF8.self)))
            return nil
        }
        let head = HTTPResponseHead(status: status, headers: headers)
        self.status = nil
        headers = []
        headSize = 0
        try begin(head)
        // 1xx other than 101 precede the real answer.
        return status >= 100 && status < 200 && status != 101 ? nil : head
    }

    private mutating func begin(_ head: HTTPResponseHead) throws(HTTPDecodingError) {
        if head.status == 101 {
            state = .upgraded
            return
        }
        if head.status < 200 {
            state = .head
            return
        }
        canContinue = head["connection"]?.lowercased() != "close"
        if head.status == 204 || head.status == 304 {
            pendingEnd = true
            state = .head
        } else if head["transfer-encoding"]?.lowercased().hasSuffix("chunked") == true {
            state = .chunkSize
        } else if let text = head["content-length"] {
            guard let length = Int(text), length >= 0 else { throw .badLength }
            end(after: length, else: .sized(left: length))
        } else {
            state = .untilClose
        }
    }

    private mutating func end(after left: Int, else other: State) {
        if left == 0 {
            state = .head
            pendingEnd = true
        } else {
            state = other
        }
    }

    private static func status(_ line: ArraySlice<UInt8>) throws(HTTPDecodingError) -> Int {
        let prefix = Array("HTTP/1.".utf8)
        guard line.count >= 12, line.starts(with: prefix), line[line.startIndex + 8] == UInt8(ascii: " ") else {
            throw .badStatusLine
        }
        let digits = line[(line.startIndex + 9)..<(line.startIndex + 12)]
        guard let status = Int(String(decoding: digits, as: UTF8.self)), status >= 100 else { throw .badStatusLine }
        return status
    }

    // MARK: - Bytes

    /// The next line without its end; `nil` when it has not arrived whole.
    private mutating func line() throws(HTTPDecodingError) -> ArraySlice<UInt8>? {
        searched = max(searched, start)
        guard let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.count
            guard headSize + buffer.count - start <= Self.headLimit else { throw .headTooLong(limit: Self.headLimit) }
            return nil
        }
        var line = buffer[start..<newline]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if state == .head || state == .trailers {
            headSize += line.count
            guard headSize <= Self.headLimit else { throw .headTooLong(limit: Self.headLimit) }
        }
        start = newline + 1
        searched = start
        return line
    }

    private mutating func take(atMost limit: Int) -> [UInt8]? {
        guard start < buffer.count else { return nil }
        let end = start + min(limit, buffer.count - start)
        defer { start = end }
        return Array(buffer[start..<end])
    }

    private static func chunkSize(_ line: ArraySlice<UInt8>) -> Int? {
        let digits = trimmed(line.prefix { $0 != UInt8(ascii: ";") })
        guard !digits.isEmpty, digits.count <= 15 else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }
}
