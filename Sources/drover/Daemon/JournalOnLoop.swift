import Bytes
import Fleet
import Glibc
import Reactor
import Store

/// The journal as services see it: called and answering on the loop, written by the store's own thread.
///
/// What could not be written because the disk is full is tried again, in order, until it can; nothing is shown meanwhile.
@Loop
final class JournalOnLoop {
    private struct Waiting {
        var records: [JournalRecord]
        /// What derives from them, in the same transaction.
        var derived: [DerivedWrite]
        /// Whether it waits for a disk that has no room, rather than fail.
        var isPatient = true
        /// Whether nothing derives from an event that was there already.
        var isSingle = false
        var completion: (Result<[Int64], JournalError>) -> Void
    }

    private static let retryInterval: Int64 = 1000

    /// The journal with all that derives from it.
    nonisolated static var options: SQLiteJournal.Options {
        var options = SQLiteJournal.Options()
        options.migrations = Migration.journal + Migration.runtimes + Migration.sensing + Migration.chat
        return options
    }

    private let path: String
    private let worker = Worker()
    private let known: KnownEvents
    let reader: JournalReader
    private var store: SQLiteJournal?
    private var waiting: [UInt64: Waiting] = [:]
    /// Changes without an event that are under way.
    private var writing: [UInt64: () -> Void] = [:]
    private var nextToken: UInt64 = 1
    /// Calls that were refused, in order, until the store takes them again.
    private var stalled: [UInt64] = []
    private(set) var isWritable = true
    private var settledCallbacks: [(upTo: UInt64, body: @Loop () -> Void)] = []

    init(path: String, durability: Database.Durability) throws(StoreError) {
        self.path = path
        var options = Self.options
        options.durability = durability
        let store = try SQLiteJournal(path: path, options: options) { completions in
            // The journal's thread hands a whole batch over at once.
            Loop.post { JournalOnLoop.current?.settle(completions) }
        }
        self.store = store
        known = KnownEvents(path: path)
        reader = try JournalReader(path: path)
        Self.current = self
    }

    /// There is one journal in a daemon; the store's thread reaches it through here.
    private static weak var current: JournalOnLoop?

    /// Passes everything there is to `body`, before anything is written.
    func replay(_ body: (JournalEvent) -> Void) throws(StoreError) {
        try reader.replay { entry in
            if let event = try? JournalEvent(replaying: entry) { body(event) }
        }
    }

    /// Calls back once everything appended so far has been answered.
    func whenSettled(_ body: @escaping @Loop () -> Void) {
        guard let last = waiting.keys.max() else { return body() }
        settledCallbacks.append((last, body))
    }

    /// Writes what waits and closes. Completions that are due come before this returns to the loop's next turn.
    func close() {
        store?.close()
        store = nil
    }

    /// Forgets events beyond the newest 200 000, or older than thirty days, up to a row.
    func prune(upTo rowid: Int64, at now: Fleet.Timestamp) {
        let month: Int64 = 30 * 24 * 3600 * 1000
        let retention = Retention(olderThanMs: now.milliseconds - month, cursor: rowid)
        // Not in a hurry: when the journal has no room for it now, the next time will do.
        try? store?.prune(retention, token: 0)
    }

    /// Writes one event with all that derives from it, and calls back with its row; of one that was there already nothing
    /// is written, and there is no row. Behind those that wait for the disk, so that the order stays.
    func append(
        _ record: JournalRecord, derived: [DerivedWrite],
        completion: @escaping @Loop (Result<Int64?, JournalError>) -> Void
    ) {
        let token = nextToken
        nextToken += 1
        waiting[token] = Waiting(records: [record], derived: derived, isSingle: true) { completion($0.map(\.first)) }
        if stalled.isEmpty { submit(token) } else { stalled.append(token) }
    }

    /// Writes events with what derives from them, and calls back with their rows. It does not wait for a disk that has no
    /// room: then nothing of it has happened, and the caller says so. Its order is kept among calls of this kind.
    func appendNow(
        _ records: [JournalRecord], derived: [DerivedWrite],
        completion: @escaping @Loop (Result<[Int64], JournalError>) -> Void
    ) {
        let token = nextToken
        nextToken += 1
        waiting[token] = Waiting(records: records, derived: derived, isPatient: false, completion: completion)
        submit(token)
    }

    /// Whether an event of this id may be there; `false` only when there is none.
    func mayContain(_ id: String) -> Bool {
        known.mayContain(id, underWay: waiting.values.flatMap { $0.records.map(\.id) })
    }

    /// Makes changes that belong to no event, and calls back when they are durable. Not in a hurry: what the journal has
    /// no room for now is left out, and then it does not call back.
    func write(_ writes: [DerivedWrite], then completion: @escaping () -> Void = {}) {
        let token = nextToken
        nextToken += 1
        writing[token] = completion
        do throws(StoreError) { try store?.write(writes, token: token) } catch { writing[token] = nil }
    }

    /// Makes changes that belong to no event, in order with the events and those of their like. They wait for a disk that
    /// has no room.
    func writeInOrder(_ writes: [DerivedWrite]) {
        guard !writes.isEmpty else { return }
        let token = nextToken
        nextToken += 1
        waiting[token] = Waiting(records: [], derived: writes) { _ in }
        if stalled.isEmpty { submit(token) } else { stalled.append(token) }
    }

    // MARK: - Writing

