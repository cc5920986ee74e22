import Bytes
import Models
import Testing

@testable import RuntimeClient

@Suite struct SlashCommandTests {
    @Test(arguments: [
        ("", ChatInput.nothing), ("  \n ", .nothing), ("hello", .message("hello")), ("  hello\n", .message("hello")),
        ("a /help", .message("a /help")), ("//", .message("/")), ("//help", .message("/help")),
        (" //etc/hosts ", .message("/etc/hosts")), ("///x", .message("//x")),
        ("/help", .command(.help)), ("/HELP", .command(.help)), (" / help ", .command(.help)),
        ("/model", .command(.model)), ("/models", .command(.models)),
        ("/models set gpt-4o", .command(.setModel("gpt-4o"))),
        ("/Models  SET  Gpt-4o", .command(.setModel("Gpt-4o"))), ("/new", .command(.new)),
        ("/compact", .command(.compact)), ("/clear", .command(.clear)), ("/sessions", .command(.sessions)),
        ("/activate web", .message("/activate web")), ("/Activate web", .message("/Activate web")),
        ("/activate", .message("/activate")), ("one\n/help", .message("one\n/help")),
    ])
    func `knows messages from commands`(draft: String, input: ChatInput) {
        #expect(ChatInput(draft) == input)
    }

    @Test(arguments: [
        "/", "/ ", " / \n", "/nosuch", "/helpme", "/models set", "/models set a b", "/models a", "/new x",
    ])
    func `says what is wrong, so that the draft can be kept`(draft: String) {
        guard case .mistake(let sentence) = ChatInput(draft) else {
            Issue.record("\(draft) is no mistake")
            return
        }
        #expect(sentence.hasSuffix("."))
    }

    @Test(arguments: [
        ("/", SlashHint.all.map(\.usage)), ("/m", ["/model", "/models", "/models set <id>"]), ("/NEW", ["/new"]),
        ("/models ", []), ("//", []), ("", []), ("x", []), ("/zzz", []),
    ])
    func `hints at what a draft may become`(draft: String, usages: [String]) {
        #expect(SlashHint.hints(for: draft).map(\.usage) == usages)
    }

    @Test func `every hint is a command, as far as it goes`() {
        for hint in SlashHint.all {
            switch ChatInput(hint.completion + (hint.completion.hasSuffix(" ") ? "x" : "")) {
            case .command, .message: break
            case .nothing, .mistake: Issue.record("\(hint.completion) is none")
            }
        }
        #expect(SlashHint.hints(for: "/models").last?.completion == "/models set ")
    }
}

@Suite struct ConversationDigestTests {
    @Test func `tells the last twelve messages that say something, shortened`() throws {
        var messages = [ChatMessage(role: .system, content: "never told")]
        for number in 1...14 { messages.append(ChatMessage(role: .user, content: "message \(number)")) }
        messages.append(ChatMessage(role: .assistant, content: " \n "))
        messages.append(ChatMessage(role: .tool, content: "a\n\n  b" + String(repeating: "x", count: 300)))
        let digest = try #require(ConversationDigest.text(of: messages))
        let lines = digest.split(separator: "\n")
        #expect(lines.count == 13)
        #expect(lines[1] == "- user: message 4")
        #expect(lines[12].hasPrefix("- tool: a bxxx"))
        #expect(lines[12].count == "- tool: ".count + 180)
    }

    @Test func `has nothing to tell of an empty session`() {
        #expect(ConversationDigest.text(of: []) == nil)
        #expect(ConversationDigest.text(of: [ChatMessage(role: .assistant, content: "")]) == nil)
    }
}

@Suite struct ModelListTests {
    private func state(_ llm: JSON) throws -> ConfigState {
        let config: JSON = ["llm": llm, "other": ["kept": true]]
        return try #require(
            ConfigState([
                "config_path": "/c", "backup1_path": "/c.bak1", "backup2_path": "/c.bak2", "config_format": "c",
                "running": config, "disk": config, "raw": "{}",
            ]))
    }

    @Test func `knows the provider's models, and the one in use`() throws {
        let list = ModelList(try state(["provider": "Anthropic", "model": "claude-next"]))
        #expect(list.provider == "anthropic")
        #expect(list.models.first == "claude-opus-4-1")
        #expect(list.models.last == "claude-next")
    }

    @Test func `falls back as the contract says`() throws {
        let list = ModelList(try state(["provider": nil, "model": nil]))
        #expect(list.provider == "openai")
        #expect(list.current == "gpt-4o-mini")
        #expect(list.models.contains("gpt-4o"))
        #expect(ModelList(try state(["provider": "else"])).models.contains("gemini-2.5-pro"))
    }

    @Test func `prefers what the configuration lists`() throws {
        let list = ModelList(try state(["provider": "openai", "model": "b", "models": ["a", "b", "b"]]))
        #expect(list.models == ["a", "b"])
    }

    @Test func `changes the model and nothing else`() throws {
        let state = try state(["provider": "openai", "model": "gpt-4o", "temperature": 1])
        let change = try #require(ModelList(state).change(to: "gpt-4o-mini", in: state))
        #expect(
            change.json
                == [
                    "config": [
                        "llm": ["provider": "openai", "model": "gpt-4o-mini", "temperature": 1],
                        "other": ["kept": true],
                    ]
                ])
        #expect(ModelList(state).change(to: "nosuch", in: state) == nil)
    }
}
