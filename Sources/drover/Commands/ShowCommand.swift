import Bytes
import Client
import struct Fleet.PaneAddress

/// Tells all about one session.
struct ShowCommand: Command {
    static let spec = CommandSpec(
        word: "show",
        summary: "Tell all about one session",
        positionals: [.session],
        examples: [.init("drover show web", "by name"), .init("drover show 3f0e --json", "by the beginning of its id")])

    private let id: String
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = try arguments.positional("SESSION")
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) in try client.session(id) }
        if asJSON {
            context.console.print(session.json)
        } else {
            context.console.print(SessionPage(session, client.address, in: context).lines.joined(separator: "\n"))
        }
        return .ok
    }
}

/// One session as people read it.
struct SessionPage {
    private let session: Session
    private let address: DaemonAddress
    private let console: Console
    private let now: Int

    private static let timelineLength = 8
    private static let fileLength = 8

    init(_ session: Session, _ address: DaemonAddress, in context: Context) {
        self.session = session
        self.address = address
        console = context.console
        now = context.now()
    }

    var lines: [String] {
        let json = session.json
        var lines = [
            "\(console.symbol(session.standing)) \(console.styled(harmless(session.name ?? session.title), .strong))  "
                + console.styled(session.standing.word, console.style(session.standing))
        ]
        func add(_ key: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            lines.append("  " + console.styled(padded(key), .dim) + harmless(value))
        }
        add("id", session.id)
        if session.name != nil { add("what", session.title) }
        add("agent", session.agentWord + (json["agentName"]?.string.map { " (\($0))" } ?? ""))
        add("project", session.projectPath)
        add(
            "command",
            json["command"]?["argv"]?.array.map { $0.compactMap(\.string).map(quoted).joined(separator: " ") })
        add("started", ago(session.startedAt ?? session.createdAt))
        if session.isLive {
            add("active", ago(session.lastActivityAt))
        } else {
            add("ended", session.endedAt.map { "\(ago($0) ?? ""), it \(session.ending)" } ?? "it \(session.ending)")
        }
        add("process", json["process"]?["pid"]?.integer.map { "pid \($0)" })
        add("target", target)
        add(
            "terminal",
            session.isReported ? reported : session.target == nil ? terminal : session.isHeadless ? output : nil)
        add("tests", tests)
        add("files", files)
        add("usage", usage)
        add("alerts", alerts)
        add("error", session.complaint)
        add("page", "\(address.url)/#/session/\(session.id)")
        lines += approvals + timeline + fileList
        return lines
    }

    // MARK: - Parts

    /// Where it runs, when it is not in a terminal of the daemon's own, and how to get there.
    private var target: String? {
        guard let target = session.target else { return nil }
        guard session.isLive, let address = session.tmuxPane.flatMap({ PaneAddress($0) }) else { return target }
        return "\(target)  (\(address.visit))"
    }

    /// Where one that nobody here runs can be met.
    private var reported: String? {
        if session.origin == "chat" { return "drover chat --session \(session.id)" }
        return session.projectPath.map { "its own; drover where \(quoted($0)) tells which" }
    }

    private var output: String { "none, \(byteCount(session.outputBytes)) of output" }

    private var terminal: String? {
        guard let terminal = session.json["terminal"], let cols = terminal["cols"]?.integer,
            let rows = terminal["rows"]?.integer
        else { return nil }
        return "\(cols) x \(rows), \(byteCount(session.outputBytes)) of output"
    }

    private var tests: String? {
        guard let tests = session.json["tests"] else { return nil }
        let command = tests["command"]?.string ?? "tests"
        if tests["running"]?.bool == true { return "\(command): running" }
        var parts = ["\(tests["passed"]?.integer ?? 0) passed"]
        if let failed = tests["failed"]?.integer, failed > 0 { parts.append("\(failed) failed") }
        if let skipped = tests["skipped"]?.integer, skipped > 0 { parts.append("\(skipped) skipped") }
        let duration = tests["durationMs"]?.integer.map { " in \(RelativeTime.length(milliseconds: $0))" } ?? ""
        return "\(command): \(parts.joined(separator: ", "))\(duration)"
    }

    private var files: String? {
        guard let touched = session.json["filesTouched"]?.integer, touched > 0 else { return nil }
        guard let diff = session.json["diff"], let added = diff["linesAdded"]?.integer,
            let removed = diff["linesRemoved"]?.integer
        else { return "\(touched) touched" }
        return "\(touched) touched, \(diff["filesChanged"]?.integer ?? 0) changed (+\(added) -\(removed))"
    }

    private var usage: String? {
        if let tokens = session.json["tokens"], let total = tokens["total"]?.integer {
            return
                "\(total) tokens (\(tokens["prompt"]?.integer ?? 0) read, \(tokens["completion"]?.integer ?? 0) written)"
        }
        guard let usage = session.json["usage"], let seconds = usage["agentSeconds"]?.double, seconds > 0 else {
            return nil
        }
        var text = "\(RelativeTime.length(milliseconds: Int(seconds * 1000))) of work"
        if let commands = usage["commandsRun"]?.integer, commands > 0 { text += ", \(commands) commands" }
        return text
    }

    private var alerts: String? {
        guard let counts = session.json["alerts"]?.object, !counts.isEmpty else { return nil }
        return counts.members.map { "\($0.value.integer ?? 0) \($0.key)" }.joined(separator: ", ")
    }

    private var approvals: [String] {
        let waiting = (session.json["approvals"]?.array ?? []).compactMap { Approval(json: $0) }
            .filter { $0.decision == nil }
        guard !waiting.isEmpty else { return [] }
        return ["", console.styled("Waits for your decision", .attention)]
            + waiting.map { approval in
                let id = waiting.count == 1 ? session.label : approval.shortID
                return "  \(harmless(approval.summary))  (drover approve \(id))"
            }
    }

    private var timeline: [String] {
        let steps = session.json["timeline"]?.array ?? []
        guard !steps.isEmpty else { return [] }
        var lines = ["", console.styled("Timeline", .strong)]
        if steps.count > Self.timelineLength { lines.append("  … \(steps.count - Self.timelineLength) earlier") }
        for step in steps.suffix(Self.timelineLength) {
            let state = SessionState(step["state"]?.string ?? "?")
            let reason = step["reason"]?.string.map { "  \(harmless($0))" } ?? ""
            lines.append(
                "  \(RelativeTime.clock(step["at"]?.integer ?? 0))  \(console.symbol(state)) \(state.word)"
                    + console.styled(reason, .dim))
        }
        return lines
    }

    private var fileList: [String] {
        let files = session.json["files"]?.array ?? []
        guard !files.isEmpty else { return [] }
        var lines = ["", console.styled("Files", .strong)]
        for file in files.prefix(Self.fileLength) {
            lines.append(
                "  \(harmless(file["path"]?.string ?? "?"))  \(console.styled(file["reason"]?.string ?? "", .dim))")
        }
        if files.count > Self.fileLength { lines.append("  … \(files.count - Self.fileLength) more") }
        return lines
    }

    // MARK: - Words

    private func padded(_ key: String) -> String { key + String(repeating: " ", count: max(1, 10 - key.count)) }

    private func ago(_ milliseconds: Int?) -> String? {
        guard let milliseconds, milliseconds > 0 else { return nil }
        return "\(RelativeTime.ago(milliseconds: now - milliseconds)) (\(RelativeTime.date(milliseconds)))"
    }

    /// As a shell would want it.
    private func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                    || "-_./:=@%+,".utf8.contains(byte)
            }
        if isPlain { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
