import Bytes
import Testing

@testable import drover

@Suite("Setting up agents and shells")
struct SetupCommandTests {
    private var desk: Desk {
        var desk = Desk()
        desk.environment["HOME"] = "/nonexistent/home"
        desk.environment["DROVER_HOOK"] = "/nonexistent/drover-hook"
        return desk
    }

    @Test(arguments: [
        (["hooks"], "verb"), (["hooks", "party"], "party"), (["hooks", "install", "--agent", "x"], "opencode"),
        (["hooks", "install", "more"], "more"), (["shell", "install", "tcsh"], "tcsh"), (["shell"], "verb"),
    ])
    func `words that do not fit are explained`(words: [String], hint: String) {
        let answer = type(words)
        #expect(answer.exit == .usage)
        #expect(answer.remarks.contains(hint))
    }

    @Test func `without a trace of an agent there is nothing to set up`() {
        var desk = desk
        desk.environment["PATH"] = "/nonexistent"
        let answer = desk.type("hooks", "install", "--dry-run")
        #expect(answer.exit == .failure)
        #expect(answer.remarks.contains("--agent"))
    }

    @Test func `a dry run shows and changes nothing`() {
        let answer = desk.type("hooks", "install", "--agent", "codex", "--dry-run")
        #expect(answer.exit == .ok)
        #expect(answer.lines.first == "--- /dev/null")
        #expect(answer.output.contains("+            \"command\": \"/nonexistent/drover-hook handle --agent codex\","))
        #expect(desk.type("hooks", "uninstall", "--agent", "codex", "--dry-run").output.contains("nothing to change"))
    }

    @Test func `the status of nothing says what to do`() {
        let answer = desk.type("hooks", "status", "--agent", "claude")
        #expect(answer.exit == .failure)
        #expect(answer.output.contains("not installed"))
        #expect(answer.remarks.contains("drover hooks install"))
        #expect(desk.type("shell", "status", "zsh").exit == .failure)
        #expect(desk.type("shell", "status").exit == .ok)
    }

    @Test func `one's own shell is meant when none is named`() {
        var desk = desk
        desk.environment["SHELL"] = "/usr/bin/zsh"
        #expect(desk.type("shell", "install", "--dry-run").output.contains("precmd_functions"))
        desk.environment["SHELL"] = "/bin/tcsh"
        #expect(desk.type("shell", "install", "--dry-run").exit == .failure)
    }

    private func type(_ words: [String]) -> Desk.Answer {
        switch words.count {
        case 1: return desk.type(words[0])
        case 2: return desk.type(words[0], words[1])
        case 3: return desk.type(words[0], words[1], words[2])
        default: return desk.type(words[0], words[1], words[2], words[3])
        }
    }
}
