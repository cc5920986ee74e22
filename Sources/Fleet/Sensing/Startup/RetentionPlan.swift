/// Which rows are deleted at the start and every six hours (daemon-ipc §7.6, D-21).
public struct RetentionPlan: Hashable, Sendable {
    /// Milliseconds between two times of clearing.
    public static let interval: Int64 = 21_600_000
    public static let eventAge: Int64 = 30 * 86_400_000
    public static let eventCount: Int64 = 200_000
    /// How long a tombstone stays after it has expired.
    public static let tombstoneAge: Int64 = 86_400_000

    /// Events are deleted only up to this rowid: the cursor. What is beyond has not been applied.
    public var lastRowid: Int64
    /// Events recorded before it are deleted.
    public var eventsBefore: Timestamp
    /// Of more events than this, the oldest are deleted.
    public var eventsKept: Int64 { Self.eventCount }
    /// Tombstones that expired before it are deleted.
    public var tombstonesExpiredBefore: Timestamp
    /// Rows of a process last seen before it are deleted, unless a session has the pid.
    public var livenessBefore: Timestamp
    /// Rows of activity that a session keeps.
    public var activityKept: Int { SensingState.activityLimit }

    public init(cursor: Int64, at now: Timestamp, _ settings: SensingSettings = SensingSettings()) {
        lastRowid = cursor
        eventsBefore = now + -Self.eventAge
        tombstonesExpiredBefore = now + -Self.tombstoneAge
        livenessBefore = now + -settings.retention
    }

    /// Whether an event goes; `newer` is how many events have a higher rowid.
    public func dropsEvent(rowid: Int64, recordedAt: Timestamp, newer: Int64) -> Bool {
        rowid <= lastRowid && (recordedAt < eventsBefore || newer >= eventsKept)
    }
}
