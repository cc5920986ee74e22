import Fleet
import Testing

@testable import Tmux

@Suite struct CaptureTests {
    @Test func `escapes are kept, history is counted, and rows are as asked for`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", #"seq 1 50; printf '\033[1mbold\033[0m %%end 1 2 1'; exec cat"#)
            #expect(await eventually { (try? await host.pane(pane)?.historySize) == 21 })
            func capture(_ lines: Int) async throws -> (rows: [String], history: Int) {
                let capture = try await host.ask { $0.capture(pane, scrollback: lines, then: $1) }.get()
                #expect(capture.content.last == 0x0A)
                let text = String(decoding: capture.content.dropLast(), as: UTF8.self)
                return (
                    text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init), capture.historySize
                )
            }
            #expect(try await capture(0).rows.count == 30)
            #expect(try await capture(0).rows[0] == "22")
            #expect(try await capture(3).rows.count == 33)
            for much in [1000, 1_000_000, 3_000_000_000, Int.max] {
                let all = try await capture(much)
                #expect(all.rows.count == 51)
                #expect(all.rows[0] == "1")
                #expect(all.rows[50].hasPrefix("\u{1B}[1mbold\u{1B}[0m"))
                #expect(all.rows[50].hasSuffix("%end 1 2 1"))
                #expect(all.history == 21)
            }
        }
    }

    @Test func `a long history comes whole`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.tmux("set-option", "-g", "history-limit", "60000")
            let pane = await host.window("seq 1 50000; exec cat")
            #expect(await eventually { (try? await host.pane(pane)?.historySize) == 49_971 })
            let capture = try await host.ask { $0.capture(pane, scrollback: 1_000_000, then: $1) }.get()
            #expect(capture.content == (1...50_000).flatMap { Array("\($0)\n".utf8) } + [0x0A])
            #expect(capture.historySize == 49_971)
        }
    }

    @Test func `blank rows at the end are there`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            let capture = try await host.ask { $0.capture(pane, scrollback: 1000, then: $1) }.get()
            #expect(capture == PaneCapture(content: .init(repeating: 0x0A, count: 30), historySize: 0))
        }
    }

    @Test func `a pane that is not there is an error in tmux's words`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            let nobody = PaneID(rawValue: "%999")
            let expected = TmuxError.failed(stderr: "can't find pane: %999")
            #expect(await host.ask { $0.capture(nobody, scrollback: 0, then: $1) } == .failure(expected))
            #expect(await host.ask { $0.screen(nobody, then: $1) } == .failure(expected))
        }
    }

    @Test func `a screen is what is visible, with its cursor`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", #"printf 'one\ntwo\033[?1049h\033[2;5Hé\033[?25l'; exec cat"#)
            #expect(await eventually { (try? await host.ask { $0.screen(pane, then: $1) }.get().isAlternate) == true })
            let screen = try await host.ask { $0.screen(pane, then: $1) }.get()
            #expect((screen.columns, screen.rows) == (100, 30))
            #expect(screen.cursor == TmuxPane.Cursor(column: 5, row: 1, isVisible: false))
            #expect(
                String(decoding: screen.content, as: UTF8.self).split(separator: "\n").map(String.init) == ["    é"])
            #expect(screen.content.count { $0 == 0x0A } == 30)
        }
    }
}
