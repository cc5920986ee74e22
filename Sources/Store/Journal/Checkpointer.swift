import Synchronization

/// Moves pages from the write-ahead log into the database while the journal's thread goes on committing.
///
/// A checkpoint takes tens of milliseconds, and a commit must not wait for it.
final class Checkpointer: Sendable {
    private let work: Work
    private let thread: WorkerThread

    init(path: String, durability: Database.Durability) throws(StoreError) {
        let work = try Work(path: path, durability: durability)
        self.work = work
        thread = try WorkerThread(name: "drover-checkpt") { work.run() }
    }

    /// Asks for a checkpoint. It comes soon, and once for several requests.
    func request() { work.bell.ring() }

    /// Runs `body` while there is no checkpoint in the background, which SQLite would not wait for.
    ///
    /// Says `false` when there is one, unless it is to be waited for.
    func withoutCheckpoint(waiting: Bool, _ body: () -> Void) -> Bool {
        if waiting {
            work.checkpointing.withLock { _ in body() }
            return true
        }
        return work.checkpointing.withLockIfAvailable { _ in body() } != nil
    }

    /// Ends the thread after the checkpoint it may be at.
    func stop() {
        work.isStopped.store(true, ordering: .releasing)
        work.bell.ring()
        thread.join()
    }
}

/// What the thread and its owner share.
private final class Work: Sendable {
    let bell: Doorbell
    let isStopped = Atomic(false)
    /// Held during a checkpoint.
    let checkpointing = Mutex(())
    private let path: String
    private let durability: Database.Durability

    init(path: String, durability: Database.Durability) throws(StoreError) {
        bell = try Doorbell()
        self.path = path
        self.durability = durability
    }

    func run() {
        // Without a connection of its own there are no checkpoints here; the journal's forced ones still bound the log.
        guard let database = try? Database(path: path, access: .write, durability: durability) else { return }
        while bell.wait(), !isStopped.load(ordering: .acquiring) {
            checkpointing.withLock { _ in _ = try? database.checkpoint(.passive) }
        }
    }
}
