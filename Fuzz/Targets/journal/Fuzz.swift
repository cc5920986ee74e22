import Glibc
import Promise
import Store
import Synchronization

/// Whatever an event carries, it is stored once, and comes back byte for byte.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let choices = input.choice()
        let split = Int(input.choice())
        let bytes = input.material()
        let text = String(decoding: bytes.prefix(split), as: UTF8.self)
        let event = JournalRecord(
            id: text, atMs: Int64(choices) << 36, type: String(text.prefix(8)),
            sessionId: choices & 1 == 0 ? nil : text, pid: choices & 2 == 0 ? nil : Int32(split), source: text,
            sessionSeq: choices & 4 == 0 ? nil : Int64(split),
            payload: Array(bytes.dropFirst(split)))
        let first = bench.append(event)
        let known: Int64
        switch first {
        case .committed(let rowid), .duplicate(let rowid): known = rowid
        case .appended, .applied, .failed: fatalError("an event was not stored: \(first)")
        }
        promise(bench.append(event) == .duplicate(rowid: known), "an event was stored twice")
        guard case .committed = first else { return }
        guard let entry = try? bench.reader.event(id: text) else { fatalError("an event is not there") }
        promise(entry.rowid == known && entry.payload == event.payload, "the payload came back changed")
        promise(
            entry.type == event.type && entry.sessionId == event.sessionId && entry.pid == event.pid
                && entry.source == event.source && entry.sessionSeq == event.sessionSeq && entry.atMs == event.atMs,
            "a column came back changed")
    }
}

private let bench = Bench()

/// A journal in memory that waits for each answer.
private final class Bench: @unchecked Sendable {
    let reader: JournalReader
    private let journal: SQLiteJournal
    private let answers: Answers

    init() {
        let path = "/dev/shm/drover-fuzz-\(getpid()).db"
        atexit {
            for suffix in ["", "-wal", "-shm"] { unlink("/dev/shm/drover-fuzz-\(getpid()).db" + suffix) }
        }
        var options = SQLiteJournal.Options()
        options.durability = .normal
        let answers = Answers()
        guard let journal = try? SQLiteJournal(path: path, options: options, deliver: { answers.put($0) }),
            let reader = try? JournalReader(path: path)
        else { fatalError("there is no /dev/shm") }
        self.journal = journal
        self.reader = reader
        self.answers = answers
    }

    func append(_ record: JournalRecord) -> JournalCompletion.Result {
        guard (try? journal.append(record, token: 0)) != nil else { fatalError("the journal refuses") }
        while true {
            if let result = answers.take() { return result }
            sched_yield()
        }
    }
}

private final class Answers: Sendable {
    private let result = Mutex<JournalCompletion.Result?>(nil)

    func put(_ completions: [JournalCompletion]) {
        result.withLock { $0 = completions.last?.result }
    }

    func take() -> JournalCompletion.Result? {
        result.withLock { result in
            defer { result = nil }
            return result
        }
    }
}
