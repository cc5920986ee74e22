/// Why a report about a runtime cannot be taken; the caller says so to whoever reported.
public enum RuntimeRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A shim is ready for a session whose life is over (runtime-rpc §4.1, `runtime_unavailable`).
    case ended(SessionID)
    /// A second shim is ready for a session that has one (§2.4, `protocol_mismatch`).
    case alreadyRunning(SessionID)

    public var description: String {
        switch self {
        case .ended(let session): return "session \(session) has ended; its shim must end the runtime"
        case .alreadyRunning(let session):
            return "session \(session) is already running under another shim; spawn under a new session id"
        }
    }
}

// The table of runtime-rpc §4.1. Each report meets each state once, here and nowhere else.
extension RuntimeLifecycle {
    /// What is reported of a runtime.
    public enum Input: Hashable, Sendable {
        /// `shim_ready`, with the ticks and the boot that its pid was found with (D-11).
        case ready(shimPID: UInt32, runtimePID: UInt32, startTime: PreciseTime, startTicks: UInt64?, bootID: String?)
        /// `shim_exit`.
        case shimExit(RuntimeExit)
        /// The exit watcher fired ``settleTime`` ago and nothing has been heard since.
        case settled(isShimAlive: Bool)
        /// The sweep looked at the pid (§4.3).
        case probed(ProcessFinding)
        /// The shim could not be started, or was not ready in time (D-13). The reason is for a person.
        case startFailed(reason: String)
        /// A row that was found forking at the start has been given ``forkingPatience`` (D-14).
        case forkingExpired
    }

    public enum Reaction: Hashable, Sendable {
        /// The fact is journaled first and applied when it is durable.
        case record(RuntimeFact)
        /// Nothing changes, and the reporter is thanked.
        case acknowledge
        case refuse(RuntimeRefusal)
    }

    /// How long after the exit watcher the shim may still report the true end (§4.2).
    public static let settleTime: Duration = .milliseconds(300)

    /// How long a row found forking may wait for its shim, which tries for 151 s (D-14, §3.4).
    public static let forkingPatience: Duration = .seconds(160)

    /// Judges a report. Facts that are on their way into the journal must have been applied before the next is asked.
    public func reaction(to input: Input) -> Reaction {
        switch state {
        case .forking: return reactionWhileForking(to: input)
        case .running: return reactionWhileRunning(to: input)
        case .exited:
            if case .ready = input { return .refuse(.ended(sessionID)) }
            return .acknowledge
        case .lost:
            switch input {
            case .ready: return .refuse(.ended(sessionID))
            // One that knows neither code nor signal adds nothing to "lost".
            case .shimExit(let exit) where lateExit == nil && exit.isKnown: return .record(.lateExit(exit))
            case .shimExit, .settled, .probed, .startFailed, .forkingExpired: return .acknowledge
            }
        }
    }

    private func reactionWhileForking(to input: Input) -> Reaction {
        switch input {
        case .ready(let shimPID, let runtimePID, let startTime, let startTicks, let bootID):
            return .record(
                .running(
                    shimPID: shimPID, runtimePID: runtimePID, startTime: startTime, startTicks: startTicks,
                    bootID: bootID))
        case .shimExit(let exit):
            // The codes by which a shim says that there never was a runtime (D-13).
            switch exit.code {
            case 126: return .record(.abandoned(reason: "the runtime could not be started"))
            case 127: return .record(.abandoned(reason: "the runtime was not found"))
            default: return .record(.terminated(exit, .shimExit))
            }
        case .startFailed(let reason): return .record(.abandoned(reason: reason))
        case .forkingExpired: return .record(.lost(.shimDiedBeforeReport))
        // Neither watched nor swept yet.
        case .settled, .probed: return .acknowledge
        }
    }

    private func reactionWhileRunning(to input: Input) -> Reaction {
        switch input {
        case .ready(shimPID, runtimePID, _, _, _):
            // The answer to the first call was lost on its way, and the shim repeats it.
            return .acknowledge
        case .ready: return .refuse(.alreadyRunning(sessionID))
        case .shimExit(let exit): return .record(.terminated(exit, .shimExit))
        case .settled(isShimAlive: true): return .record(.terminated(RuntimeExit(), .processExit))
        case .settled(isShimAlive: false): return .record(.lost(.shimDiedBeforeReport))
        case .probed(.gone): return .record(.lost(.pidNotAlive))
        case .probed(.reused): return .record(.lost(.pidReuseDetected))
        case .probed(.alive), .probed(.unknown): return .acknowledge
        // Ready came first.
        case .startFailed, .forkingExpired: return .acknowledge
        }
    }
}

// MARK: - Facts

extension RuntimeLifecycle {
    /// Makes the row of an accepted spawn; `nil` for every other fact but an adopted row.
    public init?(_ fact: RuntimeFact, of session: SessionID) {
        switch fact {
        case .accepted(let runtime, let target, let paneID, let spawnedAt):
            self.init(sessionID: session, runtime: runtime, target: target, paneID: paneID, spawnedAt: spawnedAt)
        case .adopted(let row) where row.sessionID == session: self = row
        case .adopted, .abandoned, .placed, .running, .terminated, .lost, .lateExit: return nil
        }
    }

    /// Takes a fact, when it happens and when it is replayed. One that does not fit the state changes nothing.
    ///
    /// `at` is the time of the journal's event. Rows begin and end in a ``RuntimeTable``: accepted and abandoned
    /// change nothing here.
    public mutating func apply(_ fact: RuntimeFact, at: PreciseTime) {
        switch (fact, state) {
        case (.running(let shimPID, let runtimePID, let startTime, let startTicks, let bootID), .forking):
            state = .running
            self.shimPID = shimPID
            self.runtimePID = runtimePID
            self.startTime = startTime
            self.startTicks = startTicks
            self.bootID = bootID
            updatedAt = at
        case (.placed(let placement), .forking), (.placed(let placement), .running):
            // No transition.
            self.placement = placement
        case (.terminated(let exit, _), .forking), (.terminated(let exit, _), .running):
            state = .exited(exit)
            updatedAt = at
        case (.lost(let evidence), .forking), (.lost(let evidence), .running):
            state = .lost(evidence)
            updatedAt = at
        case (.lateExit(let exit), .lost) where lateExit == nil && exit.isKnown:
            // No transition: `updatedAt` stays the time at which it was lost (§7, recent_lost).
            lateExit = exit
        case (.adopted(let row), _) where row.sessionID == sessionID: self = row
        case (.accepted, _), (.abandoned, _), (.placed, _), (.running, _), (.terminated, _), (.lost, _), (.lateExit, _),
            (.adopted, _):
            break
        }
    }
}

extension RuntimeExit {
    /// Whether it says anything.
    public var isKnown: Bool { code != nil || signal != nil }
}
