import Synchronization

/// One thing for the journal's thread to do.
struct JournalItem: Sendable {
    enum Work: Sendable {
        case event(JournalRecord, derived: [DerivedWrite])
        case events([JournalRecord], derived: [DerivedWrite])
        case writes([DerivedWrite])
        case prune(Retention)
    }

    let token: UInt64
    let work: Work
    /// Of an ordered item: how often those before it were taken up again.
    var turn: UInt64?

    /// What it holds in memory, roughly.
    var cost: Int {
        switch work {
        case .event(let record, let derived): return record.cost + derived.count * 100
        case .events(let records, let derived):
            return records.reduce(derived.count * 100) { $0 + $1.cost }
        case .writes(let writes): return writes.count * 100
        case .prune: return 100
        }
    }
}

extension JournalRecord {
    fileprivate var cost: Int { payload.count + 200 }
}

/// What waits for the journal's thread. Bounded: above the limit the caller is told instead of made to wait.
///
/// Items count until they are done, not just until they are taken.
final class JournalQueue: Sendable {
    enum Taken {
        case items([JournalItem])
        /// The time to wait has passed.
        case nothing
        /// The queue has been closed and is empty.
        case closed
    }

    private struct State {
        var items: [JournalItem] = []
        var count = 0
        var cost = 0
        var isClosed = false
        var isAwaited = false
        var turn: UInt64 = 1
    }

    private let state = Mutex(State())
    private let bell: Doorbell
    private let limit: (count: Int, cost: Int)

    init(countLimit: Int, costLimit: Int) throws(StoreError) {
        bell = try Doorbell()
        limit = (countLimit, costLimit)
    }

    /// - Parameter isOrdered: Whether it fails when one of those before it has, until ``resume()``.
    func append(_ item: JournalItem, isOrdered: Bool = false) throws(StoreError) {
        let cost = item.cost
        let outcome = state.withLock { state -> Result<Bool, StoreError> in
            if state.isClosed { return .failure(.closed) }
            if state.count >= limit.count || (state.count > 0 && state.cost + cost > limit.cost) {
                return .failure(.overloaded)
            }
            state.items.append(item)
            if isOrdered { state.items[state.items.count - 1].turn = state.turn }
            state.count += 1
            state.cost += cost
            defer { state.isAwaited = false }
            return .success(state.isAwaited)
        }
        if try outcome.get() { bell.ring() }
    }

    /// Takes all that waits. Waits itself when there is nothing, at most `milliseconds` (-1: as long as it takes).
    func take(waitMilliseconds: Int32) -> Taken {
        while true {
            let taken = state.withLock { state -> Taken in
                if !state.items.isEmpty {
                    defer { state.items = [] }
                    return .items(state.items)
                }
                if state.isClosed { return .closed }
                state.isAwaited = true
                return .nothing
            }
            guard case .nothing = taken else { return taken }
            if !bell.wait(milliseconds: waitMilliseconds) { return .nothing }
        }
    }

    /// Reports that items are done, which makes room for others.
    func done(_ items: ArraySlice<JournalItem>) {
        let cost = items.reduce(0) { $0 + $1.cost }
        state.withLock { state in
            state.count -= items.count
            state.cost -= cost
        }
    }

    /// Lets ordered items that come from now on be tried, whatever has failed.
    func resume() { state.withLock { $0.turn += 1 } }

    func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
    }
}
