import Bytes
import Testing

@testable import Models

private func answer(_ text: String) -> [ModelEvent] {
    MockModel.answer(
        ModelRequest(
            model: "mock", temperature: 0, maxTokens: 1,
            messages: [
                ChatMessage(role: .user, content: "earlier"), ChatMessage(role: .user, content: text),
                ChatMessage(role: .assistant, content: "later"),
            ]))
}

private func echo(_ deltas: [String]) -> [ModelEvent] {
    deltas.map { .delta($0) } + [
        .usage(TokenUsage(promptTokens: 10, completionTokens: 20, totalTokens: 30)), .finished(.stop),
    ]
}

@Suite struct MockModelTests {
    @Test func `it echoes the last user message in pieces of ten scalars`() {
        #expect(answer("hi") == echo(["Mock respo", "nse to: hi"]))
        #expect(answer("") == echo(["Mock respo", "nse to: "]))
        #expect(answer("a\r\n👩‍🚀b") == echo(["Mock respo", "nse to: a\r", "\n👩‍🚀b"]))
        // Within a family of scalars that a reader sees as one character, too.
        #expect(answer("e\u{301}xy") == echo(["Mock respo", "nse to: e\u{301}", "xy"]))
    }

    @Test(arguments: [
        ("use_tool: ls", "ls"), ("use_tool:ls -l", "ls"), ("use_tool:", "read"), ("use_tool:  \n ", "read"),
        ("use_tool: \n grep x", "grep"),
    ])
    func `it calls the tool that it is told to`(text: String, name: String) {
        #expect(
            answer(text) == [
                .toolCalls([ToolCall(id: "mock_tc_1", name: name, arguments: [:])]),
                .usage(TokenUsage(promptTokens: 10, completionTokens: 5, totalTokens: 15)), .finished(.toolCalls),
            ])
    }

    @Test func `without a user message it echoes nothing`() {
        let request = ModelRequest(model: "mock", temperature: 0, maxTokens: 1, messages: [])
        #expect(MockModel.answer(request) == echo(["Mock respo", "nse to: "]))
    }
}
