import Glibc
import Testing

@testable import Store

@Suite struct JournalCrashTests {
    /// The child appends as fast as it can, notes what was acknowledged, and dies at a moment it does not choose.
    @Test(arguments: [3, 20, 61, 150])
    func `after a kill every acknowledged event is there exactly once`(milliseconds: Int) async throws {
        let home = TemporaryHome()
        for round in 0..<3 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = home.path as String, round = round as Int, milliseconds = milliseconds as Int] in
                try appendUntilKilled(home: path, round: round, afterMilliseconds: milliseconds)
            }
        }
        let acknowledged = String(decoding: try home.read("acknowledged"), as: UTF8.self)
            .split(separator: "\n").map(String.init)

        let bench = try JournalBench(home: home)
        let reader = try bench.reader()
        var found: [String: Int] = [:]
        var applied = 0
        try reader.replay { entry in
            found[entry.id, default: 0] += 1
            applied += 1
        }
        #expect(acknowledged.allSatisfy { found[$0] == 1 })
        #expect(found.values.allSatisfy { $0 == 1 })
        // What derives from events happened as often as they did, acknowledged or not.
        #expect(try reader.meta("count") ?? "0" == String(applied))
        #expect(try reader.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
    }
}

private func appendUntilKilled(home: String, round: Int, afterMilliseconds: Int) throws {
    let notes = open(home + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let journal = try SQLiteJournal(path: home + "/drover.db") { completions in
        var text = ""
        for completion in completions {
            guard case .committed = completion.result else { continue }
            text += "\(completion.token)\n"
        }
        let bytes = Array(text.utf8)
        _ = write(notes, bytes, bytes.count)
    }
    let killer = try WorkerThread(name: "killer") {
        usleep(UInt32(afterMilliseconds) * 1000)
        kill(getpid(), SIGKILL)
    }
    // Each round begins where an earlier one may have got to, so that many ids come twice.
    var token = UInt64(round * 50)
    while true {
        do throws(StoreError) {
            try journal.append(record("\(token)"), derived: [DerivedWrite(JournalTests.count)], token: token)
            token += 1
        } catch {
            usleep(100)
        }
        // Some gaps, so that there are small batches too.
        if token % 1000 == 0 { usleep(1000) }
    }
    killer.join()
}
