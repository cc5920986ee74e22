import Bytes
import Glibc
import Testing

@testable import Models

/// Requests of every kind, as they stand in Tests/Fixtures/provider-requests, where the providers' own libraries are asked
/// what they think of them (Tests/Providers). To write them anew, name a folder in DROVER_REQUESTS_DIR.
@Suite struct RequestFixtureTests {
    @Test(arguments: RequestCase.all)
    func `requests are those that the providers' libraries accept`(sample: RequestCase) throws {
        for (vendor, model) in [("openai", sample.openAI), ("anthropic", sample.anthropic), ("gemini", sample.gemini)] {
            var request = sample.request
            request.model = model
            let body: [UInt8]
            switch vendor {
            case "openai": body = OpenAIProvider(apiKey: "k").request(request).body
            case "anthropic": body = AnthropicProvider(apiKey: "k").request(request).body
            default: body = GeminiProvider(apiKey: "k").request(request).body
            }
            let name = "\(vendor)-\(sample.name).json"
            if let folder = getenv("DROVER_REQUESTS_DIR") {
                let file = try #require(fopen("\(String(cString: folder))/\(name)", "w"))
                fwrite(body + [0x0A], 1, body.count + 1, file)
                fclose(file)
                continue
            }
            #expect(try JSON(parsing: body) == Self.fixture(name), "\(name)")
        }
    }

    private static func fixture(_ name: String) throws -> JSON {
        let tests = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
        let file = try #require(fopen("\(tests)/Fixtures/provider-requests/\(name)", "r"), "\(name) is not there")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
        return try JSON(parsing: bytes)
    }
}

struct RequestCase: Sendable, CustomTestStringConvertible {
    var name: String
    var messages: [ChatMessage]
    var tools: [ToolDeclaration] = []
    var temperature = 0.2
    var openAI = "gpt-4o-mini"
    var anthropic = "claude-sonnet-4-5"
    var gemini = "gemini-2.5-flash"

    var testDescription: String { name }

    var request: ModelRequest {
        ModelRequest(model: "", temperature: temperature, maxTokens: 1024, messages: messages, tools: tools)
    }

    static let all = [
        RequestCase(name: "plain", messages: [user("Grüße, 👩‍🚀\r\n")]),
        RequestCase(
            name: "newest-models", messages: [system, user("hi")], tools: [read], temperature: 2, openAI: "gpt-5.2",
            anthropic: "claude-opus-5", gemini: "gemini-3-pro-preview"),
        RequestCase(
            name: "tool-turn",
            messages: [
                system, user("What is in a.txt and b.txt?"),
                ChatMessage(
                    role: .assistant, content: "I'll look.",
                    toolCalls: [call("call_1", ["path": "a.txt"]), call("call_2", ["path": "b.txt", "start_line": 1])]),
                answer("call_1", "A"), answer("call_2", "tool error: no such file", isError: true),
                ChatMessage(role: .assistant, content: "Only a.txt is there."), user("Thanks."),
            ], tools: [read, free]),
        RequestCase(
            name: "broken-session",
            messages: [
                ChatMessage(role: .assistant, content: "a greeting"), answer("call_0", "of nothing"), user(""),
                user("x"),
                ChatMessage(role: .assistant, content: " \n", isPartial: true), user("y"),
                ChatMessage(
                    role: .assistant, content: "",
                    toolCalls: [call("functions.read:0", ["raw": "{oops"]), call("", "text"), call("mock_tc_1", nil)]),
                answer("mock_tc_1", ""), answer("functions.read:0", "", isError: true),
                ChatMessage(
                    role: .assistant, content: "",
                    toolCalls: [ToolCall(id: "mock_tc_1", name: "rm -rf /", arguments: [:])]),
                answer("mock_tc_1", "once more"),
                ChatMessage(role: .assistant, content: "", toolCalls: [call("lost", [:])]), user("z"),
            ], tools: [read], gemini: "gemini-3-flash"),
        RequestCase(name: "schemas", messages: [user("hi")], tools: [read, free, optional, nested, nothing]),
    ]

    private static let system = ChatMessage(role: .system, content: "## SOUL.md\nBe brief.")
    private static func user(_ text: String) -> ChatMessage { ChatMessage(role: .user, content: text) }
    private static func call(_ id: String, _ arguments: JSON) -> ToolCall {
        ToolCall(id: id, name: "read", arguments: arguments)
    }
    private static func answer(_ id: String, _ text: String, isError: Bool = false) -> ChatMessage {
        ChatMessage(role: .tool, content: text, name: "read", toolCallID: id, isError: isError)
    }

    private static let read = tool(
        "read",
        #"{"type":"object","properties":{"path":{"type":"string"},"start_line":{"type":"integer","minimum":1}},"required":["path"],"additionalProperties":false}"#
    )
    private static let nothing = tool("now", #"{"type":"object","properties":{}}"#)
    private static let free = tool(
        "mcp__store__put", #"{"type":"object","properties":{"value":{"type":"object","additionalProperties":true}}}"#)
    /// As Pydantic writes an optional field.
    private static let optional = tool(
        "mcp__mail__search",
        #"{"type":"object","title":"searchArguments","properties":{"limit":{"anyOf":[{"type":"integer","exclusiveMinimum":0},{"type":"null"}],"default":null,"title":"Limit"},"labels":{"type":["array","null"],"items":{"type":"string","format":"uri"}},"kind":{"enum":["a","b"]},"level":{"type":"integer","enum":[1,2]}}}"#
    )
    private static let nested = tool(
        "mcp__map__route",
        ##"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"Point":{"type":"object","properties":{"x":{"type":"number"},"y":{"type":"number"},"next":{"$ref":"#/$defs/Point"}},"required":["x","y","z"]}},"properties":{"from":{"$ref":"#/$defs/Point"},"via":{"type":"array","items":{"oneOf":[{"$ref":"#/$defs/Point"},{"const":"home"}]}}}}"##
    )

    private static func tool(_ name: String, _ schema: String) -> ToolDeclaration {
        guard let parameters = try? JSON(parsing: schema) else {
            preconditionFailure("the schema of \(name) is no JSON")
        }
        return ToolDeclaration(name: name, description: "Does \(name).", parameters: parameters)
    }
}
