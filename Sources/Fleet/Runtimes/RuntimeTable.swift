/// All runtimes that were ever launched, by session, derived from the journal and from nothing else.
///
/// Rows are never forgotten by age (runtime-rpc §4.1). Questions about those that live do not look at the others.
public struct RuntimeTable: Equatable, Sendable {
    /// How many rows are in which state (§7, `lifecycles`).
    public struct Counts: Hashable, Sendable {
        public var forking = 0
        public var running = 0
        public var exited = 0
        public var lost = 0

        public init() {}

        fileprivate mutating func add(_ amount: Int, to state: RuntimeState) {
            switch state {
            case .forking: forking += amount
            case .running: running += amount
            case .exited: exited += amount
            case .lost: lost += amount
            }
        }
    }

    private var rows: [SessionID: RuntimeLifecycle] = [:]
    /// The keys of `rows`, sorted: answers come in the order of the ids' text.
    private var ids: [SessionID] = []
    /// Those that are forking or running.
    private var live: Set<SessionID> = []
    public private(set) var counts = Counts()

    public init() {}

    public init(_ rows: some Sequence<RuntimeLifecycle>) {
        for row in rows { self.rows[row.sessionID] = row }
        ids = self.rows.keys.sorted()
        for row in self.rows.values {
            counts.add(1, to: row.state)
            if !row.state.isTerminal { live.insert(row.sessionID) }
        }
    }

    public var count: Int { rows.count }
    public var isEmpty: Bool { rows.isEmpty }

    public subscript(id: SessionID) -> RuntimeLifecycle? { rows[id] }

    // MARK: - Facts

    /// Takes an event of the journal; those that are not of runtimes change nothing.
    @discardableResult
    public mutating func apply(_ event: JournalEvent) -> Bool {
        guard case .runtime(let fact) = event.body, let session = event.sessionID else { return false }
        return apply(fact, of: session, at: PreciseTime(event.at))
    }

    /// Takes a fact, and says whether it changed anything; one that does not fit the row's state does not.
    ///
    /// `at` is the time of the journal's event, without what is finer than a millisecond: so a replay gives the same.
    @discardableResult
    public mutating func apply(_ fact: RuntimeFact, of session: SessionID, at: PreciseTime) -> Bool {
        guard let known = rows[session] else {
            guard let row = RuntimeLifecycle(fact, of: session) else { return false }
            insert(row)
            return true
        }
        if case .abandoned = fact {
            guard known.state == .forking else { return false }
            remove(known)
            return true
        }
        var row = known
        row.apply(fact, at: at)
        guard row != known else { return false }
        counts.add(-1, to: known.state)
        counts.add(1, to: row.state)
        if row.state.isTerminal { live.remove(session) } else { live.insert(session) }
        rows[session] = row
        return true
    }

    private mutating func insert(_ row: RuntimeLifecycle) {
        rows[row.sessionID] = row
        ids.insert(row.sessionID, at: ids.partitioningIndex { $0 >= row.sessionID })
        counts.add(1, to: row.state)
        if !row.state.isTerminal { live.insert(row.sessionID) }
    }

    private mutating func remove(_ row: RuntimeLifecycle) {
        rows[row.sessionID] = nil
        ids.remove(at: ids.partitioningIndex { $0 >= row.sessionID })
        counts.add(-1, to: row.state)
        live.remove(row.sessionID)
    }
}

// MARK: - Questions

extension RuntimeTable {
    /// The rows that all filters let through, in the order of the ids' text (§7).
    ///
    /// An empty set of ids means all; `state` is a name in any case, and an unknown one lets nothing through.
    /// Transitions are journaled to the millisecond, and `updatedSince` lets those of its own millisecond through: so a
    /// client that asks again with the time of its last question misses none.
    public func status(
        ids wanted: Set<SessionID> = [], updatedSince: PreciseTime? = nil, runtime: String? = nil, state: String? = nil
    ) -> [RuntimeLifecycle] {
        let state = state?.lowercased()
        let since = updatedSince?.startOfMillisecond
        let ids = wanted.isEmpty ? self.ids : wanted.sorted()
        var found: [RuntimeLifecycle] = []
        for id in ids {
            guard let row = rows[id] else { continue }
            if let since, row.updatedAt < since { continue }
            if let runtime, row.runtime != runtime { continue }
            if let state, row.state.name != state { continue }
            found.append(row)
        }
        return found
    }

    /// Rows that were lost at that time or later, the newest first, ties by id (§7; a day back for `doctor`).
    public func recentLost(since: PreciseTime) -> [RuntimeLifecycle] {
        guard counts.lost > 0 else { return [] }
        let lost = rows.values.filter { row in
            guard case .lost = row.state else { return false }
            return row.updatedAt >= since
        }
        return lost.sorted { ($1.updatedAt, $0.sessionID) < ($0.updatedAt, $1.sessionID) }
    }

    /// Those to visit in a sweep, the one spawned first at the front (§4.3).
    public var running: [RuntimeLifecycle] { living(.running) }

    /// Those that wait for their shim, the one spawned first at the front.
    public var forking: [RuntimeLifecycle] { living(.forking) }

    private func living(_ state: RuntimeState) -> [RuntimeLifecycle] {
        live.compactMap { rows[$0] }.filter { $0.state == state }
            .sorted { ($0.spawnedAt, $0.sessionID) < ($1.spawnedAt, $1.sessionID) }
    }

    /// Who lives in a pane (D-37), the one spawned last where there are several.
    ///
    /// Panes are told apart by their own names where both are known, and else by address, which moves (D-28).
    public func occupant(of pane: PaneID?, at address: PaneAddress) -> RuntimeLifecycle? {
        let occupants = live.compactMap { rows[$0] }.filter { row in
            guard let home = row.target.pane else { return false }
            if let pane, let known = row.paneID { return known == pane }
            return home == address
        }
        return occupants.max { ($0.spawnedAt, $0.sessionID) < ($1.spawnedAt, $1.sessionID) }
    }
}

extension PreciseTime {
    fileprivate var startOfMillisecond: PreciseTime {
        let rest = nanoseconds % 1_000_000
        return PreciseTime(nanoseconds: nanoseconds &- (rest < 0 ? rest &+ 1_000_000 : rest))
    }
}
