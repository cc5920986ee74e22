import Fleet

// What changes without an event.
extension SensingProjection {
    /// Keeps the counters of the dual run (daemon-ipc §6.7).
    public static func rolloutWritten(_ rollout: RoutingRollout) -> [DerivedWrite] {
        [DerivedWrite(putRollout, rollout.values)]
    }

    /// What the tables may forget, at the start and every six hours (§7.6); events are the journal's own business.
    ///
    /// The same as `SensingState.retain(_:)` says, but also of rows that the state does not know, to the second. Times
    /// that make no sense are left alone.
    public static func retention(_ plan: RetentionPlan) -> [DerivedWrite] {
        [
            DerivedWrite(
                "DELETE FROM tombstones WHERE \(seconds("expires_at")) < ?",
                [.integer(plan.tombstonesExpiredBefore.wholeSeconds)]),
            DerivedWrite(
                """
                DELETE FROM process_liveness WHERE \(seconds("last_seen_at")) < ?
                AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.pid = process_liveness.pid)
                """, [.integer(plan.livenessBefore.wholeSeconds)]),
            DerivedWrite(
                """
                DELETE FROM activity WHERE id IN (
                    SELECT id FROM (
                        SELECT id, row_number() OVER newest AS place FROM activity
                        WINDOW newest AS (PARTITION BY session_id ORDER BY event_rowid DESC, id DESC)
                    ) WHERE place > ?
                )
                """, [.integer(Int64(plan.activityKept))]),
        ]
    }

    /// Seconds since 1970 of a time as anybody writes it; null when it makes no sense.
    private static func seconds(_ column: String) -> String { "CAST(strftime('%s', \(column)) AS INTEGER)" }
}

extension Retention {
    /// Which events may be forgotten (daemon-ipc §7.6).
    public init(_ plan: RetentionPlan) {
        self.init(
            keepNewest: Int(plan.eventsKept), olderThanMs: plan.eventsBefore.milliseconds, cursor: plan.lastRowid)
    }
}
