import Fleet
import Glibc
import Testing

@testable import Store

@Suite struct RuntimeImportTests {
    private typealias Bench = RuntimeBench

    /// The folder of the program before us, and our own.
    private let old = TemporaryHome()
    private let home = TemporaryHome()
    private let now = RuntimeBench.spawned.timestamp

    private var environment: [String: String] { ["RTM_DB_PATH": old.path + "/db.sqlite"] }

    private var options: SQLiteJournal.Options {
        var options = SQLiteJournal.Options()
        options.migrations = Migration.journal + Migration.runtimes
        return options
    }

    @discardableResult
    private func take(_ environment: [String: String]? = nil) throws -> RuntimeImport? {
        var number = 0
        return try RuntimeImport.run(
            environment: environment ?? self.environment, into: home.database, options: options, scratch: home.path,
            at: now
        ) {
            number += 1
            return EventID("import-\(number)")
        }
    }

    /// Our database after the import.
    private func contents() throws -> RuntimeArchive.Contents {
        try RuntimeArchive.load(from: JournalReader(path: home.database))
    }

    private func line(_ sequence: Int, atMs: Int64 = 1) -> String {
        #"{"seq":\#(sequence),"ts_ms":\#(atMs),"kind":"lost","payload":{"#
            + #""session_id":"\#(Bench.id(sequence))","evidence":"pid_not_alive"}}"# + "\n"
    }

    private func write(events text: String) { old.write("events.jsonl", Array(text.utf8)) }

