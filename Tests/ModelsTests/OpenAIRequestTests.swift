import Bytes
import Testing

@testable import Models

private let provider = OpenAIProvider(baseURL: "https://api.example.com/v1//", apiKey: "sk-test")

private let tools = [
    ToolDeclaration(name: "write", description: "Writes a file", parameters: ["type": "object"]),
    ToolDeclaration(name: "ls", description: "Lists", parameters: ["type": "object", "additionalProperties": false]),
]

@Suite struct OpenAIRequestTests {
    @Test func `a request has its address, headers and keys`() throws {
        let request = provider.request(
            ModelRequest(
                model: "gpt-4o-mini", temperature: 0.2, maxTokens: 1024,
                messages: [ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "hi")],
                tools: tools))
        #expect(request.method == "POST")
        #expect(request.url == "https://api.example.com/v1/chat/completions")
        #expect(request.header("authorization") == "Bearer sk-test")
        #expect(request.header("content-type") == "application/json")
        #expect(
            try request.json
                == json(
                    #"""
                    {"model":"gpt-4o-mini","temperature":0.2,"max_tokens":1024,"stream":true,
                     "stream_options":{"include_usage":true},"tool_choice":"auto",
                     "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],
                     "tools":[
                      {"type":"function","function":{"name":"ls","description":"Lists",
                       "parameters":{"type":"object","additionalProperties":false}}},
                      {"type":"function","function":{"name":"write","description":"Writes a file",
                       "parameters":{"type":"object"}}}]}
                    """#))
    }

    @Test func `numbers are written in their shortest form`() {
        for (value, text) in [(0.2, "0.2"), (1, "1"), (0, "0"), (0.7, "0.7"), (1.5, "1.5")] {
            let request = provider.request(
                ModelRequest(model: "m", temperature: value, maxTokens: .max, messages: []))
            let body = String(decoding: request.body, as: UTF8.self)
            #expect(body.contains("\"temperature\":\(text),\"max_tokens\":4294967295,"))
        }
    }

    @Test(arguments: [
        ("gpt-5", true), ("GPT-5-mini", true), ("gpt-5.2", true), ("o1", true), ("o3-mini", true), ("O4-mini", true),
        ("gpt-4o", false), ("gpt-4.1", false), ("omni-moderation", false), ("o", false), ("olmo-2", false),
        ("chatgpt-5", false),
    ])
    func `models that reason have another limit and no temperature`(model: String, reasons: Bool) throws {
        let body = try provider.request(ModelRequest(model: model, temperature: 0.2, maxTokens: 7, messages: [])).json
        #expect(body["max_completion_tokens"] == (reasons ? 7 : nil))
        #expect(body["max_tokens"] == (reasons ? nil : 7))
        #expect(body["temperature"] == (reasons ? nil : 0.2))
    }

    @Test func `without tools there is no word of tools`() throws {
        let body = try provider.request(ModelRequest(model: "m", temperature: 1, maxTokens: 7, messages: [])).json
        #expect(body["tools"] == nil)
        #expect(body["tool_choice"] == nil)
    }

    @Test func `without a key there is no header for one`() {
        let request = OpenAIProvider(baseURL: "http://localhost:11434/v1", apiKey: "")
            .request(ModelRequest(model: "m", temperature: 1, maxTokens: 7, messages: []))
        #expect(request.header("authorization") == nil)
    }

    @Test func `calls go back with their answers`() throws {
        let calls = [
            ToolCall(id: "call_1", name: "read", arguments: ["path": "a"], signature: "for others"),
            ToolCall(id: "call_2", name: "ls", arguments: ["raw": "{oops"]),
        ]
        let body = try provider.request(
            ModelRequest(
                model: "m", temperature: 1, maxTokens: 7,
                messages: [
                    ChatMessage(role: .user, content: "x"),
                    ChatMessage(role: .assistant, content: "", toolCalls: calls),
                    ChatMessage(role: .tool, content: "A", name: "read", toolCallID: "call_1"),
                    ChatMessage(role: .tool, content: "B", name: "ls", toolCallID: "call_2", isError: true),
                ])
        ).json
        #expect(
            try body["messages"]
                == json(
                    #"""
                    [{"role":"user","content":"x"},
                     {"role":"assistant","content":"","tool_calls":[
                      {"id":"call_1","type":"function","function":{"name":"read","arguments":"{\"path\":\"a\"}"}},
                      {"id":"call_2","type":"function","function":{"name":"ls","arguments":"{\"raw\":\"{oops\"}"}}]},
                     {"role":"tool","content":"A","tool_call_id":"call_1"},
                     {"role":"tool","content":"B","tool_call_id":"call_2"}]
                    """#))
    }
}
