import Testing

@testable import Store

@Suite struct JournalTests {
    @Test func `events get ascending rowids in the order of appending`() throws {
        let bench = try JournalBench()
        for number in 1...100 { try bench.journal.append(record("e\(number)"), token: UInt64(number)) }
        let completions = bench.inbox.wait(for: 100)
        #expect(completions.map(\.token) == Array(1...100))
        #expect(completions.map(\.result) == (1...100).map { .committed(rowid: $0) })
    }

    @Test func `an event comes back as it was appended`() throws {
        let bench = try JournalBench()
        let full = JournalRecord(
            id: "evt-1", atMs: 1_772_602_027_089, type: "pre_tool_use", sessionId: "s-1", pid: 4711, source: "hook",
            sessionSeq: 9, payload: Array(#"{"a":"ä"}"#.utf8))
        var bare = JournalRecord(id: "evt-2", atMs: -1, type: "", source: "", payload: [])
        bare.recordedAt = "2026-03-04T05:06:07.089123+01:00"
        try bench.journal.append(full, token: 1)
        try bench.journal.append(bare, token: 2)
        bench.inbox.wait(for: 2)
        let reader = try bench.reader()
        #expect(
            try reader.event(id: "evt-1")
                == JournalEntry(
                    rowid: 1, id: "evt-1", recordedAt: "2026-03-04T05:27:07.089Z", atMs: 1_772_602_027_089,
                    type: "pre_tool_use", sessionId: "s-1", pid: 4711, source: "hook", sessionSeq: 9,
                    payload: Array(#"{"a":"ä"}"#.utf8)))
        #expect(
            try reader.event(id: "evt-2")
                == JournalEntry(
                    rowid: 2, id: "evt-2", recordedAt: "2026-03-04T05:06:07.089123+01:00", atMs: -1, type: "",
                    source: "", payload: []))
        #expect(try reader.event(id: "evt-3") == nil)
    }

    @Test func `any text and any bytes come back as they were`() throws {
        let bench = try JournalBench()
        var random = SeededGenerator(7)
        var events: [JournalRecord] = []
        for number in 0..<300 {
            let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = String(decoding: bytes.prefix(Int.random(in: 0...20, using: &random)), as: UTF8.self)
            var event = record("\(number)\(text)", session: text, type: text)
            event.payload = Array(bytes.prefix(Int.random(in: 0...100, using: &random)))
            events.append(event)
            try bench.journal.append(event, token: UInt64(number))
        }
        bench.inbox.wait(for: 300)
        var position = 0
        try bench.reader().replay { entry in
            let event = events[position]
            position += 1
            #expect(entry.id == event.id && entry.type == event.type && entry.sessionId == event.sessionId)
            #expect(entry.payload == event.payload)
        }
        #expect(position == 300)
    }

    @Test func `a duplicate id is told its rowid and changes nothing`() throws {
        let bench = try JournalBench()
        let counting = [DerivedWrite(Self.count)]
        try bench.journal.append(record("a"), derived: counting, token: 1)
        try bench.journal.append(record("b"), derived: counting, token: 2)
        try bench.journal.append(record("a", type: "other"), derived: counting, token: 3)
        #expect(bench.result(of: 3) == .duplicate(rowid: 1))
        try bench.journal.append(record("b"), derived: counting, token: 4)
        #expect(bench.result(of: 4) == .duplicate(rowid: 2))
        let reader = try bench.reader()
        #expect(try reader.count() == 2)
        #expect(try reader.event(id: "a")?.type == "note")
        #expect(try reader.meta("count") == "2")
    }

    @Test func `a duplicate uses up no rowid`() throws {
        let bench = try JournalBench()
        for token in 1...3 { try bench.journal.append(record("a"), token: UInt64(token)) }
        try bench.journal.append(record("b"), token: 4)
        #expect(bench.result(of: 4) == .committed(rowid: 2))
    }

    @Test func `what derives from an event is written with it, and knows its rowid`() throws {
        let bench = try JournalBench { $0.migrations += [Self.sessions] }
        try bench.journal.append(
            record("a"),
            derived: [
                DerivedWrite("INSERT INTO sessions VALUES (?, ?)", ["s", "working"]),
                .meta("last_applied_event_rowid", .eventRowid),
            ], token: 1)
        #expect(bench.result(of: 1) == .committed(rowid: 1))
        let reader = try bench.reader()
        #expect(try reader.meta("last_applied_event_rowid") == "1")
        let sessions = try reader.rows("SELECT session_id, state FROM sessions") { [$0.text(0), $0.text(1)] }
        #expect(sessions == [["s", "working"]])
    }

    @Test func `an event whose derived write fails has not happened, and its neighbours have`() throws {
        let bench = try JournalBench { $0.migrations += [Self.sessions] }
        let insert = DerivedWrite("INSERT INTO sessions VALUES (?, ?)", ["s", "working"])
        try bench.journal.append(record("a"), derived: [insert], token: 1)
        try bench.journal.append(record("b"), derived: [.meta("b", "was here"), insert], token: 2)
        try bench.journal.append(record("c"), derived: [DerivedWrite("NO SUCH STATEMENT")], token: 3)
        try bench.journal.append(record("d"), token: 4)
        #expect(bench.result(of: 4) == .committed(rowid: 2))
        guard case .failed(.unavailable) = bench.result(of: 2), case .failed(.unavailable) = bench.result(of: 3) else {
            Issue.record("both must have failed")
            return
        }
        let reader = try bench.reader()
        #expect(try reader.event(id: "b") == nil)
        #expect(try reader.meta("b") == nil)
        try bench.journal.append(record("b"), token: 5)
        #expect(bench.result(of: 5) == .committed(rowid: 3))
    }

    @Test func `a group of events is stored whole or not at all`() throws {
        let bench = try JournalBench()
        try bench.journal.append(record("b"), token: 1)
        try bench.journal.append(
            [record("a"), record("b"), record("c")], derived: [.meta("cursor", .eventRowid)], token: 2)
        #expect(bench.result(of: 2) == .appended(rowids: [2, 1, 3]))
        #expect(try bench.reader().meta("cursor") == "3")
        try bench.journal.append([record("d"), record("e")], derived: [DerivedWrite("NO SUCH STATEMENT")], token: 3)
        try bench.journal.append([record("f")], token: 4)
        #expect(bench.result(of: 4) == .appended(rowids: [4]))
        #expect(try bench.reader().count() == 4)
    }

    @Test func `writes without an event are all made or none`() throws {
        let bench = try JournalBench()
        try bench.journal.write([.meta("a", 1), .meta("b", 2)], token: 1)
        #expect(bench.result(of: 1) == .applied(rows: 2))
        try bench.journal.write([.meta("a", 3), DerivedWrite("INSERT INTO nowhere VALUES (1)")], token: 2)
        guard case .failed = bench.result(of: 2) else {
            Issue.record("there is no such table")
            return
        }
        #expect(try bench.reader().meta("a") == "1")
    }

    @Test func `what waits is committed and answered together`() throws {
        let bench = try JournalBench { $0.batchLimit = 500 }
        for number in 1...2000 { try bench.journal.append(record("e\(number)"), token: UInt64(number)) }
        bench.inbox.wait(for: 2000)
        let sizes = bench.inbox.all.map(\.count)
        #expect(sizes.count < 500)
        #expect(sizes.allSatisfy { $0 <= 500 })
    }

    @Test func `events come from many threads`() throws {
        let bench = try JournalBench()
        let threads = try (0..<4).map { thread in
            try WorkerThread(name: "appender") { [journal = bench.journal] in
                for number in 0..<500 {
                    try? journal.append(record("\(thread)-\(number)"), token: UInt64(thread * 500 + number))
                }
            }
        }
        for thread in threads { thread.join() }
        let completions = bench.inbox.wait(for: 2000)
        #expect(Set(completions.map(\.token)).count == 2000)
        #expect(try bench.reader().count() == 2000)
    }

    @Test func `above its bound the queue refuses at once, and takes again afterwards`() throws {
        let gate = Inbox<Int>()
        let inbox = Inbox<JournalCompletion>()
        let home = TemporaryHome()
        var options = SQLiteJournal.Options()
        options.recordLimit = 10
        let journal = try SQLiteJournal(path: home.database, options: options) {
            inbox.put($0)
            gate.wait(for: 1)
        }
        try journal.append(record("first"), token: 0)
        inbox.wait(for: 1)
        // The journal's thread is held in `deliver`, and what it has answered counts no more.
        for number in 1...10 { try journal.append(record("e\(number)"), token: UInt64(number)) }
        #expect(throws: StoreError.overloaded) { try journal.append(record("e11"), token: 11) }
        gate.put([1])
        inbox.wait(for: 11)
        try journal.append(record("e11"), token: 11)
        #expect(inbox.wait(for: 12).last?.result == .committed(rowid: 12))
    }

    @Test func `a single event may be larger than the bound in bytes`() throws {
        let bench = try JournalBench { $0.byteLimit = 1000 }
        var large = record("large")
        large.payload = [UInt8](repeating: UInt8(ascii: " "), count: 100_000)
        try bench.journal.append(large, token: 1)
        #expect(bench.result(of: 1) == .committed(rowid: 1))
    }

    @Test func `closing commits and answers what was appended`() throws {
        let bench = try JournalBench()
        for number in 1...1000 { try bench.journal.append(record("e\(number)"), token: UInt64(number)) }
        bench.journal.close()
        #expect(bench.inbox.all.joined().count == 1000)
        #expect(throws: StoreError.closed) { try bench.journal.append(record("late"), token: 0) }
        bench.journal.close()
        #expect(bench.home.size("drover.db-wal") == 0)
        let again = try JournalBench(home: bench.home)
        try again.journal.append(record("e1001"), token: 1)
        #expect(again.result(of: 1) == .committed(rowid: 1001))
    }

    @Test func `rowids are never used twice`() throws {
        let bench = try JournalBench()
        for number in 1...5 { try bench.journal.append(record("e\(number)"), token: UInt64(number)) }
        try bench.journal.write([DerivedWrite("DELETE FROM events")], token: 6)
        try bench.journal.append(record("e6"), token: 7)
        #expect(bench.result(of: 7) == .committed(rowid: 6))
    }

    @Test func `plain SQL may insert the six columns of the contract`() throws {
        let bench = try JournalBench()
        try bench.journal.append(record("a"), token: 1)
        bench.journal.close()
        let database = try Database(path: bench.home.database, access: .write)
        try database.execute(
            """
            INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload)
            VALUES ('by-hand', '2026-03-04T05:06:07.089Z', 'pre_tool_use', 's', 12, '{"x":1}')
            """)
        let again = try JournalBench(home: bench.home)
        try again.journal.append(record("by-hand"), token: 2)
        #expect(again.result(of: 2) == .duplicate(rowid: 2))
        #expect(
            try again.reader().event(id: "by-hand")
                == JournalEntry(
                    rowid: 2, id: "by-hand", recordedAt: "2026-03-04T05:06:07.089Z", atMs: 1_772_600_767_089,
                    type: "pre_tool_use", sessionId: "s", pid: 12, payload: Array(#"{"x":1}"#.utf8)))
    }

    static let count: SQL = """
        INSERT INTO daemon_meta VALUES ('count', '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value + 1 AS TEXT)
        """

    static let sessions = Migration(
        id: "9001-test", sql: "CREATE TABLE sessions (session_id TEXT PRIMARY KEY, state TEXT)")
}
