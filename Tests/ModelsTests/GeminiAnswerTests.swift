import Bytes
import Testing

@testable import Models

private let provider = GeminiProvider(apiKey: "AIzaTest0123456789")

private func chunk(_ parts: String, finish: String? = nil, more: String = "") -> String {
    let reason = finish.map { #","finishReason":"\#($0)""# } ?? ""
    return
        #"{"candidates":[{"content":{"parts":[\#(parts)],"role":"model"}\#(reason),"index":0}]\#(more),"modelVersion":"gemini-2.5-flash","responseId":"x"}"#
}

private let usageJSON =
    #","usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":12,"totalTokenCount":25,"thoughtsTokenCount":5}"#
private let usage = TokenUsage(promptTokens: 8, completionTokens: 12, totalTokens: 25)

@Suite struct GeminiAnswerTests {
    @Test(arguments: ["\n", "\r\n"])
    func `a text comes in deltas, then usage and end`(lineEnd: String) {
        let stream = dataStream(
            [
                chunk(#"{"text":"Héllo"}"#, more: usageJSON),
                chunk(#"{"text":" 世界"},{"text":""}"#, finish: "STOP", more: usageJSON),
            ],
            end: lineEnd)
        #expect(
            readEveryWay(stream, provider)
                == Answer([.delta("Héllo"), .delta(" 世界"), .usage(usage), .finished(.stop)]))
    }

    @Test func `calls come whole and get ids`() {
        let stream = dataStream([
            chunk(#"{"text":"Looking."},{"functionCall":{"name":"ls","args":{"path":"."}},"thoughtSignature":"c2ln"}"#),
            chunk(#"{"functionCall":{"name":"read"}}"#), chunk("", finish: "STOP", more: usageJSON),
        ])
        #expect(
            readEveryWay(stream, provider)
                == Answer([
                    .delta("Looking."),
                    .toolCalls([
                        ToolCall(id: "gemini_1", name: "ls", arguments: ["path": "."], signature: "c2ln"),
                        ToolCall(id: "gemini_2", name: "read", arguments: [:]),
                    ]), .usage(usage), .finished(.toolCalls),
                ]))
    }

    @Test func `ids go on within a turn, and begin anew with the next`() {
        let stream = dataStream([chunk(#"{"functionCall":{"name":"ls","args":{}}}"#, finish: "STOP")])
        let call = ToolCall(id: "gemini_1", name: "ls", arguments: [:])
        var messages = [
            ChatMessage(role: .user, content: "a"),
            ChatMessage(role: .assistant, content: "", toolCalls: [call, call]),
            ChatMessage(role: .tool, content: "", name: "ls", toolCallID: "gemini_1"),
        ]
        #expect(readEveryWay(stream, provider, after: messages).calls.map(\.id) == ["gemini_3"])
        messages.append(ChatMessage(role: .user, content: "b"))
        #expect(readEveryWay(stream, provider, after: messages).calls.map(\.id) == ["gemini_1"])
    }

    @Test func `thoughts are passed over`() {
        let stream = dataStream([chunk(#"{"text":"hm","thought":true},{"text":"a"}"#, finish: "STOP")])
        #expect(readEveryWay(stream, provider) == Answer([.delta("a"), .finished(.stop)]))
    }

    @Test(arguments: [
        ("STOP", FinishReason.stop), ("MAX_TOKENS", .length), ("SAFETY", .contentFilter),
        ("RECITATION", .contentFilter),
        ("BLOCKLIST", .contentFilter), ("PROHIBITED_CONTENT", .contentFilter), ("SPII", .contentFilter),
        ("OTHER", .stop),
    ])
    func `reasons are mapped`(name: String, reason: FinishReason) {
        #expect(readEveryWay(dataStream([chunk(#"{"text":"a"}"#, finish: name)]), provider).reason == reason)
    }

    @Test func `a call that cannot be read is a failure with the reason`() {
        let stream = dataStream([
            #"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: print(","index":0}]}"#
        ])
        #expect(
            readEveryWay(stream, provider).failure
                == .reported(message: "MALFORMED_FUNCTION_CALL: Malformed function call: print("))
    }

    @Test func `a blocked prompt ends as filtered`() {
        let stream = dataStream([
            #"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8}}"#
        ])
        #expect(
            readEveryWay(stream, provider)
                == Answer([
                    .usage(TokenUsage(promptTokens: 8, completionTokens: 0, totalTokens: 8)), .finished(.contentFilter),
                ]))
    }

    @Test func `an end without a reason is a failure`() {
        let stream = dataStream([chunk(#"{"text":"a"}"#)])
        #expect(readEveryWay(stream, provider) == Answer([.delta("a")], failure: .endedEarly))
    }

    @Test func `an error in the middle is told after the deltas before it`() {
        let stream = dataStream([
            chunk(#"{"text":"a"}"#),
            #"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
        ])
        #expect(
            readEveryWay(stream, provider)
                == Answer([.delta("a")], failure: .reported(message: "UNAVAILABLE: The model is overloaded.")))
    }
}
