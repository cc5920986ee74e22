import Fleet

@testable import Store

/// A journal with the tables of runtimes, and events for it.
struct RuntimeBench {
    static let spawned = PreciseTime(nanoseconds: 1_772_439_330_000_000_000)
    static let pane = PaneAddress(session: "agents", window: 2, pane: 1)

    let bench: JournalBench
    private var number = 0

    init(home: TemporaryHome = TemporaryHome()) throws {
        bench = try JournalBench(home: home) { $0.migrations = Migration.journal + Migration.runtimes }
    }

    static func id(_ number: Int) -> SessionID {
        SessionID("019cad10-4e20-7b31-a6f0-\(String(100_000_000_000 + number))")
    }

    static func event(
        _ fact: RuntimeFact, of session: SessionID, id: String, sequence: Int? = nil, atMs: Int64 = 0
    ) -> JournalEvent {
        JournalEvent(
            id: EventID(id), at: Timestamp(milliseconds: spawned.nanoseconds / 1_000_000 + atMs), source: .runtime,
            sessionID: session, sequence: sequence, body: .runtime(fact))
    }

    /// Appends events as one group, with what derives from them, and waits until they are durable.
    @discardableResult
    mutating func append(_ events: [JournalEvent]) throws -> JournalCompletion.Result? {
        number += 1
        let token = UInt64(number)
        try bench.journal.append(
            events.map(\.row), derived: events.flatMap { RuntimeProjection.writes(for: $0) }, token: token)
        return bench.result(of: token)
    }

    /// Makes changes beside the journal, as other programs might, and waits.
    @discardableResult
    mutating func write(_ writes: [DerivedWrite]) throws -> JournalCompletion.Result? {
        number += 1
        let token = UInt64(number)
        try bench.journal.write(writes, token: token)
        return bench.result(of: token)
    }

    func load() throws -> RuntimeArchive.Contents {
        try withExtendedLifetime(self) { try RuntimeArchive.load(from: bench.reader()) }
    }

    /// Asks the archive, while the journal and its home are there.
    func archive<Answer>(_ question: (RuntimeArchive) throws -> Answer) throws -> Answer {
        try withExtendedLifetime(self) { try question(RuntimeArchive(bench.reader())) }
    }
}

extension JournalEvent {
    /// The row of the event.
    var row: JournalRecord {
        JournalRecord(
            id: id.rawValue, atMs: at.milliseconds, type: type, sessionId: sessionID?.rawValue,
            pid: pid.map { Int32($0) }, source: source.rawValue, sessionSeq: sequence.map { Int64($0) },
            payload: payload.encoded())
    }
}
