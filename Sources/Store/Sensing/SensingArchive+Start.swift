import Fleet

// What a start makes good (daemon-ipc §7.4).

// MARK: - Cursor

extension SensingArchive {
    /// Finds where the replay begins, by the table of §7.4.
    ///
    /// With a cursor it is there. Without one but with sessions, it is behind the events that these have seen. Without
    /// either there is nothing to catch up with, and old history is left alone.
    func restoreCursor(_ contents: inout Contents) throws(StoreError) {
        let text = try reader.meta(SensingProjection.cursorKey)
        let newest = try reader.newestRowid()
        if let text, let stored = Int64(text) {
            contents.cursor = stored
            // Beyond all events that ever were, it would keep new ones from being applied.
            guard stored > newest else { return }
            contents.problems.append(problem(text, isSkipped: false))
            contents.cursor = newest
        } else {
            if let text { contents.problems.append(problem(text, isSkipped: false)) }
            if contents.sessions.isEmpty {
                guard let last = try newestEvent() else { return }
                contents.cursor = last
            } else {
                contents.cursor = try newestEvent(seenBy: contents.sessions)
            }
        }
        contents.repairs.append(SensingProjection.cursorPlaced(at: contents.cursor))
    }

    private func newestEvent() throws(StoreError) -> Int64? {
        try reader.rows("SELECT max(seq) FROM events") { $0.optionalInteger(0) }.first ?? nil
    }

    /// The last replayable event that is not newer than the newest session, to the second; 0 when there is none.
    private func newestEvent(seenBy sessions: [SensedSession]) throws(StoreError) -> Int64 {
        guard let newest = sessions.compactMap(\.updatedAt).max()?.wholeSeconds else { return 0 }
        var position = Int64.max
        while true {
            let page = try reader.rows(
                """
                SELECT seq, recorded_at FROM events NOT INDEXED WHERE seq < ? AND \(Self.isReplayable)
                ORDER BY seq DESC LIMIT \(Self.pageSize)
                """, [.integer(position)]
            ) { ($0.integer(0), Timestamp(rfc3339: $0.text(1))) }
            if let seen = page.first(where: { $0.1.map { $0.wholeSeconds <= newest } ?? false }) { return seen.0 }
            guard page.count == Self.pageSize, let last = page.last else { return 0 }
            position = last.0
        }
    }

    private func problem(_ text: String, isSkipped: Bool) -> SensingRowProblem {
        SensingRowProblem(
            table: "daemon_meta", key: SensingProjection.cursorKey, column: "value", value: text, isSkipped: isSkipped)
    }
}

// MARK: - Shells and processes

extension SensingArchive {
    /// Makes the shells of their events when the table is empty, and lets go of those that are too old.
    func restoreShells(_ contents: inout Contents, at now: Timestamp) throws(StoreError) {
        let oldest = SensingRetention.oldest(at: now)
        if contents.shells.isEmpty {
            var shells: [UInt32: SensedShell] = [:]
            try forEachEvent("event_type = 'shell_cwd'", since: oldest) { event in
                let at = min(event.recordedAt, Self.latest(at: now))
                if let shell = SensedShell(event, at: at, canonicalCwd: nil) { shells[shell.pid] = shell }
            }
            contents.shells = shells.values.filter { $0.updatedAt >= oldest }.sorted { $0.pid < $1.pid }
            contents.repairs += SensingProjection.writes(for: contents.shells.map { .upsertShell($0) }, of: nil)
        } else {
            let old = contents.shells.filter { $0.updatedAt < oldest }
            contents.shells.removeAll { $0.updatedAt < oldest }
            contents.repairs += SensingProjection.writes(for: old.map { .deleteShell(pid: $0.pid) }, of: nil)
        }
    }

    /// Makes the processes of the events that named them when the table is empty, without the starts, which nobody
    /// knows any more; and lets go of those that are too old and have no session.
    func restoreLiveness(_ contents: inout Contents, at now: Timestamp) throws(StoreError) {
        let oldest = SensingRetention.oldest(at: now)
        let referenced = Set(contents.sessions.map(\.pid))
        if contents.liveness.isEmpty {
            var seen: [UInt32: Timestamp] = [:]
            try forEachEvent("true", since: oldest) { event in
                guard let pid = event.pid else { return }
                seen[pid] = max(seen[pid] ?? oldest, min(event.recordedAt, Self.latest(at: now)))
            }
            contents.liveness = seen.map { ProcessLiveness(pid: $0.key, start: nil, lastSeenAt: $0.value) }
                .sorted { $0.pid < $1.pid }
            contents.repairs += SensingProjection.writes(for: contents.liveness.map { .upsertLiveness($0) }, of: nil)
        } else {
            let old = contents.liveness.filter { $0.lastSeenAt < oldest && !referenced.contains($0.pid) }
            contents.liveness.removeAll { $0.lastSeenAt < oldest && !referenced.contains($0.pid) }
            contents.repairs += SensingProjection.writes(for: old.map { .deleteLiveness(pid: $0.pid) }, of: nil)
        }
    }

    /// Passes the events of hooks and shells that were recorded since `time`, up to the cursor's place in them or not.
    private func forEachEvent(
        _ condition: String, since time: Timestamp, _ body: (HookEvent) -> Void
    ) throws(StoreError) {
        var position: Int64 = 0
        while true {
            let page = try reader.rows(
                """
                SELECT \(JournalEntry.columns) FROM events NOT INDEXED
                WHERE seq > ? AND \(Self.isOfHook) AND \(condition) AND coalesce(at_ms >= ?, true)
                ORDER BY seq LIMIT \(Self.pageSize)
                """, [.integer(position), .integer(time.milliseconds)]
            ) { JournalEntry($0) }
            for entry in page {
                if let event = try? HookEvent(entry), event.recordedAt >= time { body(event) }
            }
            guard page.count == Self.pageSize, let last = page.last else { return }
            position = last.rowid
        }
    }

    /// The latest time that an event is believed (D-27).
    private static func latest(at now: Timestamp) -> Timestamp { now + SensingSettings().futureTolerance }
}
