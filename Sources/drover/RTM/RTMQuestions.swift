import Bytes
import Client
import Fleet
import Wire

/// Takes a snapshot of a session's pane (runtime-rpc §6).
struct RTMCapture: RTMCommand {
    static let spec = CommandSpec.rtm(
        "capture", "Show what a session's pane shows", positionals: [PositionalSpec("UUID", .optional)],
        options: [
            .sessionID,
            .value("scrollback-lines", "N", "Lines above the visible screen, 0 for none (default 1000)"),
        ],
        examples: [.init("rtm capture UUID --scrollback-lines 0 --format human", "the visible screen")])

    private let session: SessionID
    private let lines: UInt32?

    init(_ arguments: inout Arguments) throws(UsageError) {
        session = try arguments.requiredSession()
        lines = try arguments.number("scrollback-lines")
        try arguments.finish()
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let outcome = try context.ask { client throws(RuntimeRPCError) in
            try client.capture(session, scrollbackLines: lines)
        }
        switch outcome {
        case .captured(let snapshot): context.print(snapshot.json, human: RTMText.snapshot(snapshot))
        case .failed(let error):
            throw RTMFailure("capture failed; reason=\(RTMText.captureError(error)) session_id=\(session)")
        }
        return .ok
    }
}

/// Lists runtimes (runtime-rpc §7).
struct RTMStatus: RTMCommand {
    static let spec = CommandSpec.rtm(
        "status", "List the runtimes and how they are",
        discussion: "Filters are combined.",
        options: [
            .value("session-id", "UUID", "Only this session (repeatable)", repeats: true),
            .value("updated-since", "RFC3339", "Only what changed at or after this time"),
            .value("runtime", "NAME", "Only this runtime"),
            .value(
                "state", "STATE", "Only this state: forking, running, exited or lost",
                completion: .words(["forking", "running", "exited", "lost"])),
        ],
        examples: [.init("rtm status --state running --format human", "what runs, a line each")])

    private let filter: StatusFilter

    init(_ arguments: inout Arguments) throws(UsageError) {
        var filter = StatusFilter(runtime: arguments.option("runtime"), state: arguments.option("state"))
        for text in arguments.options("session-id") { filter.sessionIDs.insert(try arguments.sessionID(text)) }
        if let text = arguments.option("updated-since") {
            guard let time = PreciseTime(rfc3339: text) else {
                throw UsageError(
                    "invalid value '\(text)' for '--updated-since': it is a time such as 2026-03-02T08:15:30Z",
                    verb: Self.spec.word)
            }
            filter.updatedSince = time
        }
        self.filter = filter
        try arguments.finish()
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let records = try context.ask { client throws(RuntimeRPCError) in try client.status(filter) }
        context.print(
            .array(records.map(\.json)),
            human: records.isEmpty ? "no lifecycles" : records.map(RTMText.lifecycle).joined(separator: "\n"))
        return .ok
    }
}

/// Tells what happened after a cursor (runtime-rpc §8).
struct RTMEvents: RTMCommand {
    static let spec = CommandSpec.rtm(
        "events", "Tell what happened to runtimes",
        options: [
            .value("since", "N", "After this cursor (default 0, the beginning)"),
            .value("wait-ms", "N", "Wait for so long when nothing has happened, a minute at most"),
            .flag("cursor", "Print an object with the events and the cursor to go on from"),
        ],
        examples: [
            .init("rtm events", "all that is remembered"),
            .init("rtm events --since 41 --wait-ms 30000 --cursor", "what comes next"),
        ])

    private let since: UInt64?
    private let wait: UInt32?
    private let tellsCursor: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        since = try arguments.number("since")
        wait = try arguments.number("wait-ms")
        tellsCursor = arguments.flag("cursor")
        try arguments.finish()
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let answer = try context.ask { client throws(RuntimeRPCError) in
            try client.events(since: since, waitMilliseconds: wait)
        }
        switch answer {
        case .happened(let events, let cursor):
            let list = JSON.array(events.map(\.json))
            var lines = events.isEmpty ? ["no runtime events"] : events.map(RTMText.event)
            if tellsCursor { lines.append("cursor=\(cursor)") }
            context.print(
                tellsCursor ? ["events": list, "cursor": .cursor(cursor)] : list,
                human: lines.joined(separator: "\n"))
            return .ok
        case .expired(let oldest):
            throw RTMFailure(
                "events cursor expired; oldest=\(oldest). Read `rtm status`, then go on with --since \(oldest)")
        }
    }
}

/// Tells who answers, and what it can do (runtime-rpc §2.5).
struct RTMVersion: RTMCommand {
    static let spec = CommandSpec.rtm(
        "version", "Tell the version of rtmd and its protocol",
        examples: [.init("rtm version --format human", "in one line")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let version = try context.ask { client throws(RuntimeRPCError) in try client.version() }
        context.print(
            version.json,
            human: "version=\(version.version) git_sha=\(version.gitSHA) protocol=\(version.protocolVersion)")
        return .ok
    }
}

/// The daemon's account of itself (runtime-rpc §7).
struct RTMDoctor: RTMCommand {
    static let spec = CommandSpec.rtm(
        "doctor", "Say how rtmd is",
        examples: [.init("rtm doctor --format human", "socket, launchers, tmux, what was lost lately")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let report = try context.ask { client throws(RuntimeRPCError) in try client.doctor() }
        context.print(report.json, human: RTMText.doctor(report))
        return .ok
    }
}

extension JSON {
    /// All 64 bits of a cursor.
    static func cursor(_ value: UInt64) -> JSON { Int64(exactly: value).map { .integer($0) } ?? .unsigned(value) }
}
