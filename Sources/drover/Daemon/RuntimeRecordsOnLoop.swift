import Fleet
import Reactor
import Store
import Supervision

/// What supervision reads back from the database: asked and answered on the loop, read by a worker.
@Loop
final class RuntimeRecordsOnLoop: RuntimeRecords {
    private let journal: JournalOnLoop
    private let archive: RuntimeArchive
    private let worker = Worker()

    init(_ journal: JournalOnLoop) {
        self.journal = journal
        archive = RuntimeArchive(journal.reader)
    }

    /// All that the daemon begins with. Blocks: for the start alone.
    func load() throws(StoreError) -> RuntimeArchive.Contents {
        let contents = try RuntimeArchive.load(from: journal.reader)
        for problem in contents.problems { DaemonLog.warn("\(problem)") }
        return contents
    }

    func migrations() throws(StoreError) -> [String] { try archive.migrations().applied }

    func events(
        since: UInt64, through: UInt64, completion: @escaping @Loop (Result<[RuntimeEvent], JournalError>) -> Void
    ) {
        let archive = archive
        ask(
            { () throws(StoreError) in
                try archive.events(since: since).prefix { $0.sequence <= through }.map(\.event)
            }, completion)
    }

    func foreignRows(
        known: Set<SessionID>, completion: @escaping @Loop (Result<[RuntimeLifecycle], JournalError>) -> Void
    ) {
        let archive = archive
        ask({ () throws(StoreError) in try archive.foreignRows { known.contains($0) }.rows }, completion)
    }

    func swept(at time: PreciseTime) { journal.write(RuntimeProjection.sweepWritten(at: time)) }

    func prune(at time: Fleet.Timestamp, completion: @escaping @Loop (UInt64?) -> Void) {
        journal.write(RuntimeProjection.prune(at: time)) { [self] in
            let archive = archive
            ask({ () throws(StoreError) in try archive.firstSequence() }) { completion(try? $0.get()) }
        }
    }

    private func ask<Value: Sendable>(
        _ question: @escaping @Sendable () throws(StoreError) -> Value,
        _ completion: @escaping @Loop (Result<Value, JournalError>) -> Void
    ) {
        let answer = Unshared(completion)
        worker.run(
            { () -> Result<Value, JournalError> in
                do throws(StoreError) { return .success(try question()) } catch { return .failure(JournalError(error)) }
            }, then: { answer.value($0) })
    }
}
