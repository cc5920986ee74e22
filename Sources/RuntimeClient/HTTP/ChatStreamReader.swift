import Bytes

/// Reads one chat stream, from its request to its end, and tells every event as it comes. It blocks its thread.
struct ChatStreamReader {
    private let eventLimit: Int
    private let onEvent: (ChatEvent) -> Void

    /// What is kept of an answer that is no stream: error bodies are short.
    private static let refusalLimit = 1 << 20

    init(eventLimit: Int, onEvent: @escaping (ChatEvent) -> Void) {
        self.eventLimit = eventLimit
        self.onEvent = onEvent
    }

    func read(_ call: HTTPCall, over exchange: HTTPExchange) throws(RuntimeClientError) {
        var head = HTTPAnswerHead()
        var refusal: [UInt8] = []
        var parser = ChatStreamParser(eventLimit: eventLimit)
        var violation: ChatStreamViolation?
        var hasHead = false
        do throws(HTTPExchangeFailure) {
            try exchange.perform(
                call,
                head: {
                    head = $0
                    hasHead = true
                    guard head.status == 200, !head.isEventStream else { return true }
                    violation = .notAnEventStream(contentType: head.contentType)
                    return false
                },
                body: { bytes in
                    guard head.status == 200 else {
                        refusal.append(contentsOf: bytes.prefix(max(0, Self.refusalLimit - refusal.count)))
                        return true
                    }
                    parser.feed(bytes)
                    violation = drain(&parser)
                    return violation == nil && !parser.isComplete
                })
        } catch {
            throw RuntimeClientError(error)
        }
        if let violation { throw RuntimeClientError(violation) }
        if parser.isComplete { return }
        guard hasHead, head.status == 200 else { throw WholeAnswer(head: head, body: refusal).refusal }
        do throws(ChatStreamViolation) { try parser.finish() } catch { throw RuntimeClientError(error) }
    }

    /// Tells the events that are there, and the violation after them.
    private func drain(_ parser: inout ChatStreamParser) -> ChatStreamViolation? {
        do throws(ChatStreamViolation) {
            while let event = try parser.next() { onEvent(event) }
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPAnswerHead {
    /// `text/event-stream`, with whatever parameters.
    fileprivate var isEventStream: Bool {
        guard let contentType else { return false }
        let type = contentType.prefix { $0 != ";" }
        return String(type.filter { $0 != " " && $0 != "\t" }).lowercased() == "text/event-stream"
    }
}
