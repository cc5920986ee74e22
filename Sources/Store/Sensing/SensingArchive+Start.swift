import Fleet

// What a start makes good (daemon-ipc §7.4).

// MARK: - Cursor

extension SensingArchive {
    /// Finds where the replay begins, by the table of §7.4, and writes it down where that is news.
    func restoreCursor(_ contents: inout Contents) throws(StoreError) {
        let text = try reader.meta(SensingProjection.cursorKey)
        let start = ReplayStart(storedCursor: text, sessions: contents.sessions)
        switch start {
        case .after(let stored):
            contents.cursor = stored
            // Beyond all events that ever were, it would keep new ones from being applied.
            let newest = try reader.newestRowid()
            guard stored > newest else { return }
            contents.cursor = newest
        case .coveredBySessions(let time):
            contents.cursor = start.cursor(highest: nil, covered: try newestEvent(upTo: time))
        case .afterAll:
            let highest = try newestEvent()
            contents.cursor = start.cursor(highest: highest, covered: nil)
            if highest == nil && text == nil { return }
        }
        if let text {
            contents.problems.append(
                SensingRowProblem(
                    table: "daemon_meta", key: SensingProjection.cursorKey, column: "value", value: text,
                    isSkipped: false))
        }
        contents.repairs.append(SensingProjection.cursorPlaced(at: contents.cursor))
    }

    private func newestEvent() throws(StoreError) -> Int64? {
        try reader.rows("SELECT max(seq) FROM events") { $0.optionalInteger(0) }.first ?? nil
    }

    /// The last replayable event that is not newer than a time, to the second, which is how both are written down.
    private func newestEvent(upTo time: Timestamp?) throws(StoreError) -> Int64? {
        guard let newest = time?.wholeSeconds else { return nil }
        var position = Int64.max
        while true {
            let page = try reader.rows(
                """
                SELECT seq, recorded_at FROM events NOT INDEXED WHERE seq < ? AND \(Self.isReplayable)
                ORDER BY seq DESC LIMIT \(Self.pageSize)
                """, [.integer(position)]
            ) { ($0.integer(0), Timestamp(rfc3339: $0.text(1))) }
            if let seen = page.first(where: { $0.1.map { $0.wholeSeconds <= newest } ?? false }) { return seen.0 }
            guard page.count == Self.pageSize, let last = page.last else { return nil }
            position = last.0
        }
    }
}

// MARK: - Shells and processes

extension SensingArchive {
    /// The events of hooks and shells that were recorded since `time`, in the order of their rowids: what
    /// `SensingState.rebuild(from:receivedAt:)` makes empty tables of (§7.4). At most the newest 50 000 are read.
    ///
    /// - Parameters:
    ///   - cursor: Behind it, what is to be replayed is left out: its processes are noted then.
    ///   - onlyShells: Leave out what agents reported, which are by far the most.
    public func events(
        since time: Timestamp, replayingAfter cursor: Int64 = .max, onlyShells: Bool = false
    ) throws(StoreError) -> [HookEvent] {
        // Those of others may have their type in the payload alone.
        let type = HookEventType.shellCwd.rawValue
        let isWanted = onlyShells ? "coalesce(event_type, '\(type)') = '\(type)'" : "true"
        var events: [HookEvent] = []
        var position = Int64.max
        while events.count < Self.rebuildLimit {
            let page = try reader.rows(
                """
                SELECT \(JournalEntry.columns) FROM events NOT INDEXED
                WHERE seq < ? AND \(Self.isOfHook) AND coalesce(at_ms >= ?, true) AND \(isWanted)
                AND (seq <= ? OR NOT coalesce(\(Self.isReplayable), false))
                ORDER BY seq DESC LIMIT \(Self.pageSize)
                """, [.integer(position), .integer(time.milliseconds), .integer(cursor)]
            ) { JournalEntry($0) }
            for entry in page {
                if let event = try? HookEvent(entry), event.recordedAt >= time { events.append(event) }
            }
            guard page.count == Self.pageSize, let last = page.last else { break }
            position = last.rowid
        }
        return events.prefix(Self.rebuildLimit).reversed()
    }

    private static let rebuildLimit = 50_000
}
