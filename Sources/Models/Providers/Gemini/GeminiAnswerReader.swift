import Bytes

/// The chunks of a streamed `GenerateContentResponse` (chat-runtime §5.6). They end with their bytes: nothing says that
/// it is the last.
struct GeminiAnswerReader: AnswerReader {
    let text: ProviderText
    let isComplete = false
    private var calls: [ToolCall] = []
    private var callNumber: Int
    private var argumentBytes = 0
    private var end = AnswerEnd()

    /// - Parameter firstCall: The number in the id of the first call.
    init(text: ProviderText, firstCall: Int) {
        self.text = text
        callNumber = firstCall
    }

    mutating func read(_ message: ServerSentMessage, into events: inout [ModelEvent]) throws(ModelStreamError) {
        let chunk = try message.object()
        if let error = chunk["error"], !error.isNull {
            let words = [error["status"]?.string, error["message"]?.string].compactMap { $0 }
            throw .reported(message: text.message(words.isEmpty ? error.text : words.joined(separator: ": ")))
        }
        if let usage = Self.usage(chunk["usageMetadata"]) { end.usage = usage }
        if let reason = chunk["promptFeedback"]?["blockReason"]?.string, reason != "BLOCK_REASON_UNSPECIFIED" {
            end.reason = .contentFilter
        }
        guard let candidate = chunk["candidates"]?[0] else { return }
        for part in candidate["content"]?["parts"]?.array ?? [] { try read(part, into: &events) }
        guard let reason = candidate["finishReason"]?.string else { return }
        end.reason = try self.reason(reason, candidate["finishMessage"]?.string)
    }

    mutating func conclude(into events: inout [ModelEvent]) throws(ModelStreamError) {
        try end.conclude(calls, into: &events)
    }

    private mutating func read(_ part: JSON, into events: inout [ModelEvent]) throws(ModelStreamError) {
        if let call = part["functionCall"], case .object = call {
            guard calls.count < CallAssembly.callLimit else { throw .tooManyCalls(limit: CallAssembly.callLimit) }
            let arguments = call["args"].flatMap { $0.isNull ? nil : $0 } ?? [:]
            argumentBytes += arguments.encoded().count
            guard argumentBytes <= CallAssembly.argumentsLimit else {
                throw .argumentsTooLarge(limit: CallAssembly.argumentsLimit)
            }
            let name = call["name"]?.string ?? ""
            calls.append(
                ToolCall(
                    id: "gemini_\(callNumber)", name: name.isEmpty ? "unknown" : name, arguments: arguments,
                    signature: part["thoughtSignature"]?.string))
            callNumber += 1
        } else if part["thought"]?.bool != true, let text = part["text"]?.string, !text.isEmpty {
            events.append(.delta(text))
        }
    }

    private func reason(_ name: String, _ message: String?) throws(ModelStreamError) -> FinishReason {
        switch name {
        case "MAX_TOKENS": return .length
        case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
            return .contentFilter
        case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
            "MALFORMED_RESPONSE":
            // What the model wrote is not in the answer, so there is nothing to go on with.
            throw .reported(message: text.message(message.map { "\(name): \($0)" } ?? name))
        default: return .stop
        }
    }

    /// A figure that is 0 is left out by the vendor.
    private static func usage(_ json: JSON?) -> TokenUsage? {
        guard let json, case .object = json, let total = json["totalTokenCount"]?.tokens else { return nil }
        return TokenUsage(
            promptTokens: json["promptTokenCount"]?.tokens ?? 0,
            completionTokens: json["candidatesTokenCount"]?.tokens ?? 0, totalTokens: total)
    }
}
