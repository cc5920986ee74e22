import Bytes
import Testing

@testable import Integrations

/// Settings as people have them.
let corpus: [String] = [
    "",
    "{}",
    "{}\n",
    "{ }",
    "{\n}\n",
    "\u{FEFF}{\n  \"model\": \"opus\"\n}\n",
    #"{"model":"opus","permissions":{"allow":["Bash(ls:*)"]}}"#,
    "{\n  \"model\": \"opus\",\n  \"permissions\": {\n    \"allow\": [\"Bash(ls:*)\", \"Read\"]\n  }\n}\n",
    "{\n\t\"model\": \"opus\",\n\t\"env\": {}\n}",
    "{\r\n    \"model\": \"opus\",\r\n    \"env\": { \"A\": \"ü \\u00fc \\n\" }\r\n}\r\n",
    "{\n   \"hooks\": {},\n   \"model\": \"opus\"\n}\n",
    "{\n  \"hooks\": {\n    \"Stop\": []\n  }\n}\n",
    """
    {
      "hooks": {
        "PreToolUse": [
          {
            "matcher": "Bash",
            "hooks": [{ "type": "command", "command": "/usr/bin/guard drover-hook handle; true" }]
          }
        ],
        "Stop": [{ "hooks": [ { "type": "command", "command": "say 'drover-hook handle'" } ] }]
      },
      "statusLine": { "type": "command", "command": "~/.claude/statusline.sh" }
    }

    """,
    "{ \"a\" : 1 ,\n\"hooks\" :\n{ \"Stop\" : [ { \"hooks\" : [ ] } ] } , \"b\" : -1.50e3 }",
    "{\"a\": [1,\n2], \"hooks\": {\"Other\": []}}",
]

private let program = "/opt/drover/bin/drover-hook"

@Suite("Hooks in settings")
struct HookSettingsTests {
    private func settings(_ text: String, _ agent: WatchedAgent = .claude) throws -> HookSettings {
        try HookSettings(Array(text.utf8), of: agent)
    }

    private func json(_ settings: HookSettings) throws -> JSON {
        let bytes =
            settings.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(settings.bytes.dropFirst(3)) : settings.bytes
        return try JSON(parsing: bytes)
    }

    @Test(arguments: corpus)
    func `installing gives every event its entry, and a second time changes nothing`(text: String) throws {
        for agent in [WatchedAgent.claude, .codex, .gemini] {
            var settings = try settings(text, agent)
            try settings.install(program: program)
            let registration = HookRegistration(agent: agent, program: program)
            let hooks = try json(settings)["hooks"]
            for event in registration.events {
                #expect(hooks?[event]?.array?.last == registration.group(of: event))
            }
            #expect(settings.broken(program: program).isEmpty)
            let once = settings.bytes
            try settings.install(program: program)
            #expect(settings.bytes == once)
        }
    }

    @Test(arguments: corpus)
    func `what was there before keeps its bytes`(text: String) throws {
        var settings = try settings(text)
        try settings.install(program: program)
        // The old text is what remains when some stretches of the new one are left out.
        var rest = Array(text.utf8)[...]
        for byte in settings.bytes where byte == rest.first { rest = rest.dropFirst() }
        let missing = rest.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        #expect(missing.isEmpty, "\(String(decoding: settings.bytes, as: UTF8.self))")
    }

    @Test(arguments: corpus)
    func `taking out leaves the values that were there`(text: String) throws {
        for agent in [WatchedAgent.claude, .codex, .gemini] {
            var settings = try settings(text, agent)
            let before = try json(settings)
            let bytes = settings.bytes
            try settings.install(program: program)
            try settings.uninstall(original: bytes)
            #expect(try json(settings) == before)
            #expect(settings.entries.isEmpty)
        }
    }

    @Test func `Claude Code's entries are the contract's`() throws {
        var settings = try settings("{}")
        try settings.install(program: program)
        let hooks = try #require(try json(settings)["hooks"]?.object)
        #expect(hooks.keys.count == 14)
        #expect(!hooks.keys.contains("WorktreeCreate"))
        let tool: JSON = [
            "matcher": "*",
            "hooks": [["type": "command", "command": .string(program + " handle"), "async": true, "timeout": 30]],
        ]
        #expect(hooks["PreToolUse"] == [tool])
        #expect(hooks["SessionEnd"] == [["hooks": [["type": "command", "command": .string(program + " handle")]]]])
    }

    @Test func `an entry that is broken or of another path is repaired where it stands`() throws {
        var settings = try settings(
            """
            {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "A=1 /old/hud-hook handle", "async": true},
            {"type": "command", "command": "mine"}]}]}}
            """)
        #expect(settings.programs == ["/old/hud-hook"])
        try settings.install(program: program)
        let stop = try json(settings)["hooks"]?["Stop"]?[0]?["hooks"]
        #expect(stop?[0] == .object(HookRegistration(agent: .claude, program: program).handler(of: "Stop")))
        #expect(stop?[1]?["command"] == "mine")
        #expect(settings.programs == [program])
    }

    @Test func `uninstalling removes ours and nothing else`() throws {
        var settings = try settings(corpus[12])
        try settings.install(program: program)
        try settings.uninstall()
        #expect(String(decoding: settings.bytes, as: UTF8.self) == corpus[12])
    }

