import Fleet

/// What the daemon that spoke this protocol before us left behind, taken over once (daemon-ipc §7.1, §7.2).
///
/// Its database is only read. What cannot be read is reported and never keeps a daemon from starting. Its events stay
/// where they are: the tables say what they came to.
public struct SensingImport: Equatable, Sendable {
    /// The rows that we did not have, and that they have been taken: for one transaction, before
    /// `SensingArchive.load(from:)`.
    public private(set) var writes: [DerivedWrite] = []
    /// How many rows of the old tables there are among ``writes``.
    public private(set) var rowCount = 0
    /// Sentences for the log.
    public private(set) var problems: [String] = []

    /// The key of `daemon_meta` that remembers from where was taken.
    private static let key = "sensing_import"

    /// Its log of events was never pruned, and a start must not take long.
    private static let limit = 256 << 20
}

extension SensingImport {
    /// Where the old database would be; `nil` without a home.
    public static func databasePath(environment: [String: String]) -> String? {
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return home + "/.capacitor/daemon/state.db"
    }

    /// Takes over what there is into the database at `database`, which nobody else has open, and returns when it is durable.
    ///
    /// To be called at the start, before the journal is opened. `nil` when there is nothing, or it has been taken before.
    @discardableResult
    public static func run(
        environment: [String: String], into database: String, options: SQLiteJournal.Options, scratch: String
    ) throws(StoreError) -> SensingImport? {
        guard let path = databasePath(environment: environment) else { return nil }
        let writer = try JournalWriter(path: database, options: options)
        let found = try prepare(from: path, reader: try JournalReader(path: database), scratch: scratch)
        guard let found, !found.writes.isEmpty else { return found }
        for completion in try writer.apply([JournalItem(token: 0, work: .writes(found.writes))]) {
            if case .failed(let error) = completion.result { throw error }
        }
        return found
    }

    /// Reads the old database at `path`; `nil` when there is none, or it has been taken before.
    ///
    /// `reader` is of our own database, for which alone this throws. `scratch` is a directory for a copy of the old one,
    /// which is deleted again.
    public static func prepare(
        from path: String, reader: JournalReader, scratch: String
    ) throws(StoreError) -> SensingImport? {
        guard try reader.meta(key) == nil else { return nil }
        var found = SensingImport()
        do throws(StoreError) {
            let taken: Void? = try ForeignDatabase.withCopy(of: path, scratch: scratch, limit: limit) {
                (copy: borrowing Database) throws(SQLiteError) in try found.take(copy)
            }
            guard taken != nil else { return nil }
        } catch {
            let problem = "nothing was taken over from \(path), and the next start tries again: \(error)"
            return SensingImport(writes: [], rowCount: 0, problems: [problem])
        }
        found.rowCount = found.writes.count
        // What is taken over is of now: no older event of ours is applied to it.
        if try reader.meta(SensingProjection.cursorKey) == nil {
            found.writes.append(SensingProjection.cursorPlaced(at: try reader.newestRowid()))
        }
        found.writes.append(.meta(key, .text(path)))
        return found
    }

    private mutating func take(_ database: borrowing Database) throws(SQLiteError) {
        try take(.sessions, database) { $0.session($1)?.values }
        try take(.tombstones, database) { $0.tombstone($1)?.values }
        // Beside its values a row of activity has the event it came from, which is none of ours.
        try take(.activity, database) { row, columns in row.activity(columns).map { $0.values + [.null] } }
        try take(.shells, database) { $0.shell($1)?.values }
        try take(.liveness, database) { $0.liveness($1)?.values }
        try take(.rollout, database) { $0.rollout($1).values }
    }

    /// Takes the rows of one table, in the order in which they were written. Older databases lack some columns, which
    /// are empty then, or the table.
    private mutating func take(
        _ table: SensingTable, _ database: borrowing Database,
        _ values: (inout SensingRow, borrowing Statement) -> [SQLValue]?
    ) throws(SQLiteError) {
        let known = Set(try database.rows("SELECT name FROM pragma_table_info('\(table.name)')") { $0.text(0) })
        guard known.contains(table.columns[0]) else { return }
        let columns = table.columns.map { known.contains($0) ? $0 : "NULL" }.joined(separator: ", ")
        let places = table.columns.map { _ in "?" }.joined(separator: ", ")
        let insertion: SQL = "INSERT INTO \(table.name) (\(table.list)) VALUES (\(places)) ON CONFLICT DO NOTHING"
        var row = SensingRow(table)
        // The newest, should there be more than make sense.
        let rows = try database.rows(
            """
            SELECT * FROM (SELECT \(columns), rowid AS number FROM \(table.name) ORDER BY rowid DESC LIMIT ?)
            ORDER BY number
            """, [.integer(Int64(Self.rowLimit))]
        ) { values(&row, $0) }
        writes += rows.compactMap { $0 }.map { DerivedWrite(insertion, $0) }
        problems += row.problems.map(\.description)
    }

    /// Rows of one table.
    private static let rowLimit = 20_000
}
