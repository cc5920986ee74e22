import Fleet

/// What the program that spoke this protocol before us left behind, taken over once (runtime-rpc §8, §11; D-42).
///
/// Its files are only read. What cannot be read is reported and never keeps a daemon from starting.
public struct RuntimeImport: Equatable, Sendable {
    /// The rows that we did not know, as facts for the journal.
    public private(set) var events: [JournalEvent] = []
    /// The old events under their old numbers, and that they have been taken.
    public private(set) var writes: [DerivedWrite] = []
    /// How many old events there are among `writes`.
    public private(set) var eventCount = 0
    /// Sentences for the log.
    public private(set) var problems: [String] = []

    /// All that belongs into the transaction of ``events``.
    public var derived: [DerivedWrite] { events.flatMap { RuntimeProjection.writes(for: $0) } + writes }

    /// The keys of `daemon_meta` that remember what was taken, and from where.
    private static let rowsKey = "runtime_import_rows"
    private static let eventsKey = "runtime_import_events"

    /// More old events than these are not taken; the oldest stay behind.
    private static let eventLimit = 100_000
}

// MARK: - Finding

extension RuntimeImport {
    /// Where the old database would be: `RTM_DB_PATH`, else `$HOME/.rtm/db.sqlite`. The events are beside it.
    public static func databasePath(environment: [String: String]) -> String? {
        if let path = environment["RTM_DB_PATH"], !path.isEmpty { return path }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return home + "/.rtm/db.sqlite"
    }

    private static func eventsPath(beside database: String) -> String {
        guard let slash = database.lastIndex(of: "/") else { return "events.jsonl" }
        return database[...slash] + "events.jsonl"
    }
}

// MARK: - Taking

extension RuntimeImport {
    /// Takes over what there is into the database at `path`, which nobody else has open, and returns when it is durable.
    ///
    /// To be called at the start, before the journal is opened. `scratch` is a directory for a copy of the old
    /// database, which is deleted again. `nil` when there is nothing, or nothing new.
    @discardableResult
    public static func run(
        environment: [String: String], into path: String, options: SQLiteJournal.Options, scratch: String,
        at now: Timestamp, makeID: () -> EventID
    ) throws(StoreError) -> RuntimeImport? {
        let writer = try JournalWriter(path: path, options: options)
        let found = try prepare(
            environment: environment, reader: try JournalReader(path: path), scratch: scratch, at: now, makeID: makeID)
        guard let found, !found.writes.isEmpty else { return found }
        let item = JournalItem(
            token: 0, work: .events(found.events.map { JournalRecord($0) }, derived: found.derived))
        for completion in try writer.apply([item]) {
            if case .failed(let error) = completion.result { throw error }
        }
        return found
    }

    /// Reads what there is, for a caller that appends ``events`` with ``derived`` itself.
    ///
    /// Throws for our own database alone.
    public static func prepare(
        environment: [String: String], reader: JournalReader, scratch: String, at now: Timestamp,
        makeID: () -> EventID
    ) throws(StoreError) -> RuntimeImport? {
        guard let database = databasePath(environment: environment) else { return nil }
        var found = RuntimeImport()
        if try reader.meta(rowsKey) == nil {
            let known = Set(try reader.rows("SELECT session_id FROM lifecycle") { SessionID($0.text(0)) })
            found.takeRows(of: database, known: known, scratch: scratch, at: now, makeID: makeID)
        }
        if try reader.meta(eventsKey) == nil {
            let hasNumbers = try RuntimeArchive(reader).lastSequence() > 0
            found.takeEvents(eventsPath(beside: database), isNumbered: hasNumbers, at: now)
        }
        return found.writes.isEmpty && found.problems.isEmpty ? nil : found
    }

    private mutating func takeRows(
        of database: String, known: Set<SessionID>, scratch: String, at now: Timestamp, makeID: () -> EventID
    ) {
        do throws(StoreError) {
            guard let rows = try ForeignDatabase.read(database, scratch: scratch) else { return }
            problems += rows.problems.map(\.description)
            var seen = known
            for row in rows.rows where seen.insert(row.sessionID).inserted {
                events.append(
                    JournalEvent(
                        id: makeID(), at: now, source: .runtime, sessionID: row.sessionID,
                        body: .runtime(.adopted(row))))
            }
            writes.append(.meta(Self.rowsKey, .text(database)))
        } catch {
            problems.append("no sessions were taken over from \(database), and the next start tries again: \(error)")
        }
    }

    private mutating func takeEvents(_ path: String, isNumbered: Bool, at now: Timestamp) {
        do throws(StoreError) {
            guard let file = try ForeignFile.read(path, limit: ForeignFile.limit) else { return }
            var (records, problem) = RuntimeEventLines.read(file)
            if let problem { problems.append("\(path): \(problem)") }
            if isNumbered {
                problems.append("\(path) is not taken over: events have been numbered here already")
                records = []
            }
            records.removeFirst(RuntimeEventLog.droppable(records, at: now))
            if records.count > Self.eventLimit {
                problems.append("\(path): the newest \(Self.eventLimit) of \(records.count) events are taken over")
                records.removeFirst(records.count - Self.eventLimit)
            }
            eventCount = records.count
            writes += records.map(Self.insertion)
            writes.append(.meta(Self.eventsKey, .text(path)))
        } catch {
            problems.append("no events were taken over from \(path), and the next start tries again: \(error)")
        }
    }

    private static func insertion(_ record: RuntimeEventLog.Record) -> DerivedWrite {
        DerivedWrite(
            """
            INSERT INTO runtime_event (seq, ts_ms, kind, session_id, payload) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (seq) DO NOTHING
            """,
            [
                .integer(Int64(clamping: record.sequence)), .integer(record.at.milliseconds), .text(record.event.kind),
                .text(record.event.sessionID.rawValue), .utf8(record.event.payload.encoded()),
            ])
    }
}

extension JournalRecord {
    /// The row of an adopted session.
    fileprivate init(_ event: JournalEvent) {
        self.init(
            id: event.id.rawValue, atMs: event.at.milliseconds, type: event.type,
            sessionId: event.sessionID?.rawValue, source: event.source.rawValue, payload: event.payload.encoded())
    }
}
