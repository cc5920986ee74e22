import Bytes
import Testing

@testable import Models

private let provider = AnthropicProvider(baseURL: "https://api.anthropic.com/", apiKey: "sk-ant-test")

private func body(_ messages: [ChatMessage], model: String = "claude-sonnet-4-5", temperature: Double = 0.2) throws
    -> JSON
{
    try provider.request(ModelRequest(model: model, temperature: temperature, maxTokens: 1024, messages: messages)).json
}

@Suite struct AnthropicRequestTests {
    @Test func `a request has its address, headers and keys`() throws {
        let request = provider.request(
            ModelRequest(
                model: "claude-sonnet-4-5", temperature: 0.2, maxTokens: 1024,
                messages: [ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "hi")],
                tools: [
                    ToolDeclaration(name: "ls", description: "Lists", parameters: ["type": "object"]),
                    ToolDeclaration(name: "bash", description: "Runs", parameters: ["type": "object"]),
                ]))
        #expect(request.url == "https://api.anthropic.com/v1/messages")
        #expect(request.header("x-api-key") == "sk-ant-test")
        #expect(request.header("anthropic-version") == "2023-06-01")
        #expect(
            try request.json
                == json(
                    #"""
                    {"model":"claude-sonnet-4-5","max_tokens":1024,"temperature":0.2,"system":"Be brief.","stream":true,
                     "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],
                     "tools":[{"name":"bash","description":"Runs","input_schema":{"type":"object"}},
                              {"name":"ls","description":"Lists","input_schema":{"type":"object"}}]}
                    """#))
    }

    @Test func `the temperature is at most 1`() throws {
        #expect(try body([], temperature: 2)["temperature"] == .integer(1))
        #expect(try body([], temperature: 0.3)["temperature"] == 0.3)
    }

    @Test(arguments: [
        ("claude-3-5-sonnet-20241022", true), ("claude-3-opus-latest", true), ("claude-opus-4-20250514", true),
        ("claude-opus-4-1-20250805", true), ("claude-opus-4-6", true), ("claude-haiku-4-5-20251001", true),
        ("claude-sonnet-4-6", true), ("my-own-model-5", true), ("claude-2.1", true), ("claude-opus-4-7", false),
        ("claude-opus-4-8", false), ("claude-sonnet-5", false), ("claude-opus-5", false), ("Claude-Opus-5-5", false),
    ])
    func `models that take no temperature get none`(model: String, takes: Bool) throws {
        #expect((try body([], model: model)["temperature"] != nil) == takes)
    }

    @Test func `calls and results are blocks, and what one side says is one message`() throws {
        let calls = [
            ToolCall(id: "toolu_1", name: "read", arguments: ["path": "a"]),
            ToolCall(id: "toolu_2", name: "ls", arguments: "not an object"),
        ]
        let messages = [
            ChatMessage(role: .user, content: "x"),
            ChatMessage(role: .assistant, content: "Let me see.", toolCalls: calls),
            ChatMessage(role: .tool, content: "A", name: "read", toolCallID: "toolu_1"),
            ChatMessage(role: .tool, content: "", name: "ls", toolCallID: "toolu_2", isError: true),
            ChatMessage(role: .user, content: "And now?"),
            ChatMessage(role: .user, content: "Hello?"),
        ]
        #expect(
            try body(messages)["messages"]
                == json(
                    #"""
                    [{"role":"user","content":[{"type":"text","text":"x"}]},
                     {"role":"assistant","content":[
                      {"type":"text","text":"Let me see."},
                      {"type":"tool_use","id":"toolu_1","name":"read","input":{"path":"a"}},
                      {"type":"tool_use","id":"toolu_2","name":"ls","input":{"raw":"\"not an object\""}}]},
                     {"role":"user","content":[
                      {"type":"tool_result","tool_use_id":"toolu_1","content":"A"},
                      {"type":"tool_result","tool_use_id":"toolu_2","content":"The tool failed without a word.","is_error":true},
                      {"type":"text","text":"And now?"},{"type":"text","text":"Hello?"}]}]
                    """#))
    }

    @Test func `texts of nothing are left out`() throws {
        let messages = [
            ChatMessage(role: .system, content: " \n"),
            ChatMessage(role: .user, content: "x"), ChatMessage(role: .assistant, content: " \n", isPartial: true),
            ChatMessage(role: .user, content: "y"),
            ChatMessage(
                role: .assistant, content: "\n", toolCalls: [ToolCall(id: "toolu_1", name: "ls", arguments: [:])]),
            ChatMessage(role: .tool, content: "", name: "ls", toolCallID: "toolu_1"),
        ]
        let body = try body(messages)
        #expect(body["system"] == nil)
        #expect(
            try body["messages"]
                == json(
                    #"""
                    [{"role":"user","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},
                     {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}]},
                     {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":""}]}]
                    """#))
    }

    @Test func `ids of other vendors are replaced where they do not fit`() throws {
        let messages = [
            ChatMessage(role: .user, content: "x"),
            ChatMessage(
                role: .assistant, content: "", toolCalls: [ToolCall(id: "functions.ls:0", name: "ls", arguments: [:])]),
            ChatMessage(role: .tool, content: "A", name: "ls", toolCallID: "functions.ls:0"),
        ]
        let sent = try body(messages)["messages"]
        #expect(sent?[1]?["content"]?[0]?["id"] == "call_1")
        #expect(sent?[2]?["content"]?[0]?["tool_use_id"] == "call_1")
    }
}
