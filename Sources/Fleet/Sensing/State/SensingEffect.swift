/// One row that changes. All effects of an event belong into one transaction, in their order (daemon-ipc §7.3, D-08).
public enum SensingEffect: Equatable, Sendable {
    case upsertLiveness(ProcessLiveness)
    case deleteLiveness(pid: UInt32)
    case upsertSession(SensedSession)
    /// With its activity.
    case deleteSession(SessionID)
    case appendActivity(SensedActivity)
    case writeTombstone(Tombstone)
    case deleteTombstone(SessionID)
    case upsertShell(SensedShell)
    case deleteShell(pid: UInt32)
    /// `last_applied_event_rowid` (§7.3).
    case advanceCursor(Int64)
}

extension [SensingEffect] {
    /// Without what is overwritten later: of a row that is put several times, only the last. Deletions stay, since more
    /// than the row may go with it.
    public var withoutSuperseded: [SensingEffect] {
        var later: Set<SensingEffect.Row> = []
        var kept: [SensingEffect] = []
        for effect in reversed() {
            guard let row = effect.row else {
                kept.append(effect)
                continue
            }
            if later.insert(row).inserted || effect.isDeletion { kept.append(effect) }
        }
        return kept.reversed()
    }
}

extension SensingEffect {
    fileprivate enum Row: Hashable {
        case liveness(UInt32)
        case session(SessionID)
        case tombstone(SessionID)
        case shell(UInt32)
        case cursor
    }

    /// The row that it puts or deletes; `nil` when it adds one that is its own.
    fileprivate var row: Row? {
        switch self {
        case .upsertLiveness(let row): return .liveness(row.pid)
        case .deleteLiveness(let pid): return .liveness(pid)
        case .upsertSession(let row): return .session(row.sessionID)
        case .deleteSession(let id): return .session(id)
        case .writeTombstone(let row): return .tombstone(row.sessionID)
        case .deleteTombstone(let id): return .tombstone(id)
        case .upsertShell(let row): return .shell(row.pid)
        case .deleteShell(let pid): return .shell(pid)
        case .advanceCursor: return .cursor
        case .appendActivity: return nil
        }
    }

    fileprivate var isDeletion: Bool {
        switch self {
        case .deleteLiveness, .deleteSession, .deleteTombstone, .deleteShell: return true
        case .upsertLiveness, .upsertSession, .appendActivity, .writeTombstone, .upsertShell, .advanceCursor:
            return false
        }
    }
}
