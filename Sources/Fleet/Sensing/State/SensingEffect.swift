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
