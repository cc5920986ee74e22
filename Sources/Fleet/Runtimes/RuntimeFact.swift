/// What the journal holds of a launched runtime: each fact is one row, and the rows of a session, in order, are its life
/// (runtime-rpc §4.1).
public enum RuntimeFact: Hashable, Sendable {
    /// A spawn was accepted; its shim has not been started yet.
    case accepted(runtime: String, target: RuntimeTarget, paneID: PaneID?, spawnedAt: PreciseTime)
    /// It never ran, and its row is gone; the reason is for a person (D-13).
    case abandoned(reason: String)
    /// Its shim was started in this pane.
    case placed(PanePlacement)
    /// The shim has reported its child. Ticks and boot are `nil` when they could not be read (D-11).
    case running(shimPID: UInt32, runtimePID: UInt32, startTime: PreciseTime, startTicks: UInt64?, bootID: String?)
    case terminated(RuntimeExit, TerminationEvidence)
    case lost(LostEvidence)
    /// The true end of a runtime that had been declared lost (D-12).
    case lateExit(RuntimeExit)
    /// A row that another program wrote into the table, or one that was imported, as it was found.
    case adopted(RuntimeLifecycle)

    /// The name of each case in the journal.
    public enum Kind: String, CaseIterable, Sendable {
        case accepted = "RUNTIME_FORKING"
        case abandoned = "RUNTIME_ABANDONED"
        case placed = "RUNTIME_PLACED"
        case running = "RUNTIME_RUNNING"
        case terminated = "RUNTIME_TERMINATED"
        case lost = "RUNTIME_LOST"
        case lateExit = "RUNTIME_LATE_EXIT"
        case adopted = "RUNTIME_ADOPTED"
    }

    public var kind: Kind {
        switch self {
        case .accepted: return .accepted
        case .abandoned: return .abandoned
        case .placed: return .placed
        case .running: return .running
        case .terminated: return .terminated
        case .lost: return .lost
        case .lateExit: return .lateExit
        case .adopted: return .adopted
        }
    }

    /// What clients of the event cursor are told of it (§8); `nil` for what has no number there.
    public func event(of session: SessionID) -> RuntimeEvent? {
        switch self {
        case .running(_, let runtimePID, let startTime, _, _):
            return .running(session, runtimePID: runtimePID, startTime: startTime)
        case .terminated(let exit, let evidence): return .terminated(session, exit, evidence)
        case .lost(let evidence): return .lost(session, evidence)
        case .accepted, .abandoned, .placed, .lateExit, .adopted: return nil
        }
    }
}
