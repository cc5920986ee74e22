import Bytes
import Client
import Fleet
import Wire

/// Signals a session's runtime, or any process (runtime-rpc §4.6).
struct RTMKill: RTMCommand {
    static let spec = CommandSpec.rtm(
        "kill", "End a runtime, or any process", positionals: [PositionalSpec("UUID", .optional)],
        options: [
            .sessionID, .value("pid", "N", "A process by its number, instead of a session"),
            .value(
                "signal", "SIGNAL", "HUP, INT, TERM (the default) or KILL",
                completion: .words(["HUP", "INT", "TERM", "KILL"])),
            .value("grace-secs", "N", "Seconds until SIGKILL (default 2)"),
        ],
        examples: [
            .init("rtm kill --session-id UUID", "SIGTERM, and SIGKILL after 2 seconds"),
            .init("rtm kill --pid 4711 --signal INT --grace-secs 10", "a process"),
        ])

    private enum Victim {
        case session(SessionID)
        case process(UInt32)
    }

    private let victim: Victim
    private let signal: KillSignal
    private let grace: UInt64

    init(_ arguments: inout Arguments) throws(UsageError) {
        let session = try arguments.session()
        let pid = try arguments.number("pid", as: UInt32.self)
        switch (session, pid) {
        case (let session?, nil): victim = .session(session)
        case (nil, let pid?): victim = .process(pid)
        case (.some, .some):
            throw UsageError("the argument '--session-id' cannot be used with '--pid'", verb: Self.spec.word)
        case (nil, nil):
            throw UsageError(
                "the following required arguments were not provided: --session-id <UUID> or --pid <N>",
                verb: Self.spec.word)
        }
        let name = arguments.option("signal") ?? "TERM"
        guard let signal = Self.signal(name) else {
            throw UsageError(
                "invalid value '\(name)' for '--signal'; possible values: HUP, INT, TERM, KILL", verb: Self.spec.word)
        }
        self.signal = signal
        grace = try arguments.number("grace-secs") ?? 2
        try arguments.finish()
    }

    /// The name in any case, with or without `SIG` before it, which is in capitals.
    private static func signal(_ text: String) -> KillSignal? {
        KillSignal(rawValue: (text.hasPrefix("SIG") ? String(text.dropFirst(3)) : text).lowercased())
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        switch victim {
        case .session(let id):
            try context.ask { client throws(RuntimeRPCError) in
                try client.kill(id, signal, graceSeconds: grace)
            }
            context.print(["session_id": .string(id.rawValue)], human: "kill OK; session_id=\(id)")
        case .process(let pid):
            let killed = try context.ask { client throws(RuntimeRPCError) in
                try client.kill(pid: pid, signal: signal.number, graceSeconds: grace)
            }
            let response = RPCResponse.killByPID(pid: pid, signal: signal.number, killedAfterGrace: killed)
            context.print(
                response.responseJSON,
                human: "kill OK; pid=\(pid) signal=\(signal.number) killed_after_grace=\(killed)")
        }
        return .ok
    }
}

/// Types a text into a session's pane and submits it (runtime-rpc §5).
struct RTMNudge: RTMCommand {
    static let spec = CommandSpec.rtm(
        "nudge", "Type a text into a session's pane, and Enter",
        positionals: [PositionalSpec("UUID", .optional), PositionalSpec("TEXT", .optional)],
        options: [.sessionID, .value("content", "TEXT", "The text")],
        examples: [.init("rtm nudge --session-id UUID --content \"run the tests again\"", "one message")])

    private let session: SessionID
    private let content: String

    init(_ arguments: inout Arguments) throws(UsageError) {
        session = try arguments.requiredSession()
        let word = arguments.optionalPositional()
        guard let content = arguments.option("content") ?? word else {
            throw UsageError(
                "the following required arguments were not provided: --content <TEXT>", verb: Self.spec.word)
        }
        guard word == nil || word == content else {
            throw UsageError("--content and '\(word ?? "")' are two texts; one is needed", verb: Self.spec.word)
        }
        self.content = content
        try arguments.finish()
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let outcome = try context.ask { client throws(RuntimeRPCError) in try client.nudge(session, content) }
        switch outcome {
        case .delivered: context.print(RPCResponse.nudge(outcome).responseJSON, human: "nudge delivered")
        case .unsupported(let reason):
            throw RTMFailure("nudge unsupported; reason=\(reason.rawValue) session_id=\(session)")
        case .failed(let reason): throw RTMFailure("nudge failed; reason=\(reason.rawValue) session_id=\(session)")
        }
        return .ok
    }
}
