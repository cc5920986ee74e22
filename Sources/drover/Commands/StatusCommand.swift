import Bytes
import Client

/// How things stand, in one line.
struct StatusCommand: Command {
    static let spec = CommandSpec(
        word: "status",
        summary: "Say in one line who waits, works and is done",
        discussion: """
            With --tmux the line is for tmux's status bar: coloured there, and empty when nothing goes on or no daemon \
            runs. Put this into ~/.tmux.conf: set -g status-right '#(drover status --tmux)'
            """,
        options: [.flag("tmux", "For tmux's status bar")],
        examples: [
            .init("drover status", "one line"),
            .init("drover status --json", "the same for programs"),
        ])

    private let isForTmux: Bool
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        isForTmux = arguments.flag("tmux")
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        if isForTmux { return runForTmux(in: context) }
        let fleet = try context.ask { client throws(ClientError) in try client.fleet(state: "live", limit: 1000) }
        let counts = StatusCounts(fleet.sessions)
        let console = context.console
        if asJSON {
            console.print(counts.json)
        } else {
            console.print(
                counts.parts.isEmpty
                    ? "Nothing goes on."
                    : counts.parts.map { part in
                        console.styled(
                            "\(console.sign(part.standing)) \(part.count) \(part.word)", console.style(part.standing))
                    }.joined(separator: "  "))
        }
        return .ok
    }

    /// A status bar has no room for sentences: what cannot be told is left out.
    private func runForTmux(in context: Context) -> ExitCode {
        guard let client = try? context.makeClient() else { return .ok }
        client.http.connectTimeout = .seconds(1)
        client.http.timeout = .seconds(2)
        guard let fleet = try? client.fleet(state: "live", limit: 1000) else { return .ok }
        let counts = StatusCounts(fleet.sessions)
        let console = context.console
        let line = counts.parts.map { part in
            "#[fg=\(Self.colour(part.standing))]\(console.sign(part.standing)) \(part.count) \(part.word)#[default]"
        }.joined(separator: " ")
        if !line.isEmpty { console.print(line) }
        return .ok
    }

    private static func colour(_ standing: SessionStanding) -> String {
        switch standing {
        case .waiting: return "yellow,bold"
        case .ready: return "cyan"
        case .state(.paused): return "magenta"
        default: return "green"
        }
    }
}

/// How many sessions stand where.
struct StatusCounts: Equatable {
    struct Part: Equatable {
        var standing: SessionStanding
        var word: String
        var count: Int
    }

    var waiting = 0
    var ready = 0
    var working = 0
    var paused = 0
    var idle = 0

    init(_ sessions: [Session]) {
        for session in sessions where session.isLive {
            if session.urgency(now: 0) == 0 {
                waiting += 1
                continue
            }
            switch session.standing {
            case .ready: ready += 1
            case .idle: idle += 1
            case .state(.paused): paused += 1
            case .working, .compacting, .waiting, .state: working += 1
            }
        }
    }

    /// What is worth a word, what needs a person first.
    var parts: [Part] {
        [
            Part(standing: .waiting, word: "waiting", count: waiting),
            Part(standing: .state(.paused), word: "paused", count: paused),
            Part(standing: .ready, word: "ready", count: ready),
            Part(standing: .working, word: "working", count: working),
        ].filter { $0.count > 0 }
    }

    var json: JSON {
        [
            "waiting": .integer(waiting), "paused": .integer(paused), "ready": .integer(ready),
            "working": .integer(working), "idle": .integer(idle),
        ]
    }
}
