import Bytes

/// The events of a streamed message (chat-runtime §5.6).
struct AnthropicAnswerReader: AnswerReader {
    let text: ProviderText
    private(set) var isComplete = false
    private var calls = CallAssembly()
    private var end = AnswerEnd()
    /// The inputs that came whole, with the start of their block; fragments, where there are any, replace them.
    private var wholeInputs: [Int: JSON] = [:]
    private var inputTokens: UInt32?
    private var outputTokens: UInt32?

    init(text: ProviderText) { self.text = text }

    mutating func read(_ message: ServerSentMessage, into events: inout [ModelEvent]) throws(ModelStreamError) {
        let event = try message.object()
        switch event["type"]?.string ?? message.event {
        case "message_start": count(event["message"]?["usage"])
        case "content_block_start": try start(event, into: &events)
        case "content_block_delta": try go(on: event, into: &events)
        case "message_delta":
            count(event["usage"])
            if let reason = event["delta"]?["stop_reason"]?.string { end.reason = Self.reason(reason) }
        case "message_stop":
            end.reason = end.reason ?? .stop
            isComplete = true
        case "error":
            let error = event["error"]
            let words = [error?["type"]?.string, error?["message"]?.string].compactMap { $0 }
            throw .reported(message: text.message(words.isEmpty ? event.text : words.joined(separator: ": ")))
        default:
            // `ping`, `content_block_stop`, and whatever is added later: the vendor asks not to fail on it.
            break
        }
    }

    mutating func conclude(into events: inout [ModelEvent]) throws(ModelStreamError) {
        if let input = inputTokens, let output = outputTokens {
            let total = UInt32(clamping: UInt64(input) + UInt64(output))
            end.usage = TokenUsage(promptTokens: input, completionTokens: output, totalTokens: total)
        }
        for (index, input) in wholeInputs {
            try calls.take(at: index, id: nil, name: nil, arguments: input.text)
        }
        try end.conclude(calls.calls(), into: &events)
    }

    private mutating func start(_ event: JSON, into events: inout [ModelEvent]) throws(ModelStreamError) {
        let block = event["content_block"]
        switch block?["type"]?.string {
        case "text":
            if let text = block?["text"]?.string, !text.isEmpty { events.append(.delta(text)) }
        case "tool_use":
            let index = event["index"]?.integer ?? 0
            try calls.take(at: index, id: block?["id"]?.string, name: block?["name"]?.string, arguments: nil)
            if let input = block?["input"], input.object?.isEmpty == false { wholeInputs[index] = input }
        default: break
        }
    }

    private mutating func go(on event: JSON, into events: inout [ModelEvent]) throws(ModelStreamError) {
        let delta = event["delta"]
        switch delta?["type"]?.string {
        case "text_delta":
            if let text = delta?["text"]?.string, !text.isEmpty { events.append(.delta(text)) }
        case "input_json_delta":
            let index = event["index"]?.integer ?? 0
            guard let fragment = delta?["partial_json"]?.string, calls.has(index) else { return }
            if !fragment.isEmpty { wholeInputs[index] = nil }
            try calls.take(at: index, id: nil, name: nil, arguments: fragment)
        default: break
        }
    }

    /// Later figures replace earlier ones: those of the output grow as it does.
    private mutating func count(_ usage: JSON?) {
        if let input = usage?["input_tokens"]?.tokens { inputTokens = input }
        if let output = usage?["output_tokens"]?.tokens { outputTokens = output }
    }

    private static func reason(_ text: String) -> FinishReason {
        switch text {
        case "tool_use": return .toolCalls
        case "max_tokens", "model_context_window_exceeded": return .length
        case "refusal": return .contentFilter
        default: return .stop
        }
    }
}
