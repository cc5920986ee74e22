/// A session: a UUID v4 for what we start, the agent's own id for what we only observe (control-plane §0.3).
public struct SessionID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Makes a UUID v4 of 16 random bytes. The caller owes the randomness.
    public init(randomBytes: some Collection<UInt8>) { self.init(rawValue: UUIDText.text(randomBytes: randomBytes)) }
}

/// The agent of a session. Ours are `runner_` and the first eight characters of the session's id.
public struct AgentID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public init(of session: SessionID) { self.init(rawValue: "runner_" + session.rawValue.prefix(8)) }
}

/// An event, unique in the journal whatever its source: a UUID.
public struct EventID: TextID {
    /// Makes a UUID v7: ids that begin with the time lie side by side in the journal's index, which halves its work.
    public init(at time: Timestamp, randomBytes: some Collection<UInt8>) {
        self.init(rawValue: UUIDText.text(time: time, randomBytes: randomBytes))
    }

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(randomBytes: some Collection<UInt8>) { self.init(rawValue: UUIDText.text(randomBytes: randomBytes)) }
}

/// An approval: a UUID v4 when it is ours, opaque otherwise.
public struct ApprovalID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(randomBytes: some Collection<UInt8>) { self.init(rawValue: UUIDText.text(randomBytes: randomBytes)) }
}

public struct AlertID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(randomBytes: some Collection<UInt8>) { self.init(rawValue: UUIDText.text(randomBytes: randomBytes)) }
}

/// A group of people and repositories. `demo` is the village everybody is in as long as there are no accounts.
public struct VillageID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let demo: VillageID = "demo"
}

public struct UserID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Who is billed. In personal mode the same text as the user's id.
public struct OrgID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

public struct RunnerID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The runner inside the daemon.
    public static let local: RunnerID = "local"
}

/// Which program does the work of a session. Open: observed agents may be of kinds we have no adapter for.
public struct ProviderID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let codex: ProviderID = "codex"
    public static let claudeCode: ProviderID = "claude_code"
    public static let geminiCLI: ProviderID = "gemini_cli"
    public static let omnara: ProviderID = "omnara"
    /// Any program in a PTY.
    public static let command: ProviderID = "command"
    /// The scripted provider for tests.
    public static let mock: ProviderID = "mock"

    /// The sprite that stands for it: `agentType` on the wire (control-plane §4.6).
    public var agentType: String {
        switch self {
        case .codex: return "codex"
        case .claudeCode: return "claude"
        default: return "custom"
        }
    }
}
