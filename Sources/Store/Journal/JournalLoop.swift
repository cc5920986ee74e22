/// What the journal's thread does: take, commit, answer, and look after the write-ahead log.
///
/// Made by one thread and then run by another, which is the only one to touch it.
final class JournalLoop: @unchecked Sendable {
    private let writer: JournalWriter
    private let queue: JournalQueue
    private let checkpointer: Checkpointer
    private let options: SQLiteJournal.Options
    private let deliver: @Sendable ([JournalCompletion]) -> Void
    private var prunings: [JournalWriter.Pruning] = []
    /// What became of the last ordered items that failed: all up to this turn fail with them.
    private var failed: (turn: UInt64, error: StoreError) = (0, .closed)
    /// Pages that the log had when it was last looked at, when a checkpoint was asked for, and when one was forced.
    private var framesSeen = 0
    private var framesRequested = 0
    private var framesForced = 0

    init(
        writer: JournalWriter, queue: JournalQueue, checkpointer: Checkpointer, options: SQLiteJournal.Options,
        deliver: @escaping @Sendable ([JournalCompletion]) -> Void
    ) {
        self.writer = writer
        self.queue = queue
        self.checkpointer = checkpointer
        self.options = options
        self.deliver = deliver
    }

    func run() {
        while true {
            switch queue.take(waitMilliseconds: patience) {
            case .items(let items): handle(items)
            case .nothing:
                if prunings.isEmpty { requestCheckpoint() } else { prune() }
            case .closed:
                while !prunings.isEmpty { prune() }
                checkpointer.stop()
                _ = writer.checkpoint(.truncate, waitMilliseconds: 1000)
                return
            }
        }
    }

    /// How long to wait for items: not at all with work left to do, a little with pages left to move.
    private var patience: Int32 {
        if !prunings.isEmpty { return 0 }
        return writer.logFrames == framesRequested ? -1 : Self.idleMilliseconds
    }

    /// A pause of this length is taken for a checkpoint.
    private static let idleMilliseconds: Int32 = 200
}

// MARK: - Batches

extension JournalLoop {
    private func handle(_ items: [JournalItem]) {
        var start = items.startIndex
        while start < items.endIndex {
            if case .prune(let retention) = items[start].work {
                beginPruning(retention, items[start])
                start += 1
                continue
            }
            var end = start
            while end < items.endIndex, end - start < options.batchLimit, !items[end].isPruning { end += 1 }
            let completions = apply(items[start..<end])
            queue.done(items[start..<end])
            deliver(completions)
            boundLog()
            start = end
        }
        if !prunings.isEmpty { prune() }
    }

    private func apply(_ items: ArraySlice<JournalItem>) -> [JournalCompletion] {
        // Nothing overtakes an ordered item that has failed, also not when there is room again a moment later.
        func isLate(_ item: JournalItem) -> Bool { item.turn.map { $0 <= failed.turn } ?? false }
        let late = items.filter(isLate)
        let refusals = late.map { JournalCompletion(token: $0.token, result: .failed(failed.error)) }
        let others = late.isEmpty ? Array(items) : items.filter { !isLate($0) }
        guard !others.isEmpty else { return refusals }
        do throws(StoreError) {
            return try refusals + writer.apply(others)
        } catch {
            if let turn = others.compactMap(\.turn).max() { failed = (turn, error) }
            return refusals + others.map { JournalCompletion(token: $0.token, result: .failed(error)) }
        }
    }

    private func beginPruning(_ retention: Retention, _ item: JournalItem) {
        queue.done([item])
        do throws(SQLiteError) {
            prunings.append(try writer.beginPruning(retention, token: item.token))
        } catch {
            deliver([JournalCompletion(token: item.token, result: .failed(StoreError(error)))])
        }
    }

    /// Takes one step of the first pruning.
    private func prune() {
        var pruning = prunings[0]
        let result: JournalCompletion.Result?
        do throws(SQLiteError) {
            result = try writer.step(&pruning) ? .applied(rows: pruning.deleted) : nil
        } catch {
            result = .failed(StoreError(error))
        }
        if let result {
            prunings.removeFirst()
            deliver([JournalCompletion(token: pruning.token, result: result)])
        } else {
            prunings[0] = pruning
        }
        boundLog()
    }
}

// MARK: - The write-ahead log

extension JournalLoop {
    private func boundLog() {
        let frames = writer.logFrames
        if frames < framesSeen {
            // The log has begun anew.
            framesRequested = 0
            framesForced = 0
        }
        framesSeen = frames
        let isTried = framesForced > 0 && frames < framesForced + options.softFrameLimit
        if frames >= options.hardFrameLimit && !isTried {
            // The background moves pages while others arrive, so that it never quite gets to the end: only the
            // writer can. When the background is at work, that is put off, though not for ever.
            let isUrgent = frames >= 2 * options.hardFrameLimit
            let isDone = checkpointer.withoutCheckpoint(waiting: isUrgent) {
                _ = writer.checkpoint(.restart, waitMilliseconds: 100)
            }
            // A reader in the way is tried again after some more pages.
            if isDone { framesForced = frames }
        } else if frames >= framesRequested + options.softFrameLimit {
            requestCheckpoint()
        }
    }

    private func requestCheckpoint() {
        framesRequested = writer.logFrames
        checkpointer.request()
    }
}

extension JournalItem {
    fileprivate var isPruning: Bool {
        if case .prune = work { return true }
        return false
    }
}
