import Bytes
import Testing

@testable import Models

private let provider = GeminiProvider(apiKey: "AIzaTest")

private func request(_ messages: [ChatMessage], model: String = "gemini-2.5-flash", tools: [ToolDeclaration] = [])
    -> UpstreamRequest
{
    provider.request(ModelRequest(model: model, temperature: 0.2, maxTokens: 1024, messages: messages, tools: tools))
}

private func parameters(_ schema: String) throws -> JSON? {
    let tool = ToolDeclaration(name: "t", description: "d", parameters: try json(schema))
    return try request([], tools: [tool]).json["tools"]?[0]?["functionDeclarations"]?[0]?["parameters"]
}

@Suite struct GeminiRequestTests {
    @Test func `a request has its address, headers and keys`() throws {
        let request = request(
            [ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "hi")],
            tools: [
                ToolDeclaration(name: "now", description: "Tells the time", parameters: ["type": "object"]),
                ToolDeclaration(
                    name: "ls", description: "Lists",
                    parameters: try json(#"{"type":"object","properties":{"path":{"type":"string"}}}"#)),
            ])
        #expect(
            request.url
                == "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
        )
        #expect(request.header("x-goog-api-key") == "AIzaTest")
        #expect(
            try request.json
                == json(
                    #"""
                    {"contents":[{"role":"user","parts":[{"text":"hi"}]}],
                     "systemInstruction":{"parts":[{"text":"Be brief."}]},
                     "tools":[{"functionDeclarations":[
                      {"name":"ls","description":"Lists","parameters":{"type":"object","properties":{"path":{"type":"string"}}}},
                      {"name":"now","description":"Tells the time"}]}],
                     "generationConfig":{"temperature":0.2,"maxOutputTokens":1024}}
                    """#))
    }

    @Test(arguments: [
        ("models/gemini-2.5-pro", "models/gemini-2.5-pro:"), ("a b?c", "models/a%20b%3Fc:"),
    ])
    func `the name of a model is part of the path`(model: String, path: String) {
        #expect(request([], model: model).url.contains("/v1beta/\(path)streamGenerateContent?"))
    }

    @Test func `calls and answers are parts, and what one side says is one content`() throws {
        let calls = [
            ToolCall(id: "gemini_1", name: "read", arguments: ["path": "a"], signature: "c2ln"),
            ToolCall(id: "gemini_2", name: "ls", arguments: [1]),
        ]
        let messages = [
            ChatMessage(role: .user, content: "x"),
            ChatMessage(role: .assistant, content: "Let me see.", toolCalls: calls),
            ChatMessage(role: .tool, content: "A", name: "read", toolCallID: "gemini_1"),
            ChatMessage(role: .tool, content: "no", name: "ls", toolCallID: "gemini_2", isError: true),
            ChatMessage(role: .user, content: "y"),
        ]
        #expect(
            try request(messages).json["contents"]
                == json(
                    #"""
                    [{"role":"user","parts":[{"text":"x"}]},
                     {"role":"model","parts":[{"text":"Let me see."},
                      {"functionCall":{"name":"read","args":{"path":"a"}},"thoughtSignature":"c2ln"},
                      {"functionCall":{"name":"ls","args":{"raw":"[1]"}}}]},
                     {"role":"user","parts":[
                      {"functionResponse":{"name":"read","response":{"output":"A"}}},
                      {"functionResponse":{"name":"ls","response":{"output":"no"}}},{"text":"y"}]}]
                    """#))
    }

    @Test(arguments: [
        ("gemini-3-pro-preview", true), ("gemini-3.1-pro", true), ("models/gemini-4-argon", true),
        ("gemini-2.5-pro", false), ("gemini-flash-latest", false), ("gemma-3", false),
    ])
    func `calls of other models get a substitute for the signature that is asked for`(model: String, isAsked: Bool)
        throws
    {
        let call = ToolCall(id: "c", name: "ls", arguments: [:])
        let messages = [
            ChatMessage(role: .user, content: "x"),
            ChatMessage(role: .assistant, content: "", toolCalls: [call, call]),
            ChatMessage(role: .tool, content: "", name: "ls", toolCallID: "c"),
            ChatMessage(role: .tool, content: "", name: "ls", toolCallID: "c"),
        ]
        let parts = try request(messages, model: model).json["contents"]?[1]?["parts"]
        #expect(parts?[0]?["thoughtSignature"] == (isAsked ? "skip_thought_signature_validator" : nil))
        #expect(parts?[1]?["thoughtSignature"] == nil)
    }

    @Test(arguments: [
        // What has no counterpart is left out, at every depth.
        (
            #"{"$schema":"x","type":"object","additionalProperties":false,"properties":{"a":{"type":"string","default":"x","examples":["y"]},"b":{"type":"object","additionalProperties":false,"properties":{"c":{"type":"integer","exclusiveMinimum":0,"minimum":1}}}},"required":["a","gone"]}"#,
            #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"object","properties":{"c":{"type":"integer","minimum":1}}}},"required":["a"]}"#
        ),
        // A union with null is a nullable.
        (
            #"{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"anyOf":[{"type":"integer"},{"type":"null"}],"description":"B"}}}"#,
            #"{"type":"object","properties":{"a":{"type":"string","nullable":true},"b":{"type":"integer","nullable":true,"description":"B"}}}"#
        ),
        // One of several is any of them; a constant is an enumeration.
        (
            #"{"type":"object","properties":{"a":{"oneOf":[{"const":"x"},{"type":"integer","enum":[1,2]}]}}}"#,
            #"{"type":"object","properties":{"a":{"anyOf":[{"type":"string","enum":["x"]},{"type":"integer"}]}}}"#
        ),
        // References are followed.
        (
            ##"{"type":"object","$defs":{"P":{"type":"object","properties":{"x":{"type":"number"}}}},"properties":{"p":{"allOf":[{"$ref":"#/$defs/P"}],"description":"Where"},"q":{"$ref":"elsewhere"}}}"##,
            #"{"type":"object","properties":{"p":{"type":"object","properties":{"x":{"type":"number"}},"description":"Where"},"q":{"type":"string"}}}"#
        ),
        // Formats and what belongs to other types.
        (
            #"{"type":"object","properties":{"a":{"type":"string","format":"uri","items":{},"required":[]},"b":{"type":"string","format":"date-time"},"c":{"type":"array"},"d":{"type":"object","description":"D"}}}"#,
            #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string","format":"date-time"},"c":{"type":"array","items":{"type":"string"}},"d":{"type":"string","description":"D (a JSON object, as text)"}}}"#
        ),
    ])
    func `schemas are told in the keys that are taken`(schema: String, expected: String) throws {
        #expect(try parameters(schema) == json(expected))
    }

    @Test(arguments: [
        #"{"type":"object"}"#, #"{"type":"object","properties":{}}"#, "{}", "true", #"{"type":"string"}"#,
    ])
    func `a function without parameters has none`(schema: String) throws {
        #expect(try parameters(schema) == nil)
    }

    @Test func `schemas that refer to themselves end where they do`() throws {
        let schema =
            ##"{"type":"object","$defs":{"N":{"type":"object","properties":{"a":{"$ref":"#/$defs/N"},"b":{"$ref":"#/$defs/N"},"v":{"type":"string"}}}},"properties":{"n":{"$ref":"#/$defs/N"},"m":{"$ref":"#/$defs/N"},"c":{"$ref":"#/properties/c"}}}"##
        let node =
            #"{"type":"object","properties":{"a":{"type":"string","description":"(a JSON object, as text)"},"b":{"type":"string","description":"(a JSON object, as text)"},"v":{"type":"string"}}}"#
        #expect(
            try parameters(schema)
                == json(##"{"type":"object","properties":{"n":\##(node),"m":\##(node),"c":{"type":"string"}}}"##))
    }

    @Test func `schemas that grow beyond all bounds are cut`() throws {
        // Each level has ten of the next.
        var definitions: [String] = []
        for level in 0..<10 {
            let properties = (0..<10).map { ##""p\##($0)":{"$ref":"#/$defs/L\##(level + 1)"}"## }
            definitions.append(#""L\#(level)":{"type":"object","properties":{\#(properties.joined(separator: ","))}}"#)
        }
        let schema =
            ##"{"type":"object","$defs":{\##(definitions.joined(separator: ","))},"properties":{"a":{"$ref":"#/$defs/L0"}}}"##
        let converted = try #require(try parameters(schema))
        #expect(converted.encoded().count < 1 << 20)
    }
}
