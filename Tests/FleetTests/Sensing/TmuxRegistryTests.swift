import Bytes
import Fleet
import Testing

/// daemon-ipc §6.1 and §6.9.
@Suite struct TmuxRegistryTests {
    private typealias Samples = SensingSamples
    private let settings = RoutingSettings()
    private let client = SensedTmuxClient(
        tty: "/dev/pts/1", sessionName: "w", panePath: "/p", capturedAt: SensingSamples.noon)
    private let session = SensedTmuxSession(name: "w", panePaths: ["/p"], capturedAt: SensingSamples.noon)

    private func shell(_ seconds: Double, session: String? = "w", tty: String? = "/dev/pts/1") -> SensedShell {
        SensedShell(
            pid: 7, cwd: "/link", canonicalCwd: "/p/q", tty: "/dev/pts/7", tmuxSession: session, tmuxClientTTY: tty,
            updatedAt: Samples.at(seconds))
    }

    @Test func `an answer replaces what was known`() {
        var registry = TmuxRegistry()
        registry.heard(shell(0, session: "old", tty: "/dev/pts/9"))
        let next = registry.polled(
            .answered(clients: [client], sessions: [session]), at: Samples.at(1), settings)
        #expect(next == TmuxRegistry.Next(delay: 1000))
        #expect(registry.clients == [client])
        #expect(registry.sessions == [session])
    }

    @Test func `no server is an answer, and no answer is none`() {
        var registry = TmuxRegistry()
        _ = registry.polled(.answered(clients: [client], sessions: [session]), at: Samples.at(0), settings)
        let failed = registry.polled(.failed("tmux is missing"), at: Samples.at(1), settings)
        #expect(failed == TmuxRegistry.Next(delay: 30_000, warning: "tmux is missing"))
        #expect(registry.clients == [client])
        #expect(registry.sessions == [session])
        // Said once.
        let again = registry.polled(.failed("again"), at: Samples.at(2), settings)
        #expect(again.warning == nil)
        let gone = registry.polled(.noServer, at: Samples.at(3), settings)
        #expect(gone == TmuxRegistry.Next(delay: 1000))
        #expect(registry.clients.isEmpty)
        #expect(registry.sessions.isEmpty)
        let anew = registry.polled(.failed("anew"), at: Samples.at(4), settings)
        #expect(anew.warning == "anew")
    }

    @Test func `what nobody answers for ages, and goes in the end`() {
        var registry = TmuxRegistry()
        _ = registry.polled(.answered(clients: [client], sessions: [session]), at: Samples.at(0), settings)
        _ = registry.polled(.failed(""), at: Samples.at(86_400), settings)
        #expect(registry.sessions.count == 1)
        _ = registry.polled(.failed(""), at: Samples.at(86_401), settings)
        #expect(registry.sessions.isEmpty)
        #expect(registry.clients.isEmpty)
    }

    @Test(arguments: [(0, 100), (99, 100), (100, 100), (2000, 2000)])
    func `polls keep their distance`(configured: Int64, delay: Int64) {
        var settings = settings
        settings.tmuxPollInterval = configured
        var registry = TmuxRegistry()
        let next = registry.polled(.noServer, at: Samples.noon, settings)
        #expect(next.delay == delay)
    }

    @Test func `a shell in tmux tells of its client and its session`() {
        var registry = TmuxRegistry()
        registry.heard(shell(5))
        #expect(
            registry.clients == [
                SensedTmuxClient(tty: "/dev/pts/1", sessionName: "w", panePath: "/p/q", capturedAt: Samples.at(5))
            ])
        #expect(
            registry.sessions == [SensedTmuxSession(name: "w", panePaths: ["/p/q"], capturedAt: Samples.at(5))])
        registry.heard(shell(4, session: "older"))
        #expect(registry.clients.map(\.sessionName) == ["w"])
    }

    @Test func `a shell that knows only one of them tells nothing`() {
        var registry = TmuxRegistry()
        for shell in [shell(1, session: nil), shell(1, session: " "), shell(1, tty: nil), shell(1, tty: "")] {
            registry.heard(shell)
        }
        #expect(registry == TmuxRegistry())
    }

    @Test func `tmux is polled for routes or for their comparison`() {
        var settings = RoutingSettings()
        #expect(settings.pollsTmux)
        settings.isDualRunEnabled = false
        #expect(!settings.pollsTmux)
        settings.isEnabled = true
        #expect(settings.pollsTmux)
    }

    // MARK: - Lists

    @Test func `lists are read by mark or tab, and what is malformed is left out`() {
        let mark = TmuxListing.delimiter
        let clients = """
            /dev/pts/1\(mark)work\(mark)/home/ada/a b
            /dev/pts/2\t my_work \t\t

            /dev/pts/3\(mark)\(mark)/x
            \(mark)work\(mark)/x
            nonsense
            /dev/pts/4\(mark)gone\(mark)/x (deleted)
            /dev/pts/5\(mark)short
            """
        let panes = """
            work\(mark)/b
            work\(mark)/a
            work\(mark)/b
            empty\(mark)
            gone\(mark)/x (deleted)
            ü\(mark)/ü
            """
        let at = Samples.noon
        #expect(
            TmuxListing.answer(clients: clients, panes: panes, at: at)
                == .answered(
                    clients: [
                        SensedTmuxClient(
                            tty: "/dev/pts/1", sessionName: "work", panePath: "/home/ada/a b", capturedAt: at),
                        SensedTmuxClient(tty: "/dev/pts/2", sessionName: "my_work", panePath: nil, capturedAt: at),
                        SensedTmuxClient(tty: "/dev/pts/4", sessionName: "gone", panePath: nil, capturedAt: at),
                        SensedTmuxClient(tty: "/dev/pts/5", sessionName: "short", panePath: nil, capturedAt: at),
                    ],
                    sessions: [
                        SensedTmuxSession(name: "work", panePaths: ["/a", "/b"], capturedAt: at),
                        SensedTmuxSession(name: "ü", panePaths: ["/ü"], capturedAt: at),
                    ]))
        #expect(TmuxListing.answer(clients: "", panes: "", at: at) == .answered(clients: [], sessions: []))
    }

    @Test(arguments: [
        (Int32(1), "no server running on /tmp/tmux-0/default\n", TmuxPoll.noServer),
        (1, "error connecting to /tmp/tmux-0/default (No such file or directory)", .noServer),
        (0, "no server running", .failed("tmux failed with status 0: no server running")),
        (127, "sh: tmux: not found\n", .failed("tmux failed with status 127: sh: tmux: not found")),
        (1, "", .failed("tmux failed with status 1: no reason given")),
    ])
    func `only tmux itself says that there is no server`(status: Int32, stderr: String, poll: TmuxPoll) {
        #expect(TmuxListing.failure(status: status, stderr: stderr) == poll)
    }
}
