import Bytes
import Fleet
import Testing

@testable import HookReport

@Suite("What a hook call becomes")
struct HookRulesTests {
    private let now = Timestamp(milliseconds: 1_767_607_391_402)

    private func decide(
        _ fields: [String: JSON], of agent: Agent = .claude, _ variables: [String: String] = [:]
    ) -> HookRules.Decision {
        HookRules.decide(
            HookInput(fields), of: agent, in: .init(now: now, pid: 7, random: 0xBEEF, variable: { variables[$0] }))
    }

    private func report(_ fields: [String: JSON], of agent: Agent = .claude) throws -> Report {
        guard case .send(let report) = decide(fields, of: agent) else { throw Silence() }
        return report
    }

    private struct Silence: Error {}

    @Test func `the request is one line with everything the daemon asks for`() throws {
        var report = try report(["hook_event_name": "Stop", "session_id": "s", "cwd": "/a//"])
        report.metadata = [:]
        let expected = """
            {"protocol_version":1,"method":"event","id":"evt-1767607391402-7-beef","params":\
            {"event_id":"evt-1767607391402-7-beef","recorded_at":"2026-01-05T10:03:11.402Z","event_type":"stop",\
            "session_id":"s","pid":7,"cwd":"/a","stop_hook_active":false,"metadata":{}}}

            """
        #expect(String(decoding: report.requestLine(), as: UTF8.self) == expected)
    }

    @Test func `all thirty-one events of Claude Code are known, and eighteen types are the contract's`() {
        #expect(Set(EventKind.claudeEvents).count == 31)
        let kinds = EventKind.claudeEvents.compactMap { EventKind($0, of: .claude) }
        #expect(kinds.count == 31)
        #expect(kinds.filter { $0.method == .event }.count == 17)
        #expect(EventKind("shell_cwd").method == .event)
        #expect(EventKind("stop_failure").method == .extra)
    }

    @Test func `an id of a session of ours that is none is left out`() throws {
        for value in ["", " ", "a b", String(repeating: "x", count: 129)] {
            let fields: [String: JSON] = ["hook_event_name": "Stop", "session_id": "s", "cwd": "/a"]
            guard case .send(let report) = decide(fields, ["DROVER_SESSION_ID": value]) else { throw Silence() }
            #expect(report.metadata["drover_session_id"] == nil)
        }
    }

    @Test func `the error of a tool is its output and stays where it is`() throws {
        let fields: [String: JSON] = [
            "hook_event_name": "PostToolUseFailure", "session_id": "s", "cwd": "/a", "error": "Exit code 1",
        ]
        #expect(try report(fields).metadata["error"] == nil)
    }

    @Test func `opencode's events have their meaning`() throws {
        func kind(_ name: String) throws -> String {
            try report(["hook_event_name": .string(name), "session_id": "s", "cwd": "/a"], of: .opencode).kind.name
        }
        #expect(try kind("session.busy") == "user_prompt_submit")
        #expect(try kind("session.idle") == "stop")
        #expect(try kind("permission.asked") == "permission_request")
        #expect(try kind("question.asked") == "notification")
    }

    @Test func `the daemon's answers are understood`() {
        func answer(_ text: String) -> Answer? { Answer(line: Array(text.utf8)) }
        #expect(answer(#"{"ok":true,"id":"x","data":{"accepted":true,"duplicate":true},"new":1}"#) == .accepted)
        #expect(
            answer(#"{"ok":false,"error":{"code":"too_many_connections"}}"#) == .later(code: "too_many_connections"))
        #expect(answer(#"{"ok":false,"error":{"code":"invalid_params"}}"#) == .refused(code: "invalid_params"))
        #expect(answer("") == nil)
        #expect(answer("{}") == nil)
    }

    @Test func `words on the command line`() {
        #expect(Invocation(["handle"]) == .handle(.claude, json: nil))
        #expect(Invocation(["handle", "--agent", "gemini"]) == .handle(.gemini, json: nil))
        #expect(Invocation(["handle", "--new-option", "--agent=codex", "{}"]) == .handle(.codex, json: "{}"))
        #expect(Invocation(["cwd"]) == .cwd(path: nil, pid: nil, tty: nil))
        #expect(Invocation(["cwd", "/a", "1", ""]) == .cwd(path: "/a", pid: "1", tty: nil))
        for words in [[], ["x"], ["handle", "--agent"], ["handle", "--agent", "x"], ["cwd", "1", "2", "3", "4"]] {
            guard case .misuse = Invocation(words) else {
                Issue.record("\(words) is not misuse")
                continue
            }
        }
    }
}

@Suite("Recognising terminals")
struct TerminalTests {
    @Test(arguments: [
        (["TERM_PROGRAM": "iTerm.app"], "iterm2"), (["TERM_PROGRAM": "vscode", "CURSOR_TRACE_ID": "1"], "cursor"),
        (["TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.9-insider"], "vscode-insiders"),
        (["TERM": "xterm-kitty"], "kitty"), (["TERM": "foot-extra"], "foot"), (["VTE_VERSION": "7000"], "vte"),
        (["VTE_VERSION": "7000", "GNOME_TERMINAL_SCREEN": "/x"], "gnome-terminal"),
        (["TMUX": "/tmp/x,1,0", "TERM_PROGRAM": "tmux"], "tmux"), ([:], "unknown"),
        (["TERMINAL_EMULATOR": "JetBrains-JediTerm"], "jetbrains"), (["TERM": "xterm-256color"], "unknown"),
    ])
    func `by the environment`(variables: [String: String], expected: String) {
        #expect(ParentApp.detect(tmuxClient: nil) { variables[$0] } == expected)
    }

    @Test func `through tmux by the client's terminal`() {
        let variables = ["TMUX": "x", "TERM_PROGRAM": "tmux", "TERM": "tmux-256color"]
        #expect(ParentApp.detect(tmuxClient: "kitty(0.35) xterm-kitty") { variables[$0] } == "kitty")
        #expect(ParentApp.detect(tmuxClient: "XTerm(370) xterm") { variables[$0] } == "xterm")
        #expect(ParentApp.detect(tmuxClient: "") { variables[$0] } == "tmux")
    }

    @Test func `the client that tmux lists`() throws {
        let line = Array("1767607391__DROVER__0__DROVER__my work__DROVER__/dev/pts/3__DROVER__kitty xterm\n".utf8)
        let client = try #require(TmuxClient(list: line))
        #expect((client.session, client.tty, client.terminal) == ("my work", "/dev/pts/3", "kitty xterm"))
        #expect(TmuxClient(list: Array("no server".utf8)) == nil)
        #expect(TmuxClient(list: []) == nil)
    }

    @Test func `of several clients the one that was used last, and never one in control mode`() {
        func list(_ clients: (activity: Int, isControl: Int, tty: String)...) -> [UInt8] {
            let lines = clients.map {
                "\($0.activity)__DROVER__\($0.isControl)__DROVER__s__DROVER__\($0.tty)__DROVER__ xterm"
            }
            return Array(lines.joined(separator: "\n").utf8)
        }
        #expect(TmuxClient(list: list((5, 0, "/a"), (7, 0, "/b"), (6, 0, "/c")))?.tty == "/b")
        #expect(TmuxClient(list: list((5, 0, "/a"), (9, 1, "")))?.tty == "/a")
        #expect(TmuxClient(list: list((9, 1, ""))) == nil)
    }
}
