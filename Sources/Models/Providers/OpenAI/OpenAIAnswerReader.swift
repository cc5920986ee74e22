import Bytes

/// The chunks of a streamed chat completion (chat-runtime §5.3).
struct OpenAIAnswerReader: AnswerReader {
    let text: ProviderText
    private(set) var isComplete = false
    private var calls = CallAssembly()
    private var end = AnswerEnd()

    init(text: ProviderText) { self.text = text }

    mutating func read(_ message: ServerSentMessage, into events: inout [ModelEvent]) throws(ModelStreamError) {
        if message.data.elementsEqual("[DONE]".utf8) {
            // It ends an answer also where no reason was given.
            end.reason = end.reason ?? .stop
            isComplete = true
            return
        }
        let chunk = try message.object()
        if let error = chunk["error"], !error.isNull { throw .reported(message: text.message(Self.message(error))) }
        if message.event == "error" { throw .reported(message: text.message(Self.message(chunk))) }
        if let usage = Self.usage(chunk["usage"]) { end.usage = usage }
        guard let choice = chunk["choices"]?[0] else { return }
        if let content = choice["delta"]?["content"]?.string, !content.isEmpty { events.append(.delta(content)) }
        for call in choice["delta"]?["tool_calls"]?.array ?? [] {
            try calls.take(
                at: call["index"]?.integer ?? 0, id: call["id"]?.string, name: call["function"]?["name"]?.string,
                arguments: call["function"]?["arguments"]?.string)
        }
        if let reason = choice["finish_reason"]?.string { end.reason = Self.reason(reason) }
    }

    mutating func conclude(into events: inout [ModelEvent]) throws(ModelStreamError) {
        try end.conclude(calls.calls(), into: &events)
    }

    private static func reason(_ text: String) -> FinishReason {
        switch text {
        case "length": return .length
        case "content_filter": return .contentFilter
        case "tool_calls", "function_call": return .toolCalls
        default: return .stop
        }
    }

    /// All three figures, or none.
    private static func usage(_ json: JSON?) -> TokenUsage? {
        guard let prompt = json?["prompt_tokens"]?.tokens, let completion = json?["completion_tokens"]?.tokens,
            let total = json?["total_tokens"]?.tokens
        else { return nil }
        return TokenUsage(promptTokens: prompt, completionTokens: completion, totalTokens: total)
    }

    /// The message of an error, whatever shape the server gives it.
    private static func message(_ error: JSON) -> String {
        error.string ?? error["message"]?.string ?? error.text
    }
}
