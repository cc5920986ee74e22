import Fleet

/// What the database knows of agents and shells, read while the journal's thread writes.
public struct SensingArchive: Sendable {
    /// All that a daemon begins with (daemon-ipc §7.4), before it has replayed what came later.
    public struct Contents: Equatable, Sendable {
        /// By session id.
        public var sessions: [SensedSession] = []
        /// By session id.
        public var tombstones: [Tombstone] = []
        /// By session and age, at most ``Fleet/SensingState/activityLimit`` rows of each session.
        public var activity: [SensedActivity] = []
        /// By pid.
        public var shells: [SensedShell] = []
        /// By pid.
        public var liveness: [ProcessLiveness] = []
        public var rollout = RoutingRollout()
        /// Where the replay begins: behind this rowid.
        public var cursor: Int64 = 0
        /// What has to be written before anything else, so that the database says the same as this value.
        public var repairs: [DerivedWrite] = []
        public var problems: [SensingRowProblem] = []

        /// The state to begin with.
        public func state(_ settings: SensingSettings = SensingSettings()) -> SensingState {
            SensingState(
                settings: settings, cursor: cursor, sessions: sessions, tombstones: tombstones, activity: activity,
                shells: shells, liveness: liveness)
        }
    }

    let reader: JournalReader

    /// Reads from a database that has the migrations of `Migration.sensing`.
    public init(_ reader: JournalReader) { self.reader = reader }

    /// What it reads from.
    public var source: JournalReader { reader }

    /// Reads all that a daemon begins with. Nobody should be writing.
    ///
    /// The caller writes ``Contents/repairs``, rebuilds what is empty, lets go of what is too old, and replays.
    public static func load(from reader: JournalReader) throws(StoreError) -> Contents {
        let archive = SensingArchive(reader)
        var contents = Contents()
        try archive.readTables(&contents)
        try archive.restoreCursor(&contents)
        return contents
    }

    /// Whether the journal has an event of this id: then it is a duplicate, whatever else it says (§4.2).
    public func contains(_ event: EventID) throws(StoreError) -> Bool {
        try !reader.rows("SELECT 1 FROM events WHERE id = ?", [.text(event.rawValue)]) { _ in true }.isEmpty
    }

    private func readTables(_ contents: inout Contents) throws(StoreError) {
        contents.sessions = try read(.sessions, &contents.problems) { $0.session($1) }
        contents.tombstones = try read(.tombstones, &contents.problems) { $0.tombstone($1) }
        contents.activity = try activity(&contents.problems)
        contents.shells = try read(.shells, &contents.problems) { $0.shell($1) }
        contents.liveness = try read(.liveness, &contents.problems) { $0.liveness($1) }
        contents.rollout = try read(.rollout, &contents.problems) { $0.rollout($1) }.first ?? RoutingRollout()
    }

    private func activity(_ problems: inout [SensingRowProblem]) throws(StoreError) -> [SensedActivity] {
        // As they were written, which is nearly the order that is wanted: the database would sort all that is in them.
        let rows = try read(
            .activity, &problems, "SELECT \(SensingTable.activity.list), id FROM activity NOT INDEXED ORDER BY id"
        ) { $0.activity($1) }
        return Dictionary(grouping: rows, by: \.sessionID).sorted { $0.key.rawValue < $1.key.rawValue }.flatMap {
            $0.value.sorted { $0.rowid < $1.rowid }.suffix(SensingState.activityLimit)
        }
    }

    private func read<Row>(
        _ table: SensingTable, _ problems: inout [SensingRowProblem], _ sql: SQL? = nil,
        _ body: (inout SensingRow, borrowing Statement) -> Row?
    ) throws(StoreError) -> [Row] {
        var row = SensingRow(table)
        let sql = sql ?? "SELECT \(table.list) FROM \(table.name) ORDER BY \(table.columns[0])"
        let rows = try reader.rows(sql, []) { body(&row, $0) }.compactMap { $0 }
        problems += row.problems
        return rows
    }
}
