import Fleet
import Testing

@testable import Tmux

private func row(_ id: String, name: String = "main", window: Int = 0, path: String = "/srv") -> String {
    "\(id) $3 77.1795000000 \(window) 1 0 0 0 1 0 318 100 30 4711 5 6 1 1795253384 2 \(name) vim a\\ title \(path)\n"
}

@Suite struct TmuxPaneTests {
    @Test func `a row is read field by field`() throws {
        let pane = try #require(TmuxPane.list(Array(row("%12").utf8))?.first)
        #expect(pane.id == PaneID(rawValue: "%12"))
        #expect(pane.address == PaneAddress(session: "main", window: 0, pane: 1))
        #expect(pane.sessionID == "$3")
        #expect(pane.server == "77.1795000000")
        #expect((pane.isDead, pane.isInMode, pane.isInputOff, pane.isSynchronized) == (false, false, false, true))
        #expect((pane.historySize, pane.width, pane.height, pane.pid) == (318, 100, 30, 4711))
        #expect(pane.cursor == TmuxPane.Cursor(column: 5, row: 6, isVisible: true))
        #expect((pane.windowActivity, pane.sessionAttached) == (1_795_253_384, 2))
        #expect((pane.currentCommand, pane.title, pane.currentPath) == ("vim", "a title", "/srv"))
    }

    @Test func `names and paths may hold anything, also what looks like another row`() throws {
        let name = #"\=\$\%\ \\\\x\;"#
        let path = "/we\\ ird\n\\%end\\ 1\n\\%5\\ \\$3\té"
        let panes = try #require(TmuxPane.list(Array((row("%1", name: name, path: path) + row("%2", path: "")).utf8)))
        #expect(panes.map(\.id.rawValue) == ["%1", "%2"])
        #expect(panes[0].address.session == #"=$% \\x;"#)
        #expect(panes[0].currentPath == "/we ird\n%end 1\n%5 $3\té")
        #expect(panes[1].currentPath == "")
    }

    @Test func `no rows are no panes, and what is not a row is no answer`() {
        #expect(TmuxPane.list([]) == [])
        for wrong in ["\n", "%1", row("1"), String(row("%1").dropLast()), row("%1") + "x\n%2\n", "%1 $3 0\n"] {
            #expect(TmuxPane.list(Array(wrong.utf8)) == nil)
        }
    }

    @Test func `the living are told from the dead`() {
        let living = TmuxPane.living(Array("%0 0 7.1\n%12 1 7.1\n%3 0 7.1\n".utf8))
        #expect(living == [PaneID(rawValue: "%0"): "7.1", PaneID(rawValue: "%3"): "7.1"])
        #expect(TmuxPane.living([]) == [:])
        for answer in ["%0\n", "%0 0\n", "%0 0 7.1 0\n", "0 0 7.1\n", "%0 x 7.1\n"] {
            #expect(TmuxPane.living(Array(answer.utf8)) == nil)
        }
    }

    @Test func `an address is matched byte for byte and only by the living`() throws {
        var pane = try #require(TmuxPane.list(Array(row("%1", name: "caf\u{E9}").utf8))?.first)
        #expect(pane.isAlive(at: PaneAddress(session: "caf\u{E9}", window: 0, pane: 1)))
        #expect(!pane.isAlive(at: PaneAddress(session: "cafe\u{301}", window: 0, pane: 1)))
        #expect(!pane.isAlive(at: PaneAddress(session: "caf\u{E9}", window: 0, pane: 0)))
        pane.isDead = true
        #expect(!pane.isAlive(at: PaneAddress(session: "caf\u{E9}", window: 0, pane: 1)))
    }

    @Test(arguments: [
        ("%0", true), ("%123", true), ("%", false), ("0", false), ("%1 ", false), ("", false), ("%-1", false),
    ])
    func `an id is a percent sign and digits`(text: String, isWellFormed: Bool) {
        #expect(PaneID(rawValue: text).isWellFormed == isWellFormed)
    }
}

@Suite struct PaneCaptureTests {
    @Test func `the last line is the history's size`() {
        #expect(
            PaneCapture(answer: Array("\u{1B}[1mx\n\n12\n".utf8))
                == PaneCapture(content: Array("\u{1B}[1mx\n\n".utf8), historySize: 12))
        #expect(PaneCapture(answer: Array("7\n".utf8)) == PaneCapture(content: [], historySize: 7))
        for wrong in ["", "x\n\n", "x\n12", "x\n-1\n", "x\n1a\n"] {
            #expect(PaneCapture(answer: Array(wrong.utf8)) == nil)
        }
    }

    @Test(arguments: [(0, "-0"), (5, "-5"), (-3, "-0"), (1_000_000, "-1000000"), (Int.max, "-1000000")])
    func `scrollback is clamped`(lines: Int, start: String) {
        #expect(PaneCapture.start(scrollback: lines) == start)
    }

    @Test func `a screen is a line of numbers and its rows`() throws {
        let screen = try #require(PaneScreen(answer: Array("80 2 3 1 0 1 0 9\na\nb\n".utf8)))
        #expect((screen.columns, screen.rows, screen.historySize) == (80, 2, 9))
        #expect(screen.cursor == TmuxPane.Cursor(column: 3, row: 1, isVisible: false))
        #expect((screen.isAlternate, screen.isDead) == (true, false))
        #expect(screen.content == Array("a\nb\n".utf8))
        #expect(PaneScreen(answer: Array("       \n".utf8)) == nil)
    }
}

@Suite struct PasteContentTests {
    @Test(arguments: [
        ("plain", "plain"), ("a\u{1B}[201~b", "ab"), ("\u{1B}[2\u{1B}[201~01~x", "x"),
        ("\u{1B}[20\u{1B}[20\u{1B}[201~1~1~rm", "rm"), ("\u{1B}[200~", "\u{1B}[200~"), ("\u{1B}[201", "\u{1B}[201"),
        ("\u{1B}\u{1B}[201~[201~", ""), ("\u{1B}[201~\u{1B}[201~", ""),
    ])
    func `ends of a paste are taken out, also those that appear thereby`(content: String, kept: String) {
        #expect(PasteContent.withoutPasteEnds(Array(content.utf8)) == Array(kept.utf8))
    }
}

@Suite struct TmuxErrorTests {
    @Test(arguments: [
        "no server running on /tmp/tmux-0/x\n", "error connecting to /tmp/x (No such file or directory)\n",
        "error connecting to /tmp/x (Connection refused)", "server exited unexpectedly\n", "lost server",
        "server exited",
    ])
    func `a server that is not there is told apart`(stderr: String) {
        #expect(TmuxError(stderr: Array(stderr.utf8), otherwise: "") == .noServer)
    }

    @Test func `other words are kept, and silence has a reason`() {
        #expect(
            TmuxError(stderr: Array(" can't find pane: %7\n".utf8), otherwise: "x")
                == .failed(stderr: "can't find pane: %7"))
        #expect(
            TmuxError(stderr: Array("error connecting to /x (Permission denied)\n".utf8), otherwise: "x")
                == .failed(stderr: "error connecting to /x (Permission denied)"))
        #expect(TmuxError(stderr: [], otherwise: "tmux ended with 1") == .failed(stderr: "tmux ended with 1"))
    }
}
