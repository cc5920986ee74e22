import CHTTPParser

/// Why a request cannot be understood, as the status that says so.
struct RequestFailure: Error {
    var status: HTTPStatus
    var message: String
}

/// What the parser tells of its news, in order.
protocol RequestParserDelegate: AnyObject {
    /// The headers are complete. Throwing ends the connection with that answer.
    func parserReadHead(
        _ request: HTTPRequest, contentLength: UInt64?, isVersion11: Bool, keepAlive: Bool) throws(RequestFailure)
    func parserReadBody(_ bytes: UnsafeRawBufferPointer) throws(RequestFailure)
    /// The request is complete. Returning `false` stops the parser before the next one.
    func parserReadRequest() -> Bool
}

/// http-parser behind one file, so that it can be exchanged.
///
/// A class, because a callback may let go of the parser that called it, as an upgrade does.
final class RequestParser {
    private let parser: UnsafeMutablePointer<http_parser>
    private let context: Context

    /// What the C callbacks find behind the parser's `data`.
    private final class Context {
        unowned let delegate: any RequestParserDelegate
        let maxHeaderSize: Int
        var request = HTTPRequest()
        var target: [UInt8] = []
        var failure: RequestFailure?
        var isValue = false
        var headSize = 0
        var isHeadComplete = false
        /// The bytes being parsed.
        var input = UnsafeRawBufferPointer(start: nil, count: 0)
        /// Bytes of the present chunk that are still to come; `nil` outside a chunk.
        var chunkRest: UInt64?
        /// What must follow a chunk's data and has not been seen: CR LF, or LF alone.
        var owedEnd: [UInt8] = []

        init(_ delegate: any RequestParserDelegate, maxHeaderSize: Int) {
            self.delegate = delegate
            self.maxHeaderSize = maxHeaderSize
        }

        static let badChunk = RequestFailure(status: 400, message: "a chunk is longer than it says")

        /// Looks at what follows a chunk's data, which the distribution's parser passes over unseen.
        func readChunkData(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> Bool {
            guard let rest = chunkRest, let bytes else { return true }
            guard rest <= UInt64(count) else {
                chunkRest = rest - UInt64(count)
                return true
            }
            chunkRest = nil
            owedEnd = [13, 10]
            let end = UnsafeRawPointer(bytes) + count
            guard let base = input.baseAddress, end <= base + input.count else { return true }
            return checkChunkEnd(UnsafeRawBufferPointer(start: end, count: base + input.count - end))
        }

        func checkChunkEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
            for byte in bytes {
                guard let owed = owedEnd.first else { break }
                guard byte == owed else { return false }
                owedEnd.removeFirst()
            }
            return true
        }

        func fail(_ failure: RequestFailure) -> Int32 {
            self.failure = failure
            return -1
        }
    }

    init(delegate: any RequestParserDelegate, maxHeaderSize: Int) {
        parser = .allocate(capacity: 1)
        http_parser_init(parser, HTTP_REQUEST)
        context = Context(delegate, maxHeaderSize: maxHeaderSize)
        parser.pointee.data = Unmanaged.passUnretained(context).toOpaque()
    }

    deinit { parser.deallocate() }

    /// Whether a request has begun whose headers are not complete.
    var isInHead: Bool { context.headSize > 0 && !context.isHeadComplete }

    func resume() { http_parser_pause(parser, 0) }

