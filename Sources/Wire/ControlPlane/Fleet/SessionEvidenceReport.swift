import Bytes
import Fleet

/// What a reported state rests on, for `GET /api/fleet/:id/why` (docs/protocols/fleet-api.md).
public struct SessionEvidenceReport: Equatable, Sendable {
    private let evidence: SessionEvidence
    private let session: SessionID

    /// - Parameter session: The agent's own id of it.
    public init(_ evidence: SessionEvidence, of session: SessionID) {
        self.evidence = evidence
        self.session = session
    }

    public var json: JSON {
        [
            "agentSessionId": .string(session.rawValue), "restsOn": evidence.restsOn.json,
            "competing": .array(evidence.competing.map(\.json)),
        ]
    }
}

extension StateClaim {
    var json: JSON {
        var eventID: EventID?
        let from: String
        switch source {
        case .hook(_, let id, _): (from, eventID) = ("hook", id)
        case .extra(_, let id): (from, eventID) = ("agent", id)
        case .reconcile: from = "process"
        case .childStarted: from = "process"
        case .stored: from = "stored"
        }
        return .omittingNil([
            "event": .string(source.name), "source": .string(from), "eventId": eventID.map { .string($0.rawValue) },
            "at": at.map { .integer($0.milliseconds) },
            "state": state.map { .string($0.rawValue) }, "verdict": .string(verdict.word),
            "why": verdict.why.map { .string($0) },
        ])
    }
}

extension StateClaim.Verdict {
    fileprivate var word: String {
        switch self {
        case .decided: return "decided"
        case .overruled: return "overruled"
        case .ignored: return "ignored"
        }
    }

    fileprivate var why: String? {
        guard case .ignored(let reason) = self else { return nil }
        switch reason {
        case .tombstone: return "the session had just ended"
        case .stale: return "it came too long after what was known already"
        case .late: return "it was recorded before the turn was over"
        case .alreadyActive: return "a session at work does not start"
        case .compacting: return "the turn ends once the compaction does"
        case .stopHookActive: return "a hook made the agent go on"
        case .ofAnotherAgent: return "it speaks of a sub-agent or a team mate"
        case .toolsInFlight: return "tools were still running"
        case .noEffect: return "it says nothing about the state"
        }
    }
}
