import Glibc
import Testing

@testable import Store

@Suite struct JournalFailureTests {
    @Test func `a full disk fails the batch, and the journal goes on when there is room again`() throws {
        let bench = try JournalBench { $0.pageLimit = 60 }
        var large = record("large")
        large.payload = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        try bench.journal.append(record("a"), token: 1)
        #expect(bench.result(of: 1) == .committed(rowid: 1))
        try bench.journal.append(large, token: 2)
        #expect(bench.result(of: 2) == .failed(.full))
        try bench.journal.append(record("b"), token: 3)
        #expect(bench.result(of: 3) == .committed(rowid: 2))
        try bench.journal.write([DerivedWrite("PRAGMA max_page_count = 100000")], token: 4)
        bench.inbox.wait(for: 4)
        try bench.journal.append(large, token: 5)
        #expect(bench.result(of: 5) == .committed(rowid: 3))
        #expect(try bench.reader().count() == 3)
    }

    @Test func `nothing overtakes an ordered event that found the disk full, until they are taken up again`() throws {
        let bench = try JournalBench { $0.pageLimit = 60 }
        var large = record("large")
        large.payload = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        try bench.journal.append(large, isOrdered: true, token: 1)
        #expect(bench.result(of: 1) == .failed(.full))
        // There is room for this one, but it comes later.
        try bench.journal.append(record("b"), isOrdered: true, token: 2)
        try bench.journal.append([record("c")], isOrdered: true, token: 3)
        try bench.journal.append(record("free"), token: 4)
        #expect(bench.result(of: 2) == .failed(.full))
        #expect(bench.result(of: 3) == .failed(.full))
        #expect(bench.result(of: 4) == .committed(rowid: 1))
        try bench.journal.write([DerivedWrite("PRAGMA max_page_count = 100000")], token: 5)
        bench.inbox.wait(for: 5)
        bench.journal.resume()
        try bench.journal.append(large, isOrdered: true, token: 6)
        try bench.journal.append(record("b"), isOrdered: true, token: 7)
        #expect(bench.result(of: 6) == .committed(rowid: 2))
        #expect(bench.result(of: 7) == .committed(rowid: 3))
    }

    @Test func `a limit on files is a full disk, too`() async {
        await #expect(processExitsWith: .success) {
            let bench = try JournalBench()
            try bench.journal.append(record("a"), token: 1)
            #expect(bench.result(of: 1) == .committed(rowid: 1))
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 300_000, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            var large = record("large")
            large.payload = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            try bench.journal.append(large, token: 2)
            #expect(bench.result(of: 2) == .failed(.full))
            limit.rlim_cur = rlim_t.max
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            try bench.journal.append(large, token: 3)
            #expect(bench.result(of: 3) == .committed(rowid: 2))
        }
    }

    @Test func `a database of a newer program is refused, and left as it is`() throws {
        let home = TemporaryHome()
        try JournalBench(home: home) { $0.migrations += [Migration(id: "0999-later", sql: "CREATE TABLE later (a)")] }
            .journal.close()
        #expect(throws: StoreError.newerThanProgram(migration: "0999-later")) { try JournalBench(home: home) }
        #expect(
            "\(StoreError.newerThanProgram(migration: "0999-later"))"
                == "the database was written by a newer version of Drover (it has 0999-later); update this program")
    }

    @Test func `missing migrations are applied, all of them or none`() throws {
        let home = TemporaryHome()
        try JournalBench(home: home).journal.close()
        let good = Migration(id: "0002-good", sql: "CREATE TABLE good (a)")
        let bad = Migration(id: "0003-bad", sql: "CREATE TABLE bad (")
        #expect(throws: StoreError.self) { try JournalBench(home: home) { $0.migrations += [good, bad] } }
        try JournalBench(home: home) { $0.migrations += [good] }.journal.close()
        try JournalBench(home: home) { $0.migrations += [good] }.journal.close()
    }

    @Test func `a file that is no database is called damaged`() {
        let home = TemporaryHome()
        home.write("drover.db", Array(repeating: UInt8(ascii: "x"), count: 8192))
        #expect(throws: StoreError.corrupt(detail: "file is not a database")) { try JournalBench(home: home) }
    }

    @Test func `a directory that is not there is named`() {
        let reason = "the database refused: unable to open database file: /no/such/drover.db"
        #expect(throws: StoreError.unavailable(reason: reason)) {
            try SQLiteJournal(path: "/no/such/drover.db") { _ in }
        }
    }

    @Test func `the files are for their owner alone, also under a lax umask`() throws {
        let bench = try JournalBench()
        try bench.journal.append(record("a"), token: 1)
        bench.inbox.wait(for: 1)
        #expect(bench.home.mode("drover.db") == 0o600)
        #expect(bench.home.mode("drover.db-wal") == 0o600)
        #expect(bench.home.mode("drover.db-shm") == 0o600)
    }

    @Test(arguments: [(200, 1000), (1000, 1000), (100_000, 1000)])
    func `the log stays bounded under steady writes, also with a reader about`(soft: Int, hard: Int) throws {
        let bench = try JournalBench {
            $0.durability = .normal
            $0.softFrameLimit = soft
            $0.hardFrameLimit = hard
        }
        let reader = try bench.reader()
        var largest = 0
        for round in 0..<40 {
            for number in 0..<250 {
                var event = record("\(round)-\(number)")
                event.payload = [UInt8](repeating: UInt8(ascii: " "), count: 2000)
                try bench.journal.append(event, token: UInt64(round * 250 + number))
            }
            bench.inbox.wait(for: (round + 1) * 250)
            #expect(try reader.count() == (round + 1) * 250)
            largest = max(largest, bench.home.size("drover.db-wal"))
        }
        // Twice the limit, and what one round may add before the log begins anew.
        #expect(largest < 3000 * 4120)
    }

    @Test func `pages leave the log when nothing happens`() throws {
        let bench = try JournalBench()
        let before = bench.home.size("drover.db")
        for number in 0..<1000 { try bench.journal.append(record("\(number)"), token: UInt64(number)) }
        bench.inbox.wait(for: 1000)
        for _ in 0..<500 where bench.home.size("drover.db") == before { usleep(10_000) }
        #expect(bench.home.size("drover.db") > before + 100_000)
    }
}
