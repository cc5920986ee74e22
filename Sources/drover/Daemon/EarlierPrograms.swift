import Fleet
import Reactor
import Store

/// Takes over, once, what the programs before Drover have left. What cannot be taken over is said, and nothing more: the daemon
/// starts all the same.
enum EarlierPrograms {
    static func takeOver(into home: String, environment: [String: String]) {
        takeOverReports(into: home, environment)
        takeOverRuntimes(into: home, environment)
    }

    /// What the program that spoke the daemon IPC has left (daemon-ipc §7.1).
    private static func takeOverReports(into home: String, _ environment: [String: String]) {
        do throws(StoreError) {
            let imported = try SensingImport.run(
                environment: environment, into: home + "/drover.db", options: JournalOnLoop.options, scratch: home)
            guard let imported else { return }
            for problem in imported.problems { DaemonLog.warn(problem) }
            DaemonLog.info("took over \(imported.rowCount) rows of agents and shells that were watched before")
        } catch {
            DaemonLog.warn("what was known of agents and shells before could not be taken over: \(error)")
        }
    }

    /// What the program that spoke the runtime RPC has left (runtime-rpc §11, D-42).
    private static func takeOverRuntimes(into home: String, _ environment: [String: String]) {
        guard let old = RuntimeImport.databasePath(environment: environment) else { return }
        let now = Timestamp(milliseconds: SystemClock.milliseconds)
        do throws(StoreError) {
            let imported = try RuntimeImport.run(
                environment: environment, into: home + "/drover.db", options: JournalOnLoop.options, scratch: home,
                at: now, makeID: { EventID(at: now, randomBytes: randomID()) })
            guard let imported else { return }
            for problem in imported.problems { DaemonLog.warn(problem) }
            DaemonLog.info("took over \(imported.events.count) runtimes and \(imported.eventCount) events of \(old)")
        } catch {
            DaemonLog.warn("what \(old) holds could not be taken over: \(error)")
        }
    }
}
