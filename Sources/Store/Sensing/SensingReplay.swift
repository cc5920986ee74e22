import Fleet

/// Events that came while nobody applied them, in the order of their rowids (daemon-ipc §7.4).
///
/// They are applied by the rules and written with `SensingProjection.writes(replaying:upTo:)`. The cursor is behind the
/// rows that were left out, too.
public struct SensingReplay: Equatable, Sendable {
    public struct Item: Equatable, Sendable {
        public var rowid: Int64
        public var event: HookEvent

        public init(rowid: Int64, event: HookEvent) {
            self.rowid = rowid
            self.event = event
        }
    }

    public var items: [Item]
    /// Rows that make no sense. They are passed over.
    public var problems: [SensingRowProblem]
    /// Everything up to here has been looked at.
    public var cursor: Int64
    /// Whether there is more behind ``cursor``.
    public var hasMore: Bool
}

extension SensingArchive {
    /// The events to apply behind `cursor`, at most `limit` rows of them.
    public func replayable(since cursor: Int64, limit: Int = SensingArchive.pageSize) throws(StoreError)
        -> SensingReplay
    {
        // Asked first: what is committed between the two questions is left for the next.
        let newest = try reader.newestRowid()
        let entries = try reader.rows(
            """
            SELECT \(JournalEntry.columns) FROM events NOT INDEXED
            WHERE seq > ? AND seq <= ? AND \(Self.isReplayable) ORDER BY seq LIMIT ?
            """, [.integer(cursor), .integer(newest), .integer(Int64(limit))]
        ) { JournalEntry($0) }
        let hasMore = entries.count == limit && (entries.last?.rowid ?? newest) < newest
        var replay = SensingReplay(
            items: [], problems: [], cursor: max(cursor, hasMore ? entries.last?.rowid ?? cursor : newest),
            hasMore: hasMore)
        for entry in entries {
            do throws(FieldError) {
                let event = try HookEvent(entry)
                guard event.sessionID != nil else { throw FieldError(path: "session_id", message: "is required") }
                replay.items.append(SensingReplay.Item(rowid: entry.rowid, event: event))
            } catch {
                replay.problems.append(SensingRowProblem(entry, error))
            }
        }
        return replay
    }

    /// Rows in one page.
    public static let pageSize = 1000

    /// Events of hooks and shells: ours, and those that others inserted with the columns of the contract.
    static let isOfHook = "(source = '\(HookEvent.source)' OR source IS NULL)"

    /// Those of sessions that are applied again; the others have no lasting effect (§7.4). What we wrote ourselves of the
    /// same sessions has other types; whoever else has some is told that they make no sense.
    static let isReplayable: String = {
        func list(_ types: [HookEventType]) -> String { types.map { "'\($0.rawValue)'" }.joined(separator: ", ") }
        let types = HookEventType.allCases
        return """
            session_id IS NOT NULL AND (
                source = '\(HookEvent.source)' AND event_type IN (\(list(types.filter(\.isReplayable))))
                OR source IS NULL AND coalesce(event_type, '') NOT IN (\(list(types.filter { !$0.isReplayable })))
            )
            """
    }()
}

extension SensingRowProblem {
    /// The column of the journal that an event could not be read from.
    fileprivate init(_ entry: JournalEntry, _ error: FieldError) {
        let value: String
        switch error.path {
        case "event_type": value = entry.type
        case "recorded_at": value = entry.recordedAt
        case "session_id": value = entry.sessionId ?? ""
        // What people and agents say to each other does not belong into a log.
        default: value = "\(entry.payload.count) bytes"
        }
        self.init(
            table: "events", key: "rowid \(entry.rowid)", column: error.path, value: value, isSkipped: true)
    }
}
