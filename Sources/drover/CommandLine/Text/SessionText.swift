import Client

/// How sessions are told to people: the same words and colours everywhere.
extension Console {
    /// A sign for the state, in its colour.
    func symbol(_ state: SessionState) -> String { styled(sign(state), style(state)) }

    func sign(_ state: SessionState) -> String {
        switch state {
        case .created, .preparing, .starting: return isUTF8 ? "○" : "o"
        case .running: return isUTF8 ? "●" : "*"
        case .waitingForApproval: return isUTF8 ? "◆" : "!"
        case .paused: return isUTF8 ? "‖" : "="
        case .stopping: return isUTF8 ? "◌" : "-"
        case .completed: return isUTF8 ? "✓" : "+"
        case .failed: return isUTF8 ? "✗" : "x"
        case .other: return "?"
        }
    }

    func symbol(_ standing: SessionStanding) -> String { styled(sign(standing), style(standing)) }

    func sign(_ standing: SessionStanding) -> String {
        switch standing {
        case .state(let state): return sign(state)
        case .working, .compacting: return sign(.running)
        case .waiting: return sign(.waitingForApproval)
        case .ready: return isUTF8 ? "◉" : "@"
        case .idle: return isUTF8 ? "○" : "o"
        }
    }

    func style(_ standing: SessionStanding) -> Style {
        switch standing {
        case .state(let state): return style(state)
        case .working, .compacting: return .good
        case .waiting: return .attention
        case .ready: return .accent
        case .idle: return .dim
        }
    }

    func style(_ state: SessionState) -> Style {
        switch state {
        case .created, .preparing, .starting: return .accent
        case .running: return .good
        case .waitingForApproval, .paused: return .attention
        case .stopping, .completed: return .dim
        case .failed: return .bad
        case .other: return .plain
        }
    }
}

extension Session {
    /// `claude` rather than `claude_code`: what people call it.
    var agentWord: String { AgentNames.word(forProvider: agent) }

    /// `0`, `1`, `SIGKILL`: how it ended, in one word.
    var exitWord: String {
        if let signal { return signal }
        return exitCode.map { String($0) } ?? ""
    }

    /// `ended with exit code 1`, `was ended by SIGKILL`, `could not be started: …`.
    var ending: String {
        if let signal { return "was ended by \(signal)" }
        if let exitCode { return "ended with exit code \(exitCode)" }
        if let complaint {
            return startedAt == nil ? "could not be started: \(complaint)" : "failed: \(complaint)"
        }
        return state == .failed ? "failed" : "ended"
    }

    /// Why it failed, with the codes of the contracts in words.
    var complaint: String? {
        switch errorMessage {
        case "runner_lost": return "the daemon went away while it ran"
        case "force_killed": return "it did not end when asked to, and was killed"
        case "timeout": return "it ran for longer than it may"
        default: return errorMessage.map { RuntimeEvidence.sentence($0) ?? $0 }
        }
    }

    /// What a program's caller would see: its exit code, or 128 and the number of the signal.
    var exitStatus: ExitCode {
        if let signal, let number = SignalNames.number(of: signal) { return ExitCode(rawValue: 128 + number) }
        if let exitCode { return ExitCode(rawValue: Int32(truncatingIfNeeded: exitCode & 0xFF)) }
        return state == .failed ? .failure : .ok
    }

    /// Lower needs a person sooner.
    func urgency(now: Int) -> Int {
        if state == .waitingForApproval || standing == .waiting || !pendingApprovals.isEmpty && isLive { return 0 }
        if state == .failed && now - (endedAt ?? lastActivityAt) < Self.recentFailure { return 1 }
        if state == .paused || standing == .ready { return 2 }
        return isLive ? 3 : 4
    }

    /// A failure is news for an hour.
    static let recentFailure = 3_600_000
}

/// What people call agents, and what the contracts do.
enum AgentNames {
    static let providers = [
        "claude": "claude_code", "claude-code": "claude_code", "gemini": "gemini_cli", "gemini-cli": "gemini_cli",
    ]

    static func provider(for word: String) -> String { providers[word] ?? word }

    static func word(forProvider provider: String) -> String {
        switch provider {
        case "claude_code": return "claude"
        case "gemini_cli": return "gemini"
        default: return provider
        }
    }
}

/// Why nobody knows how a runtime ended (runtime-rpc §2.3), in words.
enum RuntimeEvidence {
    /// As part of a sentence.
    static func sentence(_ code: String) -> String? {
        switch code {
        case "shim_died_before_report":
            return "it is gone, and so is the process that watched over it, which alone knew how it ended"
        case "pid_not_alive": return "its process was gone when the daemon looked for it; nobody saw how it ended"
        case "pid_reuse_detected": return "its process number belongs to another program now; nobody saw how it ended"
        case "process_exit": return "it ended while the process that watched over it said nothing"
        case "shim_exit": return "the process that watched over it reported how it ended"
        default: return nil
        }
    }
}

enum SignalNames {
    /// Those that the daemon can send.
    static let sendable = ["SIGINT", "SIGTERM", "SIGKILL", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]

    private static let numbers: [String: Int32] = [
        "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGBUS": 7, "SIGFPE": 8,
        "SIGKILL": 9, "SIGUSR1": 10, "SIGSEGV": 11, "SIGUSR2": 12, "SIGPIPE": 13, "SIGALRM": 14, "SIGTERM": 15,
        "SIGXCPU": 24, "SIGXFSZ": 25, "SIGSYS": 31,
    ]

    static func number(of name: String) -> Int32? { numbers[name] }

    /// `INT`, `sigint` and `SIGINT` are one.
    static func canonical(_ text: String) -> String? {
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? upper : "SIG" + upper
        return sendable.contains(name) ? name : nil
    }
}

extension [Session] {
    /// As people want them: what needs them first, then what lives, then what ended last.
    func ordered(now: Int) -> [Session] {
        sorted { left, right in
            let (a, b) = (left.urgency(now: now), right.urgency(now: now))
            if a != b { return a < b }
            let (c, d) =
                left.isLive
                ? (left.lastActivityAt, right.lastActivityAt)
                : (left.endedAt ?? left.lastActivityAt, right.endedAt ?? right.lastActivityAt)
            return c != d ? c > d : left.id < right.id
        }
    }

    /// The shortest length, eight at least, at which the beginnings of all ids differ.
    var distinguishingLength: Int {
        let longest = map(\.id.count).max() ?? 8
        var length = 8
        while length < longest, Set(map { $0.id.prefix(length) }).count < Set(map(\.id)).count { length += 1 }
        return length
    }
}
