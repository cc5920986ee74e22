import CCurl
import Glibc
import Synchronization

/// What is asked of a server.
struct HTTPCall: Sendable {
    var method: String
    var url: String
    /// Whole header lines, checked to be one line each.
    var headers: [String] = []
    /// For POST; empty is a POST without a body.
    var body: [UInt8] = []
    /// For name, connection and TLS together.
    var connectLimit: Duration
    /// For all of it.
    var totalLimit: Duration?
    /// Between two pieces of the answer, and before the first.
    var idleLimit: Duration?
}

/// The beginning of an answer.
struct HTTPAnswerHead: Equatable, Sendable {
    var status = 0
    var reason = ""
    var contentType: String?
}

/// Why an exchange did not come to its end.
enum HTTPExchangeFailure: Error, Equatable, Sendable {
    /// Not reached, broken off or too late: `reason` is for a person.
    case network(reason: String)
    case cancelled
}

/// One request and its answer over libcurl. It blocks its thread, and can be cancelled from any other.
final class HTTPExchange: Sendable {
    private struct State {
        nonisolated(unsafe) var multi: UnsafeMutableRawPointer?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Ends the exchange soon, with ``HTTPExchangeFailure/cancelled``.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let multi = state.multi { drover_multi_wakeup(multi) }
        }
    }

    private var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Makes the exchange. `head` is told when all of it is there, `body` piece by piece; a `false` ends the exchange in
    /// good order and closes the connection.
    func perform(
        _ call: HTTPCall, head: @escaping (HTTPAnswerHead) -> Bool, body: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(HTTPExchangeFailure) {
        // libcurl writes here until its handle is gone, so this goes last.
        let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer { words.deallocate() }
        guard drover_curl_load() != 0 else {
            throw .network(reason: "libcurl is not installed; its package is libcurl4 or curl")
        }
        guard let easy = drover_easy_init() else { throw .network(reason: "libcurl cannot be set up") }
        defer { drover_easy_cleanup(easy) }
        guard let multi = drover_multi_init() else { throw .network(reason: "libcurl cannot be set up") }
        defer {
            state.withLock { $0.multi = nil }
            drover_multi_cleanup(multi)
        }
        let wasCancelled = state.withLock { state in
            state.multi = multi
            return state.isCancelled
        }
        if wasCancelled { throw .cancelled }

        let answer = HTTPAnswer(head: head, body: body)
        let headers = Self.list(call.headers)
        defer { drover_slist_free_all(headers) }
        Self.prepare(easy, call, answer, headers, words)
        drover_multi_add_handle(multi, easy)
        defer { drover_multi_remove_handle(multi, easy) }
        try withExtendedLifetime(answer) { () throws(HTTPExchangeFailure) in
            try drive(multi, call, answer, words)
        }
    }

    private func drive(
        _ multi: UnsafeMutableRawPointer, _ call: HTTPCall, _ answer: HTTPAnswer, _ words: UnsafePointer<CChar>
    ) throws(HTTPExchangeFailure) {
        while true {
            var running: Int32 = 0
            drover_multi_perform(multi, &running)
            if answer.hasStopped { return }
            var left: Int32 = 0
            while let message = drover_multi_info_read(multi, &left) {
                guard message.pointee.msg == CURLMSG_DONE else { continue }
                let code = message.pointee.data.result
                if code == CURLE_OK { return }
                let said = String(cString: words)
                throw .network(reason: said.isEmpty ? String(cString: drover_easy_strerror(code)) : said)
            }
            if isCancelled { throw .cancelled }
            var wait = 1000
            if let limit = call.idleLimit {
                let left = answer.lastNews + limit - .now
                guard left > .zero else { throw .network(reason: "nothing came for \(limit)") }
                wait = min(wait, left.wholeMilliseconds + 1)
            }
            drover_multi_poll(multi, Int32(wait))
        }
    }

    // MARK: - Options

    private static func prepare(
        _ easy: UnsafeMutableRawPointer, _ call: HTTPCall, _ answer: HTTPAnswer,
        _ headers: UnsafeMutablePointer<curl_slist>?, _ words: UnsafeMutablePointer<CChar>
    ) {
        func set(_ option: CURLoption, _ value: Int) { _ = drover_easy_set_number(easy, option, value) }
        func set(_ option: CURLoption, _ value: String) { _ = drover_easy_set_text(easy, option, value) }
        func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
            _ = drover_easy_set_pointer(easy, option, value)
        }
        set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(words))
        set(CURLOPT_URL, call.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, call.connectLimit.wholeMilliseconds))
        if let limit = call.totalLimit { set(CURLOPT_TIMEOUT_MS, max(1, limit.wholeMilliseconds)) }
        // A proxy is for what is elsewhere.
        if isLoopback(call.url) { set(CURLOPT_PROXY, "") }
        if call.method == "POST" {
            set(CURLOPT_POST, 1)
            _ = call.body.withUnsafeBytes { drover_easy_set_body(easy, $0.baseAddress, $0.count) }
        } else {
            set(CURLOPT_CUSTOMREQUEST, call.method)
        }
        set(CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(headers))
        let context = Unmanaged.passUnretained(answer).toOpaque()
        _ = drover_easy_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            HTTPAnswer.of(context!).tookHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        set(CURLOPT_HEADERDATA, context)
        _ = drover_easy_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            HTTPAnswer.of(context!).tookBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        set(CURLOPT_WRITEDATA, context)
    }

    private static func list(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = drover_slist_append(list, line) ?? list }
        return list
    }

    private static func isLoopback(_ url: String) -> Bool {
        let rest = url.drop { $0 != "/" }.dropFirst(2)
        return ["127.", "localhost", "[::1]"].contains { rest.hasPrefix($0) }
    }
}

