import Fleet
import Glibc
import Testing

@testable import Store

@Suite struct SensingCrashTests {
    /// The child reports tools as fast as it can, notes what was acknowledged, and dies at a moment it does not choose.
    @Test(arguments: [5, 33, 90])
    func `after a kill every tool is counted exactly once`(milliseconds: Int) async throws {
        let home = TemporaryHome()
        for _ in 0..<3 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = home.path as String, milliseconds = milliseconds as Int] in
                try reportUntilKilled(home: path, afterMilliseconds: milliseconds)
            }
        }
        let acknowledged = String(decoding: try home.read("acknowledged"), as: UTF8.self).split(separator: "\n")
        let bench = try SensingBench(home: home)
        let contents = try bench.load()
        let ids = try bench.rows("events", "id").map { $0[0] }
        #expect(Set(acknowledged.map(String.init)).isSubset(of: ids))
        #expect(contents.session()?.toolsInFlight ?? 0 == UInt32(ids.count))
        #expect(contents.cursor == Int64(ids.count))
        #expect(try bench.archive { try $0.replayable(since: contents.cursor).items }.isEmpty)
        #expect(contents.problems.isEmpty)
    }
}

private func reportUntilKilled(home: String, afterMilliseconds: Int) throws {
    let notes = open(home + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var options = SQLiteJournal.Options()
    options.migrations = Migration.journal + Migration.runtimes + Migration.sensing
    let path = home + "/drover.db"
    let journal = try SQLiteJournal(path: path, options: options) { completions in
        var text = ""
        for completion in completions {
            guard case .committed = completion.result else { continue }
            text += "e\(completion.token)\n"
        }
        let bytes = Array(text.utf8)
        _ = write(notes, bytes, bytes.count)
    }
    let reader = try JournalReader(path: path)
    let contents = try SensingArchive.load(from: reader)
    try journal.write(contents.repairs, token: 0)
    var state = contents.state()
    let killer = try WorkerThread(name: "killer") {
        usleep(UInt32(afterMilliseconds) * 1000)
        kill(getpid(), SIGKILL)
    }
    var number = UInt64(contents.cursor)
    while true {
        number += 1
        let event = SensingBench.event(.preToolUse, 0, id: "e\(number)", pid: 7)
        let effects = state.apply(
            event, rowid: Int64(number), receivedAt: SensingBench.noon, project: SensingBench.project,
            processes: FakeProcesses())
        let writes = SensingProjection.writes(withEvent: effects)
        var isTaken = false
        while !isTaken {
            do throws(StoreError) {
                try journal.append(JournalRecord(event), derived: writes, token: number)
                isTaken = true
            } catch {
                usleep(100)
            }
        }
        // Some gaps, so that there are small batches too.
        if number % 500 == 0 { usleep(1000) }
    }
    killer.join()
}