    private func submit(_ token: UInt64) {
        guard let item = waiting[token] else { return }
        guard let store else { return fail(token, .closed) }
        for record in item.records { known.add(record.id) }
        do throws(StoreError) {
            if item.isSingle {
                try store.append(item.records[0], derived: item.derived, isOrdered: item.isPatient, token: token)
            } else {
                try store.append(item.records, derived: item.derived, isOrdered: item.isPatient, token: token)
            }
        } catch {
            if item.isPatient { stall(token) } else { fail(token, JournalError(error)) }
        }
    }

    private func settle(_ completions: [JournalCompletion]) {
        for completion in completions {
            if let written = writing.removeValue(forKey: completion.token) {
                if case .applied = completion.result { written() }
                continue
            }
            guard let item = waiting[completion.token] else { continue }
            switch completion.result {
            case .appended(let rowids):
                waiting.removeValue(forKey: completion.token)?.completion(.success(rowids))
            case .committed(let rowid):
                waiting.removeValue(forKey: completion.token)?.completion(.success([rowid]))
            case .duplicate: waiting.removeValue(forKey: completion.token)?.completion(.success([]))
            case .applied: break
            case .failed(.full) where item.isPatient, .failed(.unavailable) where item.isPatient,
                .failed(.overloaded) where item.isPatient:
                stall(completion.token)
            // Trying again would not help.
            case .failed(let error):
                DaemonLog.warn("the journal refused an event: \(error)")
                fail(completion.token, JournalError(error))
            }
        }
        while let next = settledCallbacks.first, !waiting.keys.contains(where: { $0 <= next.upTo }) {
            settledCallbacks.removeFirst()
            next.body()
        }
    }

    private func stall(_ token: UInt64) {
        if stalled.isEmpty {
            isWritable = false
            DaemonLog.warn("the journal cannot be written; trying again every second")
            _ = LoopTimer(after: Self.retryInterval) { [weak self] in self?.retry() }
        }
        stalled.append(token)
    }

    private func retry() {
        let tokens = stalled.sorted()
        stalled = []
        isWritable = true
        store?.resume()
        for token in tokens { submit(token) }
    }

    private func fail(_ token: UInt64, _ error: JournalError) {
        guard let item = waiting.removeValue(forKey: token) else { return }
        item.completion(.failure(error))
    }
}

extension JournalOnLoop: @Loop Journal {
    func append(_ events: [JournalEvent], completion: @escaping (Result<[Int64], JournalError>) -> Void) {
        guard !events.isEmpty else { return completion(.success([])) }
        let token = nextToken
        nextToken += 1
        waiting[token] = Waiting(
            records: events.map(\.record), derived: events.flatMap(RuntimeProjection.writes), completion: completion)
        // Behind those that wait for the disk, so that the order stays.
        if stalled.isEmpty { submit(token) } else { stalled.append(token) }
    }

    func read(since rowid: Int64, limit: Int, completion: @escaping (Result<Fleet.JournalPage, JournalError>) -> Void) {
        let reader = reader
        let answer = Unshared(completion)
        worker.run(
            { () -> Result<Fleet.JournalPage, JournalError> in
                do throws(StoreError) {
                    let page = try reader.events(since: rowid, limit: limit)
                    let events = page.entries.compactMap { try? JournalEvent($0) }
                    return .success(Fleet.JournalPage(events: events, more: page.hasMore))
                } catch {
                    return .failure(JournalError(error))
                }
            }, then: { answer.value($0) })
    }

    func oldest(completion: @escaping (Result<Int64?, JournalError>) -> Void) {
        let reader = reader
        let answer = Unshared(completion)
        worker.run(
            { () -> Result<Int64?, JournalError> in
                do throws(StoreError) {
                    return .success(try reader.oldestRowid())
                } catch {
                    return .failure(JournalError(error))
                }
            }, then: { answer.value($0) })
    }
}

/// Carries a value of the loop through another thread and back; nobody touches it on the way.
struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

// MARK: - Between the store's words and the fleet's

extension JournalEvent {
    /// The row of this event.
    var record: JournalRecord {
        let payload = payload.encoded()
        return JournalRecord(
            id: id.rawValue, atMs: at.milliseconds, type: type, sessionId: sessionID?.rawValue,
            pid: pid.map { Int32($0) }, source: source.rawValue, sessionSeq: sequence.map { Int64($0) },
            payload: payload)
    }
}

extension JournalEvent {
    init(_ entry: JournalEntry) throws {
        try self.init(
            rowid: entry.rowid, id: EventID(entry.id), at: Fleet.Timestamp(milliseconds: entry.atMs),
            source: EventSource(rawValue: entry.source ?? ""), sessionID: entry.sessionId.map { SessionID($0) },
            sequence: entry.sessionSeq.map { Int($0) },
            body: JournalEvent.Body(type: entry.type, payload: JSON(parsing: entry.payload)))
    }
}

extension JournalEvent {
    /// The same for the start, which looks at the payloads of those events alone that the fleet understands: most are
    /// reports of agents, and a start must not take long.
    fileprivate init(replaying entry: JournalEntry) throws {
        guard !Body.knows(entry.type) else {
            try self.init(entry)
            return
        }
        self.init(
            rowid: entry.rowid, id: EventID(entry.id), at: Fleet.Timestamp(milliseconds: entry.atMs),
            source: EventSource(rawValue: entry.source ?? ""), sessionID: entry.sessionId.map { SessionID($0) },
            sequence: entry.sessionSeq.map { Int($0) }, body: .other(type: entry.type, payload: .null))
    }
}

extension JournalError {
    init(_ error: StoreError) {
        switch error {
        case .full: self = .full
        case .closed: self = .closed
        default: self = .unavailable(reason: "\(error)")
        }
    }
}