/// What came so far of one answer. It lives on the thread of its exchange.
private final class HTTPAnswer {
    private var head = HTTPAnswerHead()
    private var hasHead = false
    private let tellHead: (HTTPAnswerHead) -> Bool
    private let tellBody: (UnsafeRawBufferPointer) -> Bool
    private(set) var lastNews = ContinuousClock.now
    /// Whether no more is wanted.
    private(set) var hasStopped = false

    init(head: @escaping (HTTPAnswerHead) -> Bool, body: @escaping (UnsafeRawBufferPointer) -> Bool) {
        tellHead = head
        tellBody = body
    }

    static func of(_ context: UnsafeMutableRawPointer) -> HTTPAnswer {
        Unmanaged<HTTPAnswer>.fromOpaque(context).takeUnretainedValue()
    }

    /// Takes one line of a head. What comes before the real answer (1xx) and after the body is passed over.
    func tookHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastNews = .now
        guard !hasHead else { return bytes.count }
        var line = bytes[...]
        while let last = line.last, last == 0x0A || last == 0x0D || last == 0x20 { line.removeLast() }
        if line.starts(with: "HTTP/".utf8) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
            head = HTTPAnswerHead(
                status: words.count > 1 ? Int(words[1]) ?? 0 : 0, reason: words.count > 2 ? String(words[2]) : "")
        } else if line.isEmpty {
            guard head.status >= 200 else { return bytes.count }
            hasHead = true
            return answer(tellHead(head), bytes.count)
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            if name == "content-type" { head.contentType = String(decoding: value, as: UTF8.self) }
        }
        return bytes.count
    }

    func tookBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastNews = .now
        let goesOn = tellBody(bytes)
        // Whoever took the piece may have taken their time over it, which is not the server's.
        lastNews = .now
        return answer(goesOn, bytes.count)
    }

    /// Anything but the number of bytes ends the transfer.
    private func answer(_ goesOn: Bool, _ count: Int) -> Int {
        if goesOn { return count }
        hasStopped = true
        return count == 0 ? 1 : 0
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
