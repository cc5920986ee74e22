import Bytes
import Testing

@testable import Models

private func message(_ role: ChatMessage.Role, _ text: String, tokens: Int) -> ChatMessage {
    // 8 tokens are for the message itself.
    ChatMessage(role: role, content: text + String(repeating: ".", count: (tokens - 8) * 4 - text.utf8.count))
}

private let system = message(.system, "s", tokens: 10)

private func turn(_ name: String) -> [ChatMessage] {
    [
        message(.user, "u\(name)", tokens: 100), message(.assistant, "c\(name)", tokens: 100),
        message(.tool, "t\(name)", tokens: 100), message(.assistant, "a\(name)", tokens: 100),
    ]
}

private func total(_ messages: [ChatMessage]) -> Int { messages.reduce(0) { $0 + TokenBudget.estimate($1) } }

/// Trims what may begin with a system message, which stays.
private func trim(_ messages: [ChatMessage], tools: [ToolDeclaration], budget: UInt32) -> [ChatMessage] {
    let first = messages.prefix { $0.role == .system }
    let rest = Array(messages.dropFirst(first.count))
    let besides = total(Array(first)) + tools.reduce(0) { $0 + $1.tokens }
    return first + TokenBudget.trim(rest, estimated: total(rest), besides: besides, budget: budget)
}

@Suite struct TokenBudgetTests {
    @Test func `a message costs a quarter of its bytes and eight`() {
        #expect(TokenBudget.estimate(ChatMessage(role: .user, content: "")) == 8)
        #expect(TokenBudget.estimate(ChatMessage(role: .user, content: "abc")) == 8)
        #expect(TokenBudget.estimate(ChatMessage(role: .user, content: "äöü€")) == 10)
    }

    @Test func `what fits stays as it is`() {
        let messages = [system] + turn("1") + [message(.user, "u2", tokens: 90)]
        #expect(trim(messages, tools: [], budget: 500) == messages)
        #expect(trim(messages, tools: [], budget: 499) != messages)
    }

    @Test func `whole turns go, the oldest first, never the system message`() {
        let newest = message(.user, "u3", tokens: 90)
        let messages = [system] + turn("1") + turn("2") + [newest]
        for budget in [899, 500] as [UInt32] {
            #expect(trim(messages, tools: [], budget: budget) == [system] + turn("2") + [newest])
        }
        for budget in [499, 100, 0] as [UInt32] {
            #expect(trim(messages, tools: [], budget: budget) == [system, newest])
        }
    }

    @Test func `the newest user message and what follows it stays`() {
        let messages = turn("1") + turn("2")
        #expect(trim(messages, tools: [], budget: 400) == turn("2"))
        #expect(trim(messages, tools: [], budget: 0).map(\.role) == turn("2").map(\.role))
    }

    @Test func `tools and arguments are counted`() {
        let messages = [system] + turn("1") + [message(.user, "u2", tokens: 90)]
        let tool = ToolDeclaration(name: "t", description: "", parameters: .string(String(repeating: "a", count: 397)))
        #expect(tool.tokens == 108)
        #expect(trim(messages, tools: [tool], budget: 608) == messages)
        #expect(trim(messages, tools: [tool], budget: 607).count == 2)
        let call = ToolCall(id: "c", name: "write", arguments: ["content": .string(String(repeating: "a", count: 400))])
        #expect(TokenBudget.estimate(ChatMessage(role: .assistant, content: "", toolCalls: [call])) > 110)
    }

    @Test func `then the longest output of a tool is cut, with a note`() throws {
        let long = String(repeating: "é", count: 4000)
        let messages = [
            system, message(.user, "u", tokens: 100), message(.assistant, "a", tokens: 100),
            message(.tool, "short", tokens: 200), ChatMessage(role: .tool, content: long, name: "read"),
        ]
        let trimmed = trim(messages, tools: [], budget: 1000)
        #expect(Array(trimmed.prefix(4)) == Array(messages.prefix(4)))
        #expect(total(trimmed) <= 1000)
        #expect(total(trimmed) > 950)
        let parts = trimmed[4].content.split(separator: "\n")
        #expect(parts.count == 2)
        #expect(parts[0].allSatisfy { $0 == "é" })
        #expect(parts[1] == "[\(long.utf8.count - parts[0].utf8.count) bytes cut to fit the token budget]")
    }

    @Test func `several outputs are cut where one is not enough, and each keeps its beginning`() {
        let messages =
            [message(.user, "u", tokens: 100)] + (0..<3).map { message(.tool, "t\($0)", tokens: 1000) }
        let some = trim(messages, tools: [], budget: 1500)
        #expect(total(some) <= 1500)
        let least = trim(messages, tools: [], budget: 10)
        #expect(least.count == 4)
        #expect(least[1...].allSatisfy { $0.content.utf8.count > 256 && $0.content.utf8.count < 400 })
        #expect(least[2].content.hasPrefix("t1"))
    }

    @Test func `any session fits, or what is left could not be less`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var messages = [system]
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let role = [ChatMessage.Role.user, .assistant, .tool].randomElement(using: &random)!
                messages.append(message(role, "x", tokens: Int.random(in: 9...600, using: &random)))
            }
            let budget = UInt32.random(in: 0...3000, using: &random)
            let trimmed = trim(messages, tools: [], budget: budget)
            let newest = messages.lastIndex { $0.role == .user }
            #expect(trimmed.first == system)
            if let newest {
                #expect(trimmed.map(\.role).suffix(messages.count - newest) == messages.map(\.role)[newest...])
            }
            if total(messages) <= Int(budget) { #expect(trimmed == messages) }
            if total(trimmed) > Int(budget) {
                #expect(trimmed.count == 1 + messages.count - (newest ?? 1))
                #expect(trimmed.allSatisfy { $0.role != .tool || $0.content.utf8.count <= 256 + 64 })
            }
        }
    }
}
