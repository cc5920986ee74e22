import Bytes

/// An answer that is no stream.
struct WholeAnswer: Sendable {
    var head = HTTPAnswerHead()
    var body: [UInt8] = []

    init(head: HTTPAnswerHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// Asks, and waits for all of it.
    init(to call: HTTPCall, over exchange: HTTPExchange, limit: Int) throws(RuntimeClientError) {
        var head = HTTPAnswerHead()
        var body: [UInt8] = []
        var isTooLong = false
        do throws(HTTPExchangeFailure) {
            try exchange.perform(
                call,
                head: {
                    head = $0
                    return true
                },
                body: { bytes in
                    isTooLong = body.count + bytes.count > limit
                    if !isTooLong { body.append(contentsOf: bytes) }
                    return !isTooLong
                })
        } catch {
            throw RuntimeClientError(error)
        }
        guard !isTooLong else {
            throw RuntimeClientError(.unknown, "the answer is longer than \(limit) bytes", status: head.status)
        }
        self.init(head: head, body: body)
    }

    /// What an answer other than 2xx means (§6.3).
    var refusal: RuntimeClientError {
        let code: RuntimeClientError.Code
        switch head.status {
        case 400: code = .badRequest
        case 401, 403: code = .unauthorized
        case 404: code = .notFound
        case 500...599: code = .serverError
        default: code = .unknown
        }
        let json = try? JSON(parsing: body)
        let said = json?["message"]?.string ?? head.statusLine
        return RuntimeClientError(code, said, serverCode: json?["code"]?.string, status: head.status)
    }
}

extension HTTPAnswerHead {
    /// `404 Not Found`
    fileprivate var statusLine: String { reason.isEmpty ? "\(status)" : "\(status) \(reason)" }
}
