import Fleet

// What changes without an event.
extension SensingProjection {
    /// Keeps the counters of the dual run (daemon-ipc §6.7).
    public static func rolloutWritten(_ rollout: RoutingRollout) -> [DerivedWrite] {
        [DerivedWrite(upsert(.rollout), [.null] + rollout.values)]
    }

    /// What the tables may forget, at the start and every six hours (§7.6): tombstones that expired a day ago, processes
    /// that were not seen for a day and have no session, and activity beyond the newest 1000 rows of a session.
    ///
    /// Times that make no sense are left alone.
    public static func retention(at now: Timestamp) -> [DerivedWrite] {
        let day = SQLValue.integer(SensingRetention.oldest(at: now).wholeSeconds)
        return [
            DerivedWrite("DELETE FROM tombstones WHERE \(seconds("expires_at")) < ?", [day]),
            DerivedWrite(
                """
                DELETE FROM process_liveness WHERE \(seconds("last_seen_at")) < ?
                AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.pid = process_liveness.pid)
                """, [day]),
            DerivedWrite(
                """
                DELETE FROM activity WHERE id IN (
                    SELECT id FROM (
                        SELECT id, row_number() OVER newest AS place FROM activity
                        WINDOW newest AS (PARTITION BY session_id ORDER BY event_rowid DESC, id DESC)
                    ) WHERE place > ?
                )
                """, [.integer(Int64(SensingState.activityLimit))]),
        ]
    }

    /// Which events may be forgotten (§7.6): those older than thirty days or beyond the newest 200 000, up to the cursor.
    public static func eventRetention(at now: Timestamp, cursor: Int64) -> Retention {
        Retention(olderThanMs: (now + -SensingRetention.month).milliseconds, cursor: cursor)
    }

    /// Seconds since 1970 of a time as anybody writes it; null when it makes no sense.
    private static func seconds(_ column: String) -> String { "CAST(strftime('%s', \(column)) AS INTEGER)" }
}

/// How long things are kept (daemon-ipc §7.4, §7.6), in milliseconds.
enum SensingRetention {
    static let month: Int64 = 30 * 24 * 3_600_000

    /// Shells, expired tombstones and processes from before it are not kept.
    static func oldest(at now: Timestamp) -> Timestamp { now + -SensingSettings().retention }
}
