import Bytes
import Testing

@testable import Models

private let provider = OpenAIProvider(baseURL: "https://api.example.com/v1", apiKey: "sk-test-0123456789")

private func chunk(_ delta: String, finish: String = "null", more: String = "") -> String {
    #"{"id":"1","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}]\#(more)}"#
}

private let usageChunk =
    #"{"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}}"#

private let usage = TokenUsage(promptTokens: 19, completionTokens: 10, totalTokens: 29)

@Suite struct OpenAIAnswerTests {
    @Test(arguments: ["\n", "\r\n", "\r"])
    func `a text comes in deltas, then usage and end`(lineEnd: String) {
        let stream = dataStream(
            [
                chunk(#"{"role":"assistant","content":"","refusal":null}"#, more: #","usage":null"#),
                chunk(#"{"content":"Grüße, "}"#), chunk(#"{"content":"👩‍🚀\n"}"#), chunk("{}", finish: #""stop""#),
                usageChunk, "[DONE]",
            ], end: lineEnd)
        #expect(
            readEveryWay(stream, provider)
                == Answer([.delta("Grüße, "), .delta("👩‍🚀\n"), .usage(usage), .finished(.stop)]))
    }

    @Test func `a chunk as it is documented is read`() {
        let stream = dataStream([
            """
            {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini",\
            "system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},\
            "logprobs":null,"finish_reason":null}],"usage":null}
            """,
            """
            {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini",\
            "system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{},"logprobs":null,\
            "finish_reason":"stop"}],"usage":null}
            """,
            """
            {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini",\
            "choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,\
            "prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}
            """, "[DONE]",
        ])
        #expect(readEveryWay(stream, provider) == Answer([.delta("Hello"), .usage(usage), .finished(.stop)]))
    }

    @Test func `a byte order mark, comments and unknown fields are passed over`() {
        let stream =
            "\u{FEFF}: OPENROUTER PROCESSING\n\nid: 7\nretry: 10\nevent: message\ndata:" + chunk(#"{"content":" a"}"#)
            + "\n\n: keepalive\n\ndata: " + chunk("{}", finish: #""stop""#) + "\n\ndata: [DONE]\n\n"
        #expect(readEveryWay(stream, provider) == Answer([.delta(" a"), .finished(.stop)]))
    }

    @Test func `a payload may span several lines`() {
        let stream =
            "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n"
        #expect(readEveryWay(stream, provider) == Answer([.delta("a"), .finished(.stop)]))
    }

    @Test func `calls are put together from their fragments, in the order of their places`() {
        let stream = dataStream([
            chunk(
                #"{"role":"assistant","content":null,"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"ls","arguments":""}}]}"#
            ),
            chunk(
                #"{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"read","arguments":""}}]}"#
            ),
            chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}]}"#),
            chunk(
                #"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}},{"index":0,"function":{"arguments":" \"ä"}}]}"#
            ),
            chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":".txt\"}"}}]}"#),
            chunk("{}", finish: #""tool_calls""#), usageChunk, "[DONE]",
        ])
        #expect(
            readEveryWay(stream, provider)
                == Answer([
                    .toolCalls([
                        ToolCall(id: "call_a", name: "read", arguments: ["path": "ä.txt"]),
                        ToolCall(id: "call_b", name: "ls", arguments: [:]),
                    ]), .usage(usage), .finished(.toolCalls),
                ]))
    }

    @Test(arguments: ["stop", "tool_calls", "function_call", "eos"])
    func `calls are told whatever their server calls the end`(finish: String) {
        let stream = dataStream([
            chunk(#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"ls","arguments":"{}"}}]}"#),
            chunk("{}", finish: "\"\(finish)\""), "[DONE]",
        ])
        let answer = readEveryWay(stream, provider)
        #expect(answer.calls == [ToolCall(id: "c", name: "ls", arguments: [:])])
        #expect(answer.reason == .toolCalls)
    }

    @Test(arguments: [
        ("stop", FinishReason.stop), ("length", .length), ("content_filter", .contentFilter), ("tool_calls", .stop),
        ("something_new", .stop),
    ])
    func `reasons are mapped`(finish: String, reason: FinishReason) {
        let stream = dataStream([chunk(#"{"content":"a"}"#, finish: "\"\(finish)\""), "[DONE]"])
        #expect(readEveryWay(stream, provider).reason == reason)
    }

    @Test func `what a call lacks has a substitute`() {
        let stream = dataStream([
            chunk(#"{"tool_calls":[{"function":{"name":"ls"}}]}"#),
            chunk(#"{"tool_calls":[{"index":3,"function":{"arguments":"{\"a\": oops"}}]}"#),
            chunk(#"{"tool_calls":[{"index":4,"id":"","function":{"name":"","arguments":" \n"}}]}"#),
            chunk("{}", finish: #""tool_calls""#), "[DONE]",
        ])
        #expect(
            readEveryWay(stream, provider).calls == [
                ToolCall(id: "tool_call_0", name: "ls", arguments: [:]),
                ToolCall(id: "tool_call_3", name: "unknown", arguments: ["raw": "{\"a\": oops"]),
                ToolCall(id: "tool_call_4", name: "unknown", arguments: [:]),
            ])
    }

    @Test func `an end without DONE counts where a reason was given`() {
        let stream = dataStream([chunk(#"{"content":"a"}"#), chunk("{}", finish: #""stop""#), usageChunk])
        #expect(readEveryWay(stream, provider) == Answer([.delta("a"), .usage(usage), .finished(.stop)]))
    }

    @Test func `DONE counts where no reason was given`() {
        let stream = dataStream([chunk(#"{"content":"a"}"#), "[DONE]"])
        #expect(readEveryWay(stream, provider) == Answer([.delta("a"), .finished(.stop)]))
    }

    @Test func `the last message needs no empty line after it`() {
        let stream = dataStream([chunk(#"{"content":"a"}"#)]) + "data: " + chunk("{}", finish: #""stop""#)
        for end in ["", "\n", "\r\n"] {
            #expect(readEveryWay(stream + end, provider) == Answer([.delta("a"), .finished(.stop)]))
        }
    }

    @Test func `an end without a reason is a failure, after the deltas`() {
        let stream = dataStream([chunk(#"{"content":"a"}"#), chunk(#"{"content":"b"}"#)])
        #expect(readEveryWay(stream, provider) == Answer([.delta("a"), .delta("b")], failure: .endedEarly))
        #expect(readEveryWay("", provider) == Answer([], failure: .endedEarly))
        // Half a message is none.
        #expect(
            readEveryWay(stream + "data: {\"choices\":[{\"del", provider)
                == Answer([.delta("a"), .delta("b")], failure: .endedEarly))
    }

    @Test func `cut off anywhere, it is a failure, or the whole answer`() {
        let stream = Array(
            dataStream([
                chunk(#"{"content":"é"}"#),
                chunk(#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"ls","arguments":"{}"}}]}"#),
                chunk("{}", finish: #""tool_calls""#), usageChunk, "[DONE]",
            ]).utf8)
        for count in stream.indices {
            let answer = read([stream[..<count]], with: provider.makeDecoder())
            #expect((answer.failure == nil) == (answer.reason == .toolCalls), "cut at \(count)")
            #expect((answer.failure == nil) == !answer.calls.isEmpty, "cut at \(count)")
        }
    }

    @Test func `an error in the middle is told after the deltas before it, without the key`() {
        let stream = dataStream([
            chunk(#"{"content":"a"}"#),
            #"{"error":{"message":"The server had an error, key sk-test-0123456789.","type":"server_error","code":null}}"#,
            chunk(#"{"content":"b"}"#), "[DONE]",
        ])
        #expect(
            readEveryWay(stream, provider)
                == Answer([.delta("a")], failure: .reported(message: "The server had an error, key ***.")))
    }

    @Test(arguments: [
        ("data: {\"error\":\"overloaded\"}\n\n", "overloaded"),
        ("event: error\ndata: {\"message\":\"gone\"}\n\n", "gone"),
        ("data: {\"error\":{\"code\":502}}\n\n", "{\"code\":502}"),
    ])
    func `errors have several shapes`(stream: String, message: String) {
        #expect(readEveryWay(stream, provider) == Answer([], failure: .reported(message: message)))
    }

    @Test(arguments: ["data: {\"choices\":\n\n", "data: []\n\n", "data: <html>\n\n", "data: [DONE] \n\n"])
    func `what is no JSON object is a failure`(stream: String) {
        let answer = readEveryWay(stream + dataStream([chunk("{}", finish: #""stop""#)]), provider)
        guard case .malformed = answer.failure else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func `bytes that are not UTF-8 are a failure and no replacement characters`() {
        let bytes = Array("data: {\"choices\":[{\"delta\":{\"content\":\"".utf8) + [0xFF] + Array("\"}}]}\n\n".utf8)
        let answer = read([bytes[...]], with: provider.makeDecoder())
        #expect(answer.failure == .malformed(reason: "the text is not UTF-8"))
    }

    @Test(arguments: [
        #"{"prompt_tokens":1,"completion_tokens":2}"#, #"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":"3"}"#,
        #"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":-3}"#, "null", "7",
    ])
    func `usage needs all its figures`(usage: String) {
        let stream = dataStream([chunk("{}", finish: #""stop""#, more: ",\"usage\":\(usage)"), "[DONE]"])
        #expect(readEveryWay(stream, provider) == Answer([.finished(.stop)]))
    }

    @Test func `the last usage counts`() {
        let stream = dataStream([
            chunk(
                #"{"content":"a"}"#, more: #","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#),
            chunk(
                "{}", finish: #""stop""#, more: #","usage":{"prompt_tokens":1,"completion_tokens":5,"total_tokens":6}"#),
            "[DONE]",
        ])
        #expect(
            readEveryWay(stream, provider).usage == TokenUsage(promptTokens: 1, completionTokens: 5, totalTokens: 6))
    }

    @Test func `nothing is read after the end`() throws {
        var decoder = provider.makeDecoder()
        let stream = dataStream([chunk("{}", finish: #""stop""#), "[DONE]", chunk(#"{"content":"late"}"#)])
        #expect(try decoder.feed(Array(stream.utf8)) == [.finished(.stop)])
        #expect(decoder.isFinished)
        #expect(try decoder.feed(Array("data: oops\n\n".utf8)) == [])
        #expect(try decoder.finish() == [])
    }

    @Test func `a failure stays`() {
        var decoder = provider.makeDecoder()
        #expect(throws: ModelStreamError.self) { try decoder.feed(Array("data: oops\n\n".utf8)) }
        #expect(decoder.isFinished)
        #expect(throws: ModelStreamError.self) { try decoder.feed([]) }
        #expect(throws: ModelStreamError.self) { try decoder.finish() }
    }

    @Test func `the number of calls is bounded`() {
        let calls = (0..<129).map { #"{"index":\#($0),"function":{"name":"ls"}}"# }.joined(separator: ",")
        let stream = dataStream([chunk("{\"tool_calls\":[\(calls)]}")])
        #expect(
            read([Array(stream.utf8)[...]], with: provider.makeDecoder()).failure == .tooManyCalls(limit: 128))
    }
}
