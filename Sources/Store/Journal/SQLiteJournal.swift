import Synchronization

/// The journal in a SQLite file: appended to by anybody, written by one thread, committed in groups.
///
/// Everything that waits goes into one transaction, costs one sync of the disk, and is answered in one call.
public final class SQLiteJournal: Sendable {
    public struct Options: Sendable {
        public var durability = Database.Durability.full
        /// The schema, in order: the journal's own migrations and those of whoever derives from it.
        public var migrations = Migration.journal
        /// What may wait or be under way at a time.
        public var recordLimit = 100_000
        public var byteLimit = 64 << 20
        /// Events in one transaction. More of them gain nothing and make the first one wait.
        public var batchLimit = 2048
        /// Pages in the write-ahead log after which they are moved into the database in the background.
        public var softFrameLimit = 2048
        /// Pages after which the journal's thread itself begins the log anew.
        public var hardFrameLimit = 8192
        /// Pages the database may have, for those who test what a full disk does.
        public var pageLimit: Int?

        public init() {}
    }

    private let queue: JournalQueue
    private let thread: WorkerThread
    private let isJoined = Mutex(false)

    /// Opens or makes the database at `path` and brings its schema up to date.
    ///
    /// `deliver` is called on the journal's thread with the outcome of a whole batch, in the order of appending: it
    /// should hand it over and return. It is not called any more once `close` has returned.
    public init(
        path: String, options: Options = Options(), deliver: @escaping @Sendable ([JournalCompletion]) -> Void
    ) throws(StoreError) {
        let writer = try JournalWriter(path: path, options: options)
        let queue = try JournalQueue(countLimit: options.recordLimit, costLimit: options.byteLimit)
        let checkpointer = try Checkpointer(path: path, durability: options.durability)
        let loop = JournalLoop(
            writer: writer, queue: queue, checkpointer: checkpointer, options: options, deliver: deliver)
        self.queue = queue
        thread = try WorkerThread(name: "drover-journal") { loop.run() }
    }

    deinit { close() }

    /// Ends the journal: what was appended is committed and answered, the log is emptied, the thread is gone.
    public func close() {
        isJoined.withLock { isJoined in
            if isJoined { return }
            isJoined = true
            queue.close()
            thread.join()
        }
    }
}

// MARK: - Writing

extension SQLiteJournal {
    /// Appends an event, with what derives from it in the same transaction. Returns at once.
    ///
    /// Throws `.overloaded` when too much is waiting, and `.closed`; everything else comes as a completion.
    /// When the event is a duplicate, or a derived write fails, nothing of it happens.
    ///
    /// - Parameter isOrdered: Whether nothing of this kind may overtake it: when the disk is full, all that follow it
    ///   fail as well, until ``resume()``.
    public func append(
        _ record: JournalRecord, derived: [DerivedWrite] = [], isOrdered: Bool = false, token: UInt64
    ) throws(StoreError) {
        try queue.append(JournalItem(token: token, work: .event(record, derived: derived)), isOrdered: isOrdered)
    }

    /// Tries ordered items again: those that failed are to be appended anew, before others.
    public func resume() { queue.resume() }

    /// Appends events in this order, with what derives from them, all or none. Returns at once.
    ///
    /// The completion is `.appended` with a rowid for each. Those that were there already do not hinder the others,
    /// and what derives is written in any case; its `.eventRowid` is the last one.
    public func append(
        _ records: [JournalRecord], derived: [DerivedWrite] = [], isOrdered: Bool = false, token: UInt64
    ) throws(StoreError) {
        try queue.append(JournalItem(token: token, work: .events(records, derived: derived)), isOrdered: isOrdered)
    }

    /// Makes changes that belong to no event, in order with the events, all or none of them.
    public func write(_ writes: [DerivedWrite], token: UInt64) throws(StoreError) {
        try queue.append(JournalItem(token: token, work: .writes(writes)))
    }

    /// Deletes what may be forgotten, in small steps between the batches.
    public func prune(_ retention: Retention, token: UInt64) throws(StoreError) {
        try queue.append(JournalItem(token: token, work: .prune(retention)))
    }
}