    @Test(arguments: [
        ("{", 1), ("{\n  \"a\": 1,\n}", 3), ("{\n\"a\" 1}", 2), ("{} x", 1), ("[]", 1), ("{\n\n\"hooks\": []}", 3),
        ("{\"hooks\": {\n\"Stop\": {}}}", 2), ("{\"hooks\": {},\n\"hooks\": {}}", 2), ("{\n// why\n}", 2),
        ("{\"a\": \"b\n\"}", 1), ("{\"a\": nope}", 1), ("{\"a\": \"\\x\"}", 1),
    ])
    func `what cannot be read is refused with its line`(text: String, line: Int) throws {
        do {
            _ = try settings(text)
            Issue.record("it was taken")
        } catch let failure as JSONText.Failure {
            #expect(failure.line == line)
        }
    }

    @Test(arguments: [
        "{\n  // theme\n  \"theme\": \"dark\", // nice\n  /* more */\n  \"b\": [1, 2,],\n}\n",
        "{\n  \"theme\": \"dark\" // nice\n}\n",
        "{\n  \"hooks\": {\n    // none yet\n  }\n}\n",
        "{ /* empty */ }",
    ])
    func `Gemini's comments stay where they are`(text: String) throws {
        var settings = try settings(text, .gemini)
        try settings.install(program: program)
        let installed = String(decoding: settings.bytes, as: UTF8.self)
        for comment in ["// theme", "\"dark\", // nice", "/* more */", "// none yet", "/* empty */"]
        where text.contains(comment) {
            #expect(installed.contains(comment))
        }
        #expect(settings.broken(program: program).isEmpty)
        try settings.uninstall(original: Array(text.utf8))
        #expect(settings.entries.isEmpty)
        if !text.contains("empty"), !text.contains("none yet") {
            #expect(String(decoding: settings.bytes, as: UTF8.self) == text)
        }
    }

    /// Random settings: whatever they are, they come back.
    @Test func `random settings keep their values and other members their bytes`() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<100 {
            let text = generator.object(depth: 0)
            var settings = try settings(text)
            let before = try json(settings)
            try settings.install(program: program)
            #expect(settings.broken(program: program).isEmpty)
            try settings.uninstall(original: Array(text.utf8))
            #expect(try json(settings) == before)
        }
    }
}

@Suite("Recognising our own command")
struct HookCommandTests {
    @Test(arguments: [
        "/a/drover-hook handle", "/a/hud-hook handle", "A=1 B_2=x '/a b/drover-hook' handle", "hud-hook handle",
        "\"/a b/hud-hook\" handle --agent codex", "~/bin/hud-hook handle", "/a\\ b/drover-hook handle",
    ])
    func `ours`(text: String) { #expect(HookCommand(parsing: text) != nil) }

    @Test(arguments: [
        "/a/my-drover-hook handle", "/a/drover-hook", "/a/drover-hook handle; rm x", "echo drover-hook handle",
        "/a/drover-hook handle && true", "sh -c 'drover-hook handle'", "/a/drover-hook cwd", "/a/drover-hook handle x",
        "drover-hook handle > /tmp/x", "$(drover-hook handle)", "'/a/drover-hook handle", "", "drover-hook/x handle",
    ])
    func `somebody else's`(text: String) { #expect(HookCommand(parsing: text) == nil) }

    @Test(arguments: ["/a/drover-hook", "/with space/drover-hook", "/it's/drover-hook", "/$x/ü/drover-hook"])
    func `written as it is read`(program: String) {
        let command = HookCommand(program: program, agent: "gemini")
        #expect(HookCommand(parsing: command.text) == command)
    }
}

/// A generator whose numbers are the same each time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func space() -> String { ["", "", " ", "\n", "\n  ", "\t", "\r\n    "].randomElement(using: &self)! }

    /// The text of some object, at the top perhaps with hooks of others.
    mutating func object(depth: Int) -> String {
        var members: [String] = []
        for index in 0..<Int.random(in: 0...3, using: &self) {
            let value = self.value(depth: depth + 1)
            members.append("\(space())\"k\(index)\"\(space()):\(space())\(value)\(space())")
        }
        if depth == 0, Bool.random(using: &self) {
            let groups = ["[]", "[ ]", #"[{"matcher":"x","hooks":[{"type":"command","command":"other"}]}]"#]
            let events = ["Stop", "PreToolUse", "Party"].filter { _ in Bool.random(using: &self) }
                .map { "\(space())\"\($0)\":\(space())\(groups.randomElement(using: &self)!)\(space())" }
            members.insert("\"hooks\":\(space()){\(events.joined(separator: ","))}", at: 0)
        }
        return "{\(members.isEmpty ? space() : members.joined(separator: ","))}"
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0...5, using: &self) {
        case 0 where depth < 3: return object(depth: depth)
        case 1 where depth < 3:
            let elements = (0..<Int.random(in: 0...2, using: &self)).map { _ in value(depth: depth + 1) + space() }
            return "[\(elements.joined(separator: ","))]"
        case 2: return "true"
        case 3: return "-12.5e-3"
        default: return #""a \"text\" { [ , // ü""#
        }
    }
}
