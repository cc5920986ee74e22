import Fleet
import Glibc
import Testing

@testable import Store

@Suite struct SensingImportTests {
    private typealias Bench = SensingBench

    /// The folder of the daemon before us.
    private let old = TemporaryHome()

    private var path: String { old.path + "/state.db" }

    private static let tables = """
        CREATE TABLE sessions (session_id TEXT PRIMARY KEY, pid INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
            cwd TEXT NOT NULL, project_id TEXT, project_path TEXT, updated_at TEXT NOT NULL,
            state_changed_at TEXT NOT NULL, last_event TEXT, last_activity_at TEXT,
            tools_in_flight INTEGER NOT NULL DEFAULT 0, ready_reason TEXT);
        CREATE TABLE activity (session_id TEXT, project_path TEXT, file_path TEXT, tool_name TEXT, recorded_at TEXT);
        CREATE TABLE tombstones (session_id TEXT PRIMARY KEY, created_at TEXT, expires_at TEXT);
        CREATE TABLE shell_state (pid INTEGER PRIMARY KEY, cwd TEXT, tty TEXT, parent_app TEXT, tmux_session TEXT,
            tmux_client_tty TEXT, updated_at TEXT);
        CREATE TABLE process_liveness (pid INTEGER PRIMARY KEY, proc_started INTEGER, last_seen_at TEXT);
        CREATE TABLE routing_rollout_state (id INTEGER PRIMARY KEY, dual_run_comparisons INTEGER,
            legacy_vs_are_status_mismatch INTEGER, legacy_vs_are_target_mismatch INTEGER, first_comparison_at TEXT,
            last_comparison_at TEXT, last_snapshot_at TEXT);
        """

    /// Makes a database as the daemon before us does.
    private func makeOld(_ sql: String) throws {
        let database = try Database(path: path, access: .write)
        try database.execute(sql)
    }

    private func prepare(_ bench: SensingBench) throws -> SensingImport? {
        try bench.archive { try SensingImport.prepare(from: path, reader: $0.reader, scratch: bench.bench.home.path) }
    }

    @Test func `all tables are taken over, once`() throws {
        try makeOld(
            Self.tables + """
                INSERT INTO sessions VALUES ('s1', 7, 'ready', '/x', NULL, NULL, '2026-02-25T12:00:00.123456789+00:00',
                    '2026-02-25T12:00:00Z', 'stop', NULL, 0, 'stop_gate');
                INSERT INTO activity VALUES ('s1', '/x', '/x/a', 'Edit', '2026-02-25T12:00:00+00:00');
                INSERT INTO activity VALUES ('s1', '/x', '/x/b', NULL, '2026-02-25T12:00:00+00:00');
                INSERT INTO tombstones VALUES ('s0', '2026-02-25T11:59:30Z', '2026-02-25T12:00:30Z');
                INSERT INTO shell_state VALUES (9, '/x', '/dev/pts/9', NULL, 'dev', NULL, '2026-02-25T12:00:00Z');
                INSERT INTO process_liveness VALUES (7, 1772000000, '2026-02-25T12:00:00Z');
                INSERT INTO routing_rollout_state VALUES (1, 1010, 4, 6, '2026-02-14T15:00:00Z', '2026-02-22T15:00:00Z',
                    NULL);
                """)
        var bench = try Bench()
        let found = try #require(try prepare(bench))
        #expect(found.problems.isEmpty)
        #expect(found.rowCount == 7)
        try bench.write(found.writes)
        let contents = try bench.load()
        #expect(
            contents.sessions == [
                SensedSession(
                    sessionID: "s1", pid: 7, state: .ready, cwd: "/x", projectID: "/x", projectPath: "/x",
                    updatedAt: Bench.at(0.123), stateChangedAt: Bench.noon, lastEvent: "stop", readyReason: .stopGate)
            ])
        #expect(contents.activity.map(\.filePath) == ["/x/a", "/x/b"])
        #expect(contents.tombstones.map(\.expiresAt) == [Bench.at(30)])
        #expect(contents.shells.map(\.tmuxSession) == ["dev"])
        #expect(contents.liveness.map(\.start) == [ProcessStart(epochSeconds: 1_772_000_000)])
        #expect(contents.rollout.comparisons == 1010 && contents.rollout.targetMismatches == 6)
        #expect(contents.repairs.isEmpty)
        // A second start takes nothing, and the old folder is as it was.
        #expect(try prepare(bench) == nil)
        #expect(old.size("state.db-wal") == 0 && old.size("state.db-shm") == 0)
    }

    @Test func `what we have stays, and our own events are not applied to what is taken`() throws {
        try makeOld(
            Self.tables + """
                INSERT INTO sessions VALUES ('s1', 0, 'idle', '/old', NULL, NULL, '2026-02-25T12:00:00Z',
                    '2026-02-25T12:00:00Z', NULL, NULL, 0, NULL);
                INSERT INTO sessions VALUES ('s2', 0, 'idle', '/old', NULL, NULL, '2026-02-25T10:00:00Z',
                    '2026-02-25T12:00:00Z', NULL, NULL, 0, NULL);
                """)
        var bench = try Bench()
        try bench.append(Bench.event(.preToolUse, 9, id: "e1"))
        try bench.sql("INSERT INTO sessions (session_id, state, cwd) VALUES ('s1', 'working', '/ours')")
        try bench.write(try #require(try prepare(bench)).writes)
        let contents = try bench.load()
        #expect(contents.sessions.map(\.cwd) == ["/ours", "/old"])
        #expect(contents.cursor == 1)
        #expect(try bench.archive { try $0.replayable(since: contents.cursor).items }.isEmpty)
    }

    @Test func `an older database lacks columns and tables`() throws {
        try makeOld(
            """
            CREATE TABLE sessions (session_id TEXT PRIMARY KEY, pid INTEGER, state TEXT, cwd TEXT, updated_at TEXT,
                state_changed_at TEXT);
            INSERT INTO sessions VALUES ('s1', 3, 'asleep', '/x', '', '');
            INSERT INTO sessions VALUES ('s2', 3, 'working', '/x', '2026-02-25T12:00:00Z', '2026-02-25T12:00:00Z');
            """)
        var bench = try Bench()
        let found = try #require(try prepare(bench))
        #expect(found.rowCount == 1)
        #expect(found.problems.count == 1)
        try bench.write(found.writes)
        #expect(try bench.load().sessions.map(\.sessionID) == ["s2"])
        #expect(try bench.load().sessions.map(\.projectPath) == ["/x"])
    }

    @Test func `without an old database there is nothing to do`() throws {
        #expect(try prepare(Bench()) == nil)
        #expect(SensingImport.databasePath(environment: [:]) == nil)
        #expect(SensingImport.databasePath(environment: ["HOME": "/h"]) == "/h/.capacitor/daemon/state.db")
    }

    @Test func `what is no database is reported, and tried again`() throws {
        old.write("state.db", Array(repeating: 65, count: 5000))
        var bench = try Bench()
        let found = try #require(try prepare(bench))
        #expect(found.writes.isEmpty && found.problems.count == 1)
        #expect(found.problems.first?.contains("state.db") == true)
        unlink(path)
        try makeOld(Self.tables)
        try bench.write(try #require(try prepare(bench)).writes)
        #expect(try prepare(bench) == nil)
    }
}
