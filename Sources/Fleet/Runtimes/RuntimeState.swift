/// How a runtime ended, as far as it is known: a code, a signal, or neither (runtime-rpc §2.2, Exit).
public struct RuntimeExit: Hashable, Sendable {
    public var code: Int32?
    public var signal: Int32?

    public init(code: Int32? = nil, signal: Int32? = nil) {
        self.code = code
        self.signal = signal
    }
}

/// Why nobody can say how a runtime ended (runtime-rpc §2.3).
public enum LostEvidence: String, CaseIterable, Sendable {
    /// It is gone, and so is its shim, which alone knew.
    case shimDiedBeforeReport = "shim_died_before_report"
    /// A look at its pid found nobody.
    case pidNotAlive = "pid_not_alive"
    /// Its pid belongs to another process now.
    case pidReuseDetected = "pid_reuse_detected"
}

/// What the end of a runtime rests on (runtime-rpc §2.3).
public enum TerminationEvidence: Hashable, Sendable {
    /// Its parent, the shim, reported the status.
    case shimExit
    /// It is gone while its shim lives and says nothing.
    case processExit
    /// Read from others, never written (D-39).
    case lost(LostEvidence)
}

/// Where a runtime's life stands (runtime-rpc §4.1).
public enum RuntimeState: Hashable, Sendable {
    case forking
    case running
    case exited(RuntimeExit)
    case lost(LostEvidence)

    public var isTerminal: Bool {
        switch self {
        case .forking, .running: return false
        case .exited, .lost: return true
        }
    }

    /// `forking`, `running`, `exited`, `lost`.
    public var name: String {
        switch self {
        case .forking: return "forking"
        case .running: return "running"
        case .exited: return "exited"
        case .lost: return "lost"
        }
    }
}

/// What is told of a runtime, in the order in which it was observed (runtime-rpc §2.3, §8).
public enum RuntimeEvent: Hashable, Sendable {
    case running(SessionID, runtimePID: UInt32, startTime: PreciseTime)
    case terminated(SessionID, RuntimeExit, TerminationEvidence)
    case lost(SessionID, LostEvidence)

    public var sessionID: SessionID {
        switch self {
        case .running(let id, _, _), .terminated(let id, _, _), .lost(let id, _): return id
        }
    }
}
