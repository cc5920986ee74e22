import Testing

@testable import Store

@Suite struct JournalReaderTests {
    private let bench: JournalBench

    /// Ten events, of sessions `a` and `b` in turn, each third of another type.
    init() throws {
        bench = try JournalBench()
        for number in 1...10 {
            let event = record(
                "e\(number)", atMs: Int64(number) * 1000, session: number % 2 == 1 ? "a" : "b",
                type: number % 3 == 0 ? "third" : "note")
            try bench.journal.append(event, token: UInt64(number))
        }
        bench.inbox.wait(for: 10)
    }

    private func rowids(
        since: Int64 = 0, limit: Int = 100, session: String? = nil, types: [String] = []
    ) throws -> [Int64] {
        try bench.reader().events(since: since, limit: limit, session: session, types: types).entries.map(\.rowid)
    }

    @Test func `finds events by place, session and type`() throws {
        #expect(try rowids() == Array(1...10))
        #expect(try rowids(since: 7) == [8, 9, 10])
        #expect(try rowids(session: "b") == [2, 4, 6, 8, 10])
        #expect(try rowids(types: ["third"]) == [3, 6, 9])
        #expect(try rowids(since: 3, session: "a", types: ["third", "nothing"]) == [9])
        #expect(try rowids(session: "c").isEmpty)
    }

    @Test func `a page tells where to go on, and whether there is more`() throws {
        let reader = try bench.reader()
        let first = try reader.events(since: 0, limit: 2, types: ["third"])
        #expect(first.entries.map(\.rowid) == [3, 6])
        #expect(first.cursor == 6)
        #expect(first.hasMore)
        let second = try reader.events(since: first.cursor, limit: 2, types: ["third"])
        #expect(second.entries.map(\.rowid) == [9])
        // Nothing of the type follows, so that nothing needs to be looked at twice.
        #expect(second.cursor == 10)
        #expect(!second.hasMore)
        #expect(try reader.events(since: 99, limit: 2).cursor == 99)
    }

    @Test func `replays everything in order, piece by piece`() throws {
        for number in 11...45_000 {
            try bench.journal.append(record("e\(number)"), token: UInt64(number))
        }
        bench.journal.close()
        var rowids: [Int64] = []
        let count = try bench.reader().replay(since: 5) { rowids.append($0.rowid) }
        #expect(count == 44_995)
        #expect(rowids == Array(6...45_000))
    }

    @Test func `knows the oldest and the newest place`() throws {
        let reader = try bench.reader()
        #expect(try reader.oldestRowid() == 1)
        #expect(try reader.newestRowid() == 10)
        try bench.journal.write([DerivedWrite("DELETE FROM events WHERE seq < 4 OR seq = 10")], token: 11)
        bench.inbox.wait(for: 11)
        #expect(try reader.oldestRowid() == 4)
        #expect(try reader.newestRowid() == 10)
        try bench.journal.write([DerivedWrite("DELETE FROM events")], token: 12)
        bench.inbox.wait(for: 12)
        #expect(try reader.oldestRowid() == nil)
        #expect(try reader.newestRowid() == 10)
    }

    @Test func `answers several threads`() throws {
        let reader = try bench.reader()
        let counts = Inbox<Int>()
        let threads = try (0..<4).map { _ in
            try WorkerThread(name: "reader") {
                for _ in 0..<200 {
                    counts.put([(try? reader.events(since: 0, limit: 100, session: "a"))?.entries.count ?? -1])
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(counts.wait(for: 800) == Array(repeating: 5, count: 800))
    }

    @Test func `cannot write`() throws {
        #expect(throws: StoreError.self) { try bench.reader().rows("DELETE FROM events") { _ in } }
    }

    @Test func `forgets what is old, and what is too many`() throws {
        // Older than 3500 ms: 1, 2, 3.
        try bench.journal.prune(Retention(keepNewest: 100, olderThanMs: 3500, cursor: 10), token: 20)
        #expect(bench.result(of: 20) == .applied(rows: 3))
        #expect(try rowids() == Array(4...10))
        try bench.journal.prune(Retention(keepNewest: 5, olderThanMs: 0, cursor: 10), token: 21)
        #expect(bench.result(of: 21) == .applied(rows: 2))
        #expect(try rowids() == Array(6...10))
    }

    @Test func `never forgets what is beyond the cursor`() throws {
        try bench.journal.prune(Retention(keepNewest: 0, olderThanMs: .max / 4, cursor: 8), token: 20)
        #expect(bench.result(of: 20) == .applied(rows: 8))
        #expect(try rowids() == [9, 10])
    }

    @Test func `forgets events inserted by hand by their time in words`() throws {
        try bench.journal.write(
            [
                DerivedWrite("UPDATE events SET at_ms = NULL"),
                DerivedWrite("UPDATE events SET recorded_at = 'soon' WHERE seq = 1"),
            ], token: 20)
        try bench.journal.prune(Retention(keepNewest: 100, olderThanMs: 3500, cursor: 10), token: 21)
        #expect(bench.result(of: 21) == .applied(rows: 2))
        #expect(try rowids() == [1] + Array(4...10))
    }

    @Test func `pruning leaves room for appends`() throws {
        for number in 11...20_000 {
            try bench.journal.append(record("e\(number)", atMs: 0), token: UInt64(number))
        }
        try bench.journal.prune(Retention(keepNewest: 1, olderThanMs: 0, cursor: 20_000), token: 30_000)
        try bench.journal.append(record("after"), token: 30_001)
        bench.inbox.wait { $0.contains { $0.token == 30_000 } }
        let order = bench.inbox.all.joined().map(\.token).suffix(2)
        #expect(Array(order) == [30_001, 30_000])
        #expect(bench.result(of: 30_000) == .applied(rows: 19_999))
        #expect(try rowids() == [20_000, 20_001])
    }
}
