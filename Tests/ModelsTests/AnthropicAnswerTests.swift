import Bytes
import Testing

@testable import Models

private let provider = AnthropicProvider(apiKey: "sk-ant-test-0123456789")

private let start = (
    "message_start",
    #"{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","content":[],"model":"claude-opus-4-1","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":1}}}"#
)
private let stop = ("message_stop", #"{"type":"message_stop"}"#)
private let ping = ("ping", #"{"type": "ping"}"#)

private func end(_ reason: String, output: Int = 15) -> (String, String) {
    (
        "message_delta",
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":{"output_tokens":\#(output)}}"#
    )
}

private func textBlock(_ index: Int, _ texts: [String]) -> [(String, String)] {
    [
        (
            "content_block_start",
            #"{"type":"content_block_start","index":\#(index),"content_block":{"type":"text","text":""}}"#
        ), ping,
    ]
        + texts.map {
            (
                "content_block_delta",
                #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"text_delta","text":"\#($0)"}}"#
            )
        } + [("content_block_stop", #"{"type":"content_block_stop","index":\#(index)}"#)]
}

private func callBlock(_ index: Int, _ id: String, _ name: String, _ fragments: [String], input: String = "{}")
    -> [(String, String)]
{
    [
        (
            "content_block_start",
            #"{"type":"content_block_start","index":\#(index),"content_block":{"type":"tool_use","id":"\#(id)","name":"\#(name)","input":\#(input)}}"#
        )
    ]
        + fragments.map {
            let text = JSON.string($0).text
            return (
                "content_block_delta",
                #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"input_json_delta","partial_json":\#(text)}}"#
            )
        } + [("content_block_stop", #"{"type":"content_block_stop","index":\#(index)}"#)]
}

@Suite struct AnthropicAnswerTests {
    @Test func `a text comes in deltas, then usage and end`() {
        let stream = namedStream([start] + textBlock(0, ["Hello", " wörld 🎉"]) + [end("end_turn"), stop])
        #expect(
            readEveryWay(stream, provider)
                == Answer([
                    .delta("Hello"), .delta(" wörld 🎉"),
                    .usage(TokenUsage(promptTokens: 25, completionTokens: 15, totalTokens: 40)), .finished(.stop),
                ]))
    }

    @Test func `calls are put together from their fragments, after the text`() {
        let stream = namedStream(
            [start] + textBlock(0, ["Okay, let's check."])
                + callBlock(1, "toolu_01", "get_weather", ["", "{\"location\":", " \"San", " Francisc", "o, CA\"}"])
                + callBlock(2, "toolu_02", "ls", []) + callBlock(3, "toolu_03", "ls", [""])
                + callBlock(4, "toolu_04", "read", ["{\"path\": oo"])
                + callBlock(5, "toolu_05", "read", [], input: #"{"path":"a"}"#) + [end("tool_use", output: 89), stop])
        #expect(
            readEveryWay(stream, provider)
                == Answer([
                    .delta("Okay, let's check."),
                    .toolCalls([
                        ToolCall(id: "toolu_01", name: "get_weather", arguments: ["location": "San Francisco, CA"]),
                        ToolCall(id: "toolu_02", name: "ls", arguments: [:]),
                        ToolCall(id: "toolu_03", name: "ls", arguments: [:]),
                        ToolCall(id: "toolu_04", name: "read", arguments: ["raw": "{\"path\": oo"]),
                        ToolCall(id: "toolu_05", name: "read", arguments: ["path": "a"]),
                    ]), .usage(TokenUsage(promptTokens: 25, completionTokens: 89, totalTokens: 114)),
                    .finished(.toolCalls),
                ]))
    }

    @Test func `thoughts, tools of the server and events to come are passed over`() {
        let others = [
            #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}"#,
            #"{"type":"content_block_stop","index":0}"#,
            #"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"query\":1}"}}"#,
            #"{"type":"something_new","index":9}"#,
        ].map { ("x", $0) }
        let stream = namedStream([start] + others + textBlock(2, ["a"]) + [end("end_turn"), stop])
        let answer = readEveryWay(stream, provider)
        #expect(answer.text == "a")
        #expect(answer.calls == [])
        #expect(answer.reason == .stop)
    }

    @Test(arguments: [
        ("end_turn", FinishReason.stop), ("stop_sequence", .stop), ("max_tokens", .length), ("refusal", .contentFilter),
        ("pause_turn", .stop), ("model_context_window_exceeded", .length), ("tool_use", .stop),
    ])
    func `reasons are mapped`(name: String, reason: FinishReason) {
        let stream = namedStream([start] + textBlock(0, ["a"]) + [end(name), stop])
        #expect(readEveryWay(stream, provider).reason == reason)
    }

    @Test func `an error in the middle is told after the deltas before it`() {
        let stream = namedStream(
            [start] + textBlock(0, ["a"]) + [
                ("error", #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#)
            ] + textBlock(1, ["b"]))
        #expect(
            readEveryWay(stream, provider)
                == Answer([.delta("a")], failure: .reported(message: "overloaded_error: Overloaded")))
    }

    @Test func `an end without a reason is a failure, one without message_stop is not`() {
        let text = [start] + textBlock(0, ["a"])
        #expect(readEveryWay(namedStream(text), provider) == Answer([.delta("a")], failure: .endedEarly))
        #expect(readEveryWay(namedStream(text + [end("end_turn")]), provider).reason == .stop)
    }

    @Test func `later figures replace earlier ones`() {
        let last = (
            "message_delta",
            #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":30,"cache_read_input_tokens":0,"output_tokens":7}}"#
        )
        #expect(
            readEveryWay(namedStream([start, last, stop]), provider).usage
                == TokenUsage(promptTokens: 30, completionTokens: 7, totalTokens: 37))
    }

    @Test func `the name of an event stands in for a missing type`() {
        let stream = namedStream([
            ("content_block_delta", #"{"index":0,"delta":{"type":"text_delta","text":"a"}}"#), end("end_turn"),
            ("message_stop", "{}"),
        ])
        #expect(readEveryWay(stream, provider) == Answer([.delta("a"), .finished(.stop)]))
    }
}
