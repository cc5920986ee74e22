import Bytes
import Fleet
import Testing

@testable import Models

@Suite struct MessageJSONTests {
    @Test func `what is absent is omitted`() {
        #expect(ChatMessage(role: .user, content: "").json.text == #"{"role":"user","content":""}"#)
        #expect(
            ChatMessage(role: .tool, content: "x", name: "ls", toolCallID: "c", isError: true).json.text
                == #"{"role":"tool","content":"x","name":"ls","tool_call_id":"c","is_error":true}"#)
        #expect(
            ChatMessage(
                role: .assistant, content: "x", toolCalls: [ToolCall(id: "c", name: "ls", arguments: [:])],
                isPartial: true, createdAt: PreciseTime(nanoseconds: 1_772_439_330_120_000_999)
            ).json.text
                == #"{"role":"assistant","content":"x","tool_calls":[{"id":"c","name":"ls","arguments":{}}],"partial":true,"created_at":"2026-03-02T08:15:30.120000Z"}"#
        )
    }

    @Test(arguments: [
        ChatMessage(role: .system, content: "a\r\n\u{0}"),
        ChatMessage(role: .tool, content: "x", name: "ls", toolCallID: "c", isError: true),
        ChatMessage(
            role: .assistant, content: "",
            toolCalls: [ToolCall(id: "c", name: "ls", arguments: [1, nil], signature: "s")],
            isPartial: true, createdAt: PreciseTime(nanoseconds: 1_772_439_330_000_001_000)),
    ])
    func `what is written is read again`(message: ChatMessage) throws {
        #expect(try ChatMessage(json: JSON(parsing: message.json.encoded())) == message)
    }

    @Test func `null and absent are the same, and clients have a name of their own for the tool`() throws {
        #expect(
            try ChatMessage(
                json: json(
                    #"{"role":"tool","content":"x","name":null,"tool_name":"ls","tool_call_id":null,"tool_calls":null,"is_error":null,"partial":null,"created_at":null,"more":1}"#
                )) == ChatMessage(role: .tool, content: "x", name: "ls"))
        #expect(try ChatMessage(json: json(#"{"role":"tool","name":"a","tool_name":"b"}"#)).name == "a")
    }

    @Test(arguments: [
        (#"[]"#, "must be an object"), (#"{"role":"robot"}"#, "role must be one of system, user, assistant, tool"),
        (#"{"role":"user","content":1}"#, "content must be a string"),
        (#"{"role":"assistant","tool_calls":[{"id":"a"}]}"#, "tool_calls[0].name is required"),
        (#"{"role":"user","created_at":"yesterday"}"#, "created_at must be a time as RFC 3339 writes it"),
    ])
    func `what is wrong is named`(text: String, message: String) throws {
        let value = try json(text)
        let error = #expect(throws: FieldError.self) { try ChatMessage(json: value) }
        #expect(error?.description == message)
    }

    @Test func `arguments may be anything, null too`() throws {
        #expect(try ToolCall(json: json(#"{"id":"a","name":"b","arguments":null}"#)).arguments == .null)
        #expect(try ToolCall(json: json(#"{"id":"a","name":"b"}"#)).arguments == [:])
    }

    @Test func `usage is read and written, and added up`() throws {
        let usage = TokenUsage(promptTokens: 1, completionTokens: 2, totalTokens: .max)
        #expect(usage.json.text == #"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":4294967295}"#)
        #expect(try TokenUsage(json: usage.json) == usage)
        #expect(throws: FieldError.self) {
            try TokenUsage(json: json(#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":4294967296}"#))
        }
        #expect(usage + usage == TokenUsage(promptTokens: 2, completionTokens: 4, totalTokens: .max))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (1_000_000_000, "1970-01-01T00:00:01.000000Z"),
        (1_120_000_000, "1970-01-01T00:00:01.120000Z"), (1_000_001_999, "1970-01-01T00:00:01.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"), (Int64.min, "1677-09-21T00:12:43.145225Z"),
        (Int64.max, "2262-04-11T23:47:16.854775Z"),
    ])
    func `times have six digits`(nanoseconds: Int64, text: String) {
        #expect(PreciseTime(nanoseconds: nanoseconds).rfc3339Microseconds() == text)
    }

    @Test func `the health of the runtime has its own zone`() {
        #expect(PreciseTime(nanoseconds: 0).rfc3339Microseconds(zone: "+00:00") == "1970-01-01T00:00:00.000000+00:00")
    }
}