    /// Makes a database as the program before us does, and runs statements on it.
    private func withOldDatabase(_ statements: [String], _ body: () throws -> Void = {}) throws {
        let database = try Database(path: old.path + "/db.sqlite", access: .write)
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS lifecycle (session_id TEXT PRIMARY KEY, runtime TEXT NOT NULL,
            state TEXT NOT NULL, shim_pid INTEGER, runtime_pid INTEGER, start_time TEXT, tmux_pane TEXT,
            exit_code INTEGER, exit_signal INTEGER, lost_evidence TEXT, spawned_at TEXT NOT NULL,
            updated_at TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS rtm_metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL,
            updated_at TEXT NOT NULL);
            """)
        for statement in statements { try database.execute(statement) }
        try body()
    }

    private func insert(_ id: SessionID, _ state: String, pane: String = "NULL", code: String = "NULL") -> String {
        """
        INSERT INTO lifecycle VALUES ('\(id)', 'claude', '\(state)', 500, 501, '2026-03-02T08:15:30.120+00:00', \(pane),
        \(code), NULL, NULL, '2026-03-02T08:15:30+00:00', '2026-03-02T08:15:31.054125+00:00')
        """
    }

    /// Every file of the old folder with its bytes and its time.
    private func oldFolder() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        let directory = try #require(opendir(old.path))
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".") { continue }
            files[name] = try old.read(name)
        }
        return files
    }

    // MARK: - Events

    @Test func `one record with the number three`() throws {
        write(events: line(3))
        let found = try #require(try take())
        #expect(found.problems.isEmpty)
        #expect(found.eventCount == 1)
        let log = try contents().log
        #expect(log.answer(since: 0) == .expired(oldest: 2))
        #expect(log.answer(since: nil) == .expired(oldest: 2))
        #expect(log.nextSequence == 4)
        guard case .events(let records, let cursor) = log.answer(since: 2) else {
            Issue.record("the oldest cursor got no events")
            return
        }
        #expect(cursor == 3)
        #expect(records.map(\.event) == [.lost(Bench.id(3), .pidNotAlive)])
        #expect(records.map(\.at) == [Timestamp(milliseconds: 1)])
    }

    @Test func `all kinds of events are read`() throws {
        let id = Bench.id(1).rawValue
        write(
            events: """
                {"seq":1,"ts_ms":5,"kind":"running","payload":{"session_id":"\(id)","runtime_pid":7,"start_time":"2026-03-02T08:15:30Z"}}
                {"kind":"terminated","seq":2,"ts_ms":6,"payload":{"session_id":"\(id)","exit_code":0,"signal":null,"evidence":"shim_exit"}}
                {"seq":3,"ts_ms":6,"kind":"terminated","payload":{"session_id":"\(id)","signal":9,"evidence":"kqueue_exit"}}
                {"seq":4,"ts_ms":6,"kind":"terminated","payload":{"session_id":"\(id)","exit_code":null,"signal":null,"evidence":{"lost":"pid_not_alive"}}}
                {"seq":5,"ts_ms":7,"kind":"lost","payload":{"session_id":"\(id)","evidence":"shim_died_before_report"},"more":1}

                """)
        #expect(try take()?.problems == [])
        let session = Bench.id(1)
        #expect(
            try contents().tail.map(\.event) == [
                .running(session, runtimePID: 7, startTime: Bench.spawned),
                .terminated(session, RuntimeExit(code: 0), .shimExit),
                .terminated(session, RuntimeExit(signal: 9), .processExit),
                .terminated(session, RuntimeExit(), .lost(.pidNotAlive)), .lost(session, .shimDiedBeforeReport),
            ])
    }

    @Test func `a last line that was not finished is passed over`() throws {
        write(events: line(1) + line(2) + line(3).dropLast())
        #expect(try take()?.problems == [])
        #expect(try contents().lastSequence == 2)
    }

    @Test(arguments: [
        "garbage\n", "\n", "[]\n", #"{"seq":2,"ts_ms":1,"kind":"lost"}"# + "\n",
        #"{"seq":"2","ts_ms":1,"kind":"lost","payload":{"session_id":"s","evidence":"pid_not_alive"}}"# + "\n",
        #"{"seq":2,"ts_ms":1,"kind":"found","payload":{"session_id":"s","evidence":"pid_not_alive"}}"# + "\n",
        #"{"seq":1,"ts_ms":1,"kind":"lost","payload":{"session_id":"s","evidence":"pid_not_alive"}}"# + "\n",
        #"{"seq":18446744073709551615,"ts_ms":1,"kind":"lost","payload":{"session_id":"s","evidence":"pid_not_alive"}}"#
            + "\n",
        #"{"seq":2,"ts_ms":1,"kind":"terminated","payload":{"session_id":"s","exit_code":"0","evidence":"shim_exit"}}"#
            + "\n",
    ])
    func `a line in the middle that makes no sense ends what is taken, and is reported`(broken: String) throws {
        write(events: line(1) + broken + line(3))
        let found = try #require(try take())
        #expect(found.problems == ["\(old.path)/events.jsonl: line 2 makes no sense; the 1 events before it are kept"])
        #expect(try contents().tail.map(\.sequence) == [1])
        #expect(try contents().log.nextSequence == 2)
    }

    @Test func `an empty file is no events`() throws {
        write(events: "")
        #expect(try take()?.eventCount == 0)
        #expect(try contents().log == RuntimeEventLog())
    }

    @Test func `old events are kept as long as new ones would be`() throws {
        let week: Int64 = 604_800_000
        let lines = (1...10_005).map { line($0, atMs: now.milliseconds - ($0 <= 3 ? week + 1 : 0)) }
        write(events: lines.joined())
        #expect(try take()?.eventCount == 10_002)
        #expect(try contents().firstSequence == 4)
        #expect(try contents().lastSequence == 10_005)
    }

    @Test func `events are not mixed with numbers that were given here`() throws {
        var bench = try Bench(home: home)
        try bench.append([Bench.event(.lost(.pidNotAlive), of: Bench.id(9), id: "e1", sequence: 1)])
        bench.bench.journal.close()
        write(events: line(1) + line(2))
        let found = try #require(try take())
        #expect(found.problems.count == 1 && found.eventCount == 0)
        #expect(try contents().tail.map(\.event.sessionID) == [Bench.id(9)])
        // It is said once.
        #expect(try take() == nil)
    }

    // MARK: - Rows

    @Test func `rows become facts of the journal`() throws {
        try withOldDatabase([
            insert(Bench.id(1), "Running", pane: #"'"agents:2.1"'"#), insert(Bench.id(2), "Exited", code: "3"),
        ])
        let found = try #require(try take())
        #expect(found.problems.isEmpty)
        #expect(found.events.map(\.type) == ["RUNTIME_ADOPTED", "RUNTIME_ADOPTED"])
        let rows = try contents().rows
        #expect(rows.map(\.sessionID) == [Bench.id(1), Bench.id(2)])
        #expect(rows.map(\.state) == [.running, .exited(RuntimeExit(code: 3))])
        #expect(rows[0].target == .tmux(Bench.pane))
        #expect(rows[0].startTime == PreciseTime(nanoseconds: Bench.spawned.nanoseconds + 120_000_000))
        #expect(rows[0].updatedAt == PreciseTime(nanoseconds: Bench.spawned.nanoseconds + 1_054_125_000))
        #expect(rows[0].startTicks == nil && rows[0].bootID == nil)
        #expect(try JournalReader(path: home.database).count() == 2)
    }

    @Test func `what stands in the log of a program that stopped is read, too`() throws {
        // While the writer is there, its rows are in the write-ahead log and not in the file.
        try withOldDatabase([insert(Bench.id(1), "Running")]) {
            #expect(old.size("db.sqlite-wal") > 0)
            try take()
        }
        #expect(try contents().rows.map(\.sessionID) == [Bench.id(1)])
    }

    @Test func `the old folder stays as it is`() throws {
        try withOldDatabase([insert(Bench.id(1), "Running")])
        write(events: line(1))
        let before = try oldFolder()
        try take()
        #expect(try oldFolder() == before)
        #expect(Set(before.keys) == ["db.sqlite", "events.jsonl"])
        // And nothing of the copy is left.
        #expect(home.size("import-\(getpid()).sqlite") == 0)
        #expect(try contents().rows.count == 1)
    }

    @Test func `it happens once`() throws {
        try withOldDatabase([insert(Bench.id(1), "Running")])
        write(events: line(1))
        #expect(try take() != nil)
        try withOldDatabase([insert(Bench.id(2), "Running")])
        write(events: line(1) + line(2))
        #expect(try take() == nil)
        #expect(try contents().rows.count == 1)
        #expect(try contents().lastSequence == 1)
    }

    @Test func `a session that is known here keeps its row`() throws {
        var bench = try Bench(home: home)
        let accepted = RuntimeFact.accepted(
            runtime: "codex", target: .headless, paneID: nil, spawnedAt: Bench.spawned)
        try bench.append([Bench.event(accepted, of: Bench.id(1), id: "e1")])
        bench.bench.journal.close()
        try withOldDatabase([insert(Bench.id(1), "Running"), insert(Bench.id(2), "Running")])
        #expect(try take()?.events.count == 1)
        #expect(try contents().rows.map(\.runtime) == ["codex", "claude"])
    }

    @Test func `odd rows are reported and the others taken`() throws {
        try withOldDatabase([
            insert(Bench.id(1), "Sleeping"), insert(Bench.id(2), "Running", pane: "'left'"),
            insert(Bench.id(3), "Running"),
        ])
        let found = try #require(try take())
        #expect(found.problems.count == 2)
        #expect(try contents().rows.map(\.sessionID) == [Bench.id(2), Bench.id(3)])
    }

    @Test func `a database without the table has no rows`() throws {
        old.write("db.sqlite", [])
        #expect(try take()?.problems == [])
        #expect(try contents().rows.isEmpty)
    }

    @Test func `what is no database is reported, and its events are taken all the same`() throws {
        old.write("db.sqlite", Array(repeating: 65, count: 5000))
        write(events: line(3))
        let found = try #require(try take())
        #expect(found.problems.count == 1)
        #expect(found.problems.first?.contains("db.sqlite") == true)
        #expect(try contents().lastSequence == 3)
        // Once it can be read, it is.
        unlink(old.path + "/db.sqlite")
        try withOldDatabase([insert(Bench.id(1), "Running")])
        #expect(try take()?.problems == [])
        #expect(try contents().rows.count == 1)
    }

    @Test func `a folder in place of a file is reported`() throws {
        mkdir(old.path + "/db.sqlite", 0o700)
        mkdir(old.path + "/events.jsonl", 0o700)
        let found = try #require(try take())
        #expect(found.problems.count == 2)
        #expect(found.writes.isEmpty)
    }

    // MARK: - Finding

    @Test func `nothing there is nothing to do`() throws {
        #expect(try take() == nil)
        #expect(try take([:]) == nil)
        #expect(try take(["HOME": old.path]) == nil)
    }

    @Test func `without a path it looks into the home`() throws {
        #expect(RuntimeImport.databasePath(environment: ["HOME": "/h"]) == "/h/.rtm/db.sqlite")
        #expect(RuntimeImport.databasePath(environment: ["HOME": "/h", "RTM_DB_PATH": ""]) == "/h/.rtm/db.sqlite")
        #expect(RuntimeImport.databasePath(environment: ["HOME": "/h", "RTM_DB_PATH": "/x/y"]) == "/x/y")
        mkdir(old.path + "/.rtm", 0o700)
        old.write(".rtm/events.jsonl", Array(line(3).utf8))
        #expect(try take(["HOME": old.path])?.eventCount == 1)
    }
}
