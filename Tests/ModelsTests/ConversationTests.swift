import Bytes
import Testing

@testable import Models

private func call(_ id: String, _ name: String = "ls") -> ToolCall { ToolCall(id: id, name: name, arguments: [:]) }
private func user(_ text: String) -> ChatMessage { ChatMessage(role: .user, content: text) }
private func assistant(_ calls: ToolCall...) -> ChatMessage {
    ChatMessage(role: .assistant, content: "", toolCalls: calls)
}
private func answer(_ id: String, _ text: String) -> ChatMessage {
    ChatMessage(role: .tool, content: text, name: "ls", toolCallID: id)
}

private func conversation(_ messages: ChatMessage..., tools: [String] = []) -> Conversation {
    let tools = tools.map { ToolDeclaration(name: $0, description: "", parameters: [:]) }
    return Conversation(ModelRequest(model: "m", temperature: 1, maxTokens: 1, messages: messages, tools: tools))
}

@Suite struct ConversationTests {
    @Test func `what is in order stays as it is`() {
        let messages = [user("x"), assistant(call("a"), call("b")), answer("a", "A"), answer("b", "B"), user("y")]
        let result = conversation(messages[0], messages[1], messages[2], messages[3], messages[4])
        #expect(result.messages == messages)
        #expect(result.system == nil)
    }

    @Test func `system messages become one`() {
        let result = conversation(
            ChatMessage(role: .system, content: "a"), user("x"), ChatMessage(role: .system, content: "b"))
        #expect(result.system == "a\n\nb")
        #expect(result.messages == [user("x")])
        let request = ModelRequest(
            model: "m", temperature: 1, maxTokens: 1, system: "0",
            messages: [ChatMessage(role: .system, content: "a"), user("x")])
        #expect(Conversation(request).system == "0\n\na")
    }

    @Test func `calls that nothing answers get an answer`() {
        let result = conversation(user("x"), assistant(call("a"), call("b")), answer("b", "B"), user("y"))
        #expect(result.messages.map(\.content) == ["x", "", Conversation.missingAnswer, "B", "y"])
        #expect(result.messages[2].toolCallID == "a")
        #expect(result.messages[2].isError)
    }

    @Test func `answers stand in the order of the calls`() {
        let result = conversation(user("x"), assistant(call("a"), call("b")), answer("b", "B"), answer("a", "A"))
        #expect(result.messages.map(\.content) == ["x", "", "A", "B"])
    }

    @Test func `answers that nothing asked for are left out`() {
        let result = conversation(
            answer("z", "Z"), user("x"), answer("y", "Y"), assistant(call("a")), answer("a", "A"), answer("a", "again"))
        #expect(result.messages.map(\.content) == ["x", "", "A"])
    }

    @Test func `an id that stands twice is replaced, together with that of its answer`() {
        let result = conversation(
            user("x"), assistant(call("call_1")), answer("call_1", "A"), assistant(call("call_1")),
            answer("call_1", "B"),
            assistant(call(""), call("call_1")), answer("", "C"), answer("call_1", "D"))
        #expect(
            result.messages.flatMap { $0.toolCalls.map(\.id) } == ["call_1", "call_2", "call_3", "call_4"])
        #expect(result.messages.compactMap(\.toolCallID) == ["call_1", "call_2", "call_3", "call_4"])
        #expect(result.messages.filter { $0.role == .tool }.map(\.content) == ["A", "B", "C", "D"])
    }

    @Test func `names that no vendor takes back are changed, those of tools are not`() {
        let result = conversation(
            user("x"), assistant(call("a", "rm -rf /"), call("b", "mcp.read"), call("c", "")), tools: ["mcp.read"])
        #expect(result.messages[1].toolCalls.map(\.name) == ["rm_-rf__", "mcp.read", "unknown"])
        #expect(result.messages[2].name == "rm_-rf__")
    }

    @Test func `sides alternate, and the user begins`() {
        let result = conversation(
            ChatMessage(role: .assistant, content: "a"), ChatMessage(role: .assistant, content: "b"), user("x"),
            user(""),
            user("y"))
        #expect(result.sides.map(\.isModel) == [false, true, false])
        #expect(result.sides.last?.messages == [user("x"), user("y")])
    }
}
