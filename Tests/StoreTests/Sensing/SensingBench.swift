import Bytes
import Fleet

@testable import Store

/// Processes to test with: those that are named are in the table, all others are unreadable.
struct FakeProcesses: ProcessView {
    var readings: [UInt32: ProcessReading] = [:]

    func reading(of pid: UInt32) -> ProcessReading { readings[pid] ?? .unreadable }
}

/// A journal with the tables of sensing, and what happens to it.
struct SensingBench {
    static let noon = Timestamp(milliseconds: 1_772_020_800_000)
    static let noonText = "2026-02-25T12:00:00Z"
    static let cwd = "/home/ada/src/demo"

    let bench: JournalBench
    private var number = 0

    init(home: TemporaryHome = TemporaryHome()) throws {
        bench = try JournalBench(home: home) {
            $0.migrations = Migration.journal + Migration.runtimes + Migration.sensing
        }
    }

    /// A time after noon, in seconds.
    static func at(_ seconds: Double) -> Timestamp { noon + Int64((seconds * 1000).rounded()) }

    static func event(
        _ type: HookEventType, _ seconds: Double, id: String, of session: SessionID? = "s1", pid: UInt32? = nil,
        tool: String? = nil, filePath: String? = nil, notification: String? = nil, metadata: JSON? = nil
    ) -> HookEvent {
        HookEvent(
            eventID: EventID(id), recordedAt: at(seconds), type: type, sessionID: session, pid: pid, cwd: cwd,
            tool: tool, filePath: filePath, notificationType: notification,
            stopHookActive: type == .stop ? false : nil, metadata: metadata)
    }

    static func shell(_ pid: UInt32, _ seconds: Double, id: String, metadata: JSON? = nil) -> HookEvent {
        HookEvent(
            eventID: EventID(id), recordedAt: at(seconds), type: .shellCwd, pid: pid, cwd: cwd, parentApp: "kitty",
            tty: "/dev/pts/\(pid)", tmuxSession: "dev", tmuxClientTTY: "/dev/pts/0", metadata: metadata)
    }

    // MARK: - Writing

    /// Appends an event with what derives from it, and waits until it is durable.
    @discardableResult
    mutating func append(_ event: HookEvent, _ effects: [SensingEffect] = []) throws -> JournalCompletion.Result? {
        try append(event, SensingProjection.writes(withEvent: effects))
    }

    /// The same with any writes.
    @discardableResult
    mutating func append(_ event: HookEvent, _ derived: [DerivedWrite]) throws -> JournalCompletion.Result? {
        number += 1
        try bench.journal.append(JournalRecord(event), derived: derived, token: UInt64(number))
        return bench.result(of: UInt64(number))
    }

    /// Appends several events, of which nothing derives, in one group.
    @discardableResult
    mutating func append(_ events: [HookEvent]) throws -> JournalCompletion.Result? {
        number += 1
        try bench.journal.append(events.map { JournalRecord($0) }, token: UInt64(number))
        return bench.result(of: UInt64(number))
    }

    /// Applies an event to the state and the tables alike.
    mutating func tell(_ event: HookEvent, _ state: inout SensingState, _ processes: FakeProcesses = FakeProcesses())
        throws
    {
        let rowid = try withHome { try $0.newestRowid() } + 1
        let effects = state.apply(
            event, rowid: rowid, receivedAt: event.recordedAt, project: Self.project, processes: processes)
        try append(event, effects)
    }

    /// Makes changes without an event, and waits.
    @discardableResult
    mutating func write(_ writes: [DerivedWrite]) throws -> JournalCompletion.Result? {
        number += 1
        try bench.journal.write(writes, token: UInt64(number))
        return bench.result(of: UInt64(number))
    }

    @discardableResult
    mutating func write(_ effects: [SensingEffect]) throws -> JournalCompletion.Result? {
        try write(SensingProjection.writes(for: effects))
    }

    /// Does what an operator with plain SQL does.
    @discardableResult
    mutating func sql(_ text: String, _ bindings: [SQLValue] = []) throws -> JournalCompletion.Result? {
        try write([DerivedWrite(SQL(text), bindings)])
    }

    /// Inserts an event with the six columns of the contract and nothing else.
    mutating func insert(
        _ id: String, _ type: SQLValue, recordedAt: String = noonText, session: SQLValue = "s1", pid: SQLValue = nil,
        payload: SQLValue? = nil
    ) throws {
        let envelope = #"{"event_id":"\#(id)","cwd":"\#(Self.cwd)"}"#
        try sql(
            "INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload) VALUES (?, ?, ?, ?, ?, ?)",
            [.text(id), .text(recordedAt), type, session, pid, payload ?? .text(envelope)])
    }

    /// Inserts a row as another program does: the columns that are named and nothing else.
    static func row(_ table: String, _ columns: KeyValuePairs<String, SQLValue>) -> DerivedWrite {
        let names = columns.map(\.key).joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        return DerivedWrite("INSERT INTO \(table) (\(names)) VALUES (\(places))", columns.map(\.value))
    }

    static let project = ProjectFacts(
        cwd: ProjectIdentity(boundary: cwd, projectPath: cwd, projectID: cwd + "/.git"), canonicalCwd: cwd)

    // MARK: - Reading

    func load() throws -> SensingArchive.Contents {
        try withHome { try SensingArchive.load(from: $0) }
    }

    func archive<Answer>(_ question: (SensingArchive) throws -> Answer) throws -> Answer {
        try withHome { try question(SensingArchive($0)) }
    }

    /// Columns of a table as text, `-` for null.
    func rows(_ table: String, _ columns: String) throws -> [[String]] {
        let count = Int32(columns.split(separator: ",").count)
        return try withHome { reader in
            try reader.rows("SELECT \(columns) FROM \(table) ORDER BY 1") { row in
                (0..<count).map { row.isNull($0) ? "-" : row.text($0) }
            }
        }
    }

    /// What the cursor says, as an operator sees it.
    func cursor() throws -> String? { try withHome { try $0.meta("last_applied_event_rowid") } }

    /// Reads while the journal and its home are there.
    private func withHome<Answer>(_ question: (JournalReader) throws -> Answer) throws -> Answer {
        try withExtendedLifetime(self) { try question(bench.reader()) }
    }
}

extension SensingArchive.Contents {
    func session(_ id: SessionID = "s1") -> SensedSession? { sessions.first { $0.sessionID == id } }
}