    /// Parses what it can: up to the end, a pause or an upgrade.
    ///
    /// - Returns: How many bytes were used.
    func parse(_ bytes: UnsafeRawBufferPointer) throws(RequestFailure) -> Int {
        guard context.checkChunkEnd(bytes) else { throw Context.badChunk }
        context.input = bytes
        defer { context.input = UnsafeRawBufferPointer(start: nil, count: 0) }
        let used = withUnsafePointer(to: Self.settings) { settings in
            http_parser_execute(parser, settings, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        let error = http_errno(rawValue: parser.pointee.http_errno)
        if error == HPE_OK || error == HPE_PAUSED { return used }
        if let failure = context.failure { throw failure }
        // The first word of HTTP/2's preface ends where PROPFIND would go on (RFC 9113 §3.4).
        let isPreface =
            error == HPE_INVALID_METHOD && http_method(UInt32(parser.pointee.method)) == HTTP_PROPFIND
            && used < bytes.count && bytes[used] == UInt8(ascii: "I")
        throw Self.failure(for: isPreface ? HPE_INVALID_VERSION : error)
    }

    private static func failure(for error: http_errno) -> RequestFailure {
        switch error {
        case HPE_HEADER_OVERFLOW: RequestFailure(status: 431, message: "the header fields are too large")
        case HPE_INVALID_METHOD: RequestFailure(status: 501, message: "the method is not one we know")
        case HPE_INVALID_VERSION: RequestFailure(status: 505, message: "only HTTP/1.1 and HTTP/1.0 are spoken here")
        default:
            RequestFailure(status: 400, message: "malformed request: \(String(cString: http_errno_description(error)))")
        }
    }

    // MARK: - Callbacks

    private static let settings: http_parser_settings = {
        var settings = http_parser_settings()
        http_parser_settings_init(&settings)
        settings.on_message_begin = { parser in
            let context = RequestParser.context(of: parser)
            context.request = HTTPRequest()
            context.target.removeAll(keepingCapacity: true)
            context.isValue = false
            context.headSize = 1
            context.isHeadComplete = false
            return 0
        }
        settings.on_url = { parser, bytes, count in
            let context = RequestParser.context(of: parser)
            context.headSize += count
            guard context.headSize <= context.maxHeaderSize else {
                return context.fail(RequestFailure(status: 414, message: "the request target is too long"))
            }
            context.target.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
        settings.on_header_field = { parser, bytes, count in
            RequestParser.append(bytes, count, to: RequestParser.context(of: parser), isValue: false)
        }
        settings.on_header_value = { parser, bytes, count in
            RequestParser.append(bytes, count, to: RequestParser.context(of: parser), isValue: true)
        }
        settings.on_headers_complete = { parser in RequestParser.headComplete(parser!) }
        settings.on_body = { parser, bytes, count in
            let context = RequestParser.context(of: parser)
            guard context.readChunkData(bytes, count) else { return context.fail(Context.badChunk) }
            do throws(RequestFailure) {
                try context.delegate.parserReadBody(UnsafeRawBufferPointer(start: bytes, count: count))
                return 0
            } catch {
                return context.fail(error)
            }
        }
        settings.on_chunk_header = { parser in
            let size = parser!.pointee.content_length
            RequestParser.context(of: parser).chunkRest = size > 0 ? size : nil
            return 0
        }
        settings.on_message_complete = { parser in
            RequestParser.context(of: parser).headSize = 0
            if !RequestParser.context(of: parser).delegate.parserReadRequest() { http_parser_pause(parser, 1) }
            return 0
        }
        return settings
    }()

    private static func context(of parser: UnsafeMutablePointer<http_parser>?) -> Context {
        Unmanaged<Context>.fromOpaque(parser!.pointee.data).takeUnretainedValue()
    }

    private static func append(_ bytes: UnsafePointer<CChar>?, _ count: Int, to context: Context, isValue: Bool)
        -> Int32
    {
        context.headSize += count
        let request = context.request
        guard context.headSize <= context.maxHeaderSize, request.headers.fields.count <= 128 else {
            return context.fail(RequestFailure(status: 431, message: "the header fields are too large"))
        }
        // What trails a body came too late to be judged by.
        if context.isHeadComplete { return 0 }
        let start = request.headers.bytes.count
        request.headers.bytes.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        let end = request.headers.bytes.count
        if !isValue {
            if context.isValue || request.headers.fields.isEmpty {
                request.headers.fields.append(HTTPHeaders.Field(name: start..<end, value: end..<end))
            } else {
                let last = request.headers.fields.count - 1
                request.headers.fields[last].name = request.headers.fields[last].name.lowerBound..<end
                request.headers.fields[last].value = end..<end
            }
        } else {
            let last = request.headers.fields.count - 1
            let valueStart = context.isValue ? request.headers.fields[last].value.lowerBound : start
            request.headers.fields[last].value = valueStart..<end
        }
        context.isValue = isValue
        return 0
    }

    private static func headComplete(_ parser: UnsafeMutablePointer<http_parser>) -> Int32 {
        let context = context(of: parser)
        let request = context.request
        context.headSize = 0
        context.isHeadComplete = true
        request.method = method(http_method(UInt32(parser.pointee.method)))
        let target = context.target
        if let mark = target.firstIndex(of: UInt8(ascii: "?")) {
            request.path = String(decoding: target[..<mark], as: UTF8.self)
            request.query = String(decoding: target[(mark + 1)...], as: UTF8.self)
        } else {
            request.path = String(decoding: target, as: UTF8.self)
        }
        // An absolute target is for proxies; every server must take it (RFC 9112 §3.2.2).
        if request.path.hasPrefix("http://"), let slash = request.path.dropFirst(7).firstIndex(of: "/") {
            request.path = String(request.path[slash...])
        }
        // Only WebSocket is spoken beside HTTP; an offer of anything else is passed over, as the protocol allows.
        request.isUpgrade =
            parser.pointee.upgrade != 0 && request.method == .get
            && request.headers.list("upgrade", contains: "websocket")
        if !request.isUpgrade {
            guard http_method(UInt32(parser.pointee.method)) != HTTP_CONNECT else {
                return context.fail(RequestFailure(status: 501, message: "this is not a proxy"))
            }
            parser.pointee.upgrade = 0
        }
        let isVersion11 = parser.pointee.http_major == 1 && parser.pointee.http_minor >= 1
        guard parser.pointee.http_major == 1 else {
            return context.fail(RequestFailure(status: 505, message: "only HTTP/1.1 and HTTP/1.0 are spoken here"))
        }
        guard request.headers.fields.allSatisfy({ isToken(request.headers.bytes[$0.name]) }) else {
            return context.fail(RequestFailure(status: 400, message: "a field name has a character that none may have"))
        }
        let hosts = request.headers.count(of: "host")
        guard hosts == 1 || (hosts == 0 && !isVersion11) else {
            return context.fail(RequestFailure(status: 400, message: "exactly one Host field is needed"))
        }
        if request.headers.count(of: "transfer-encoding") > 0, request.headers.count(of: "content-length") > 0 {
            return context.fail(
                RequestFailure(status: 400, message: "Content-Length and Transfer-Encoding exclude each other"))
        }
        let length = parser.pointee.content_length
        do throws(RequestFailure) {
            try context.delegate.parserReadHead(
                request, contentLength: length == UInt64.max ? nil : length,
                isVersion11: isVersion11, keepAlive: isVersion11 && http_should_keep_alive(parser) != 0)
            return 0
        } catch {
            return context.fail(error)
        }
    }

    /// RFC 9110 §5.6.2. The distribution's parser is lenient: it would take a space before the colon.
    private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60,
                    0x7C, 0x7E:
                    return true
                default: return false
                }
            }
    }

    private static func method(_ method: http_method) -> HTTPMethod {
        switch method {
        case HTTP_GET: .get
        case HTTP_HEAD: .head
        case HTTP_POST: .post
        case HTTP_PUT: .put
        case HTTP_PATCH: .patch
        case HTTP_DELETE: .delete
        case HTTP_OPTIONS: .options
        default: .other
        }
    }
}
