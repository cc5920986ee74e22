import Glibc
import Synchronization

/// Measures the journal on the disk it would live on.
public enum JournalBenchmark {
    public struct Figures: Equatable, Sendable {
        public var events: Int
        /// Events waiting at a time.
        public var batch: Int
        /// Durable events per second, `batch` of them waiting at a time.
        public var eventsPerSecond: Double
        /// One event at a time: from `append` to its completion.
        public var commitP50Ms: Double
        public var commitP99Ms: Double
        /// Rows per second when all is read again, as at the start.
        public var replayPerSecond: Double
    }

    /// Appends `events` events of 400 bytes to a new journal at `path`, which is deleted again, and reads them back.
    public static func run(
        events: Int, batch: Int = 1024, path: String, durability: Database.Durability = .full
    ) throws(StoreError) -> Figures {
        remove(path)
        defer { remove(path) }
        var options = SQLiteJournal.Options()
        options.durability = durability
        let progress = try Progress()
        let journal = try SQLiteJournal(path: path, options: options) { progress.report($0) }
        defer { journal.close() }

        let records = (0..<events).map { record($0) }
        let begin = now()
        for (index, record) in records.enumerated() {
            progress.waitUntil(atLeast: index + 1 - batch)
            try journal.append(record, token: UInt64(index))
        }
        progress.waitUntil(atLeast: events)
        let seconds = Double(now() - begin) / 1e9

        let singles = min(2000, max(events / 10, 1))
        var latencies: [UInt64] = []
        for index in 0..<singles {
            let record = record(events + index)
            let start = now()
            try journal.append(record, token: UInt64(events + index))
            progress.waitUntil(atLeast: events + index + 1)
            latencies.append(now() - start)
        }
        latencies.sort()
        if let failure = progress.failure { throw failure }

        let reader = try JournalReader(path: path)
        let replayBegin = now()
        let count = try reader.replay { _ in }
        let replaySeconds = Double(now() - replayBegin) / 1e9
        return Figures(
            events: events, batch: batch, eventsPerSecond: Double(events) / seconds,
            commitP50Ms: Double(latencies[singles / 2]) / 1e6,
            commitP99Ms: Double(latencies[min(singles - 1, singles * 99 / 100)]) / 1e6,
            replayPerSecond: Double(count) / replaySeconds)
    }

    /// An event with an id as `drover-hook` makes them, of one of ninety sessions.
    ///
    /// Ids that begin with the time are what keeps the index of ids fast: with random ones each event dirties a page
    /// of its own, and the journal writes three times as much.
    private static func record(_ index: Int) -> JournalRecord {
        var state = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        state ^= state >> 27
        let atMs = 1_770_000_000_000 + Int64(index)
        var payload: [UInt8] = []
        payload.reserveCapacity(400)
        payload.append(contentsOf: #"{"number":\#(index),"text":""#.utf8)
        while payload.count < 398 { payload.append(UInt8(ascii: "a") + UInt8(payload.count % 26)) }
        payload.append(contentsOf: [UInt8(ascii: "\""), UInt8(ascii: "}")])
        return JournalRecord(
            id: "evt-\(atMs)-4242-" + String(state, radix: 16), atMs: atMs,
            type: "post_tool_use", sessionId: "00000000-0000-4000-8000-0000000000\(10 + index % 90)", pid: 4242,
            source: "hook", sessionSeq: Int64(index), payload: payload)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    }
}

/// Counts completions on the journal's thread for the thread that measures.
private final class Progress: Sendable {
    private struct State {
        var done = 0
        var failure: StoreError?
    }

    private let state = Mutex(State())
    private let bell: Doorbell

    init() throws(StoreError) { bell = try Doorbell() }

    var failure: StoreError? { state.withLock { $0.failure } }

    func report(_ completions: [JournalCompletion]) {
        state.withLock { state in
            state.done += completions.count
            for case .failed(let failure) in completions.lazy.map(\.result) { state.failure = failure }
        }
        bell.ring()
    }

    func waitUntil(atLeast count: Int) {
        while state.withLock({ $0.done }) < count { _ = bell.wait() }
    }
}
