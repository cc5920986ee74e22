import Fleet
import Testing

@testable import Store

/// Chat sessions, written with their events and read back.
@Suite struct ChatArchiveTests {
    private let bench: JournalBench
    private var token: UInt64 = 0

    init() throws {
        bench = try JournalBench {
            $0.migrations = Migration.journal + Migration.runtimes + Migration.sensing + Migration.chat
        }
    }

    private func time(_ microseconds: Int64) -> PreciseTime {
        PreciseTime(nanoseconds: 1_772_000_000_000_000_000 + microseconds * 1000)
    }

    /// Writes an event with what derives from it, and says how many events there are in the journal now.
    @discardableResult
    private mutating func write(_ writes: [DerivedWrite]) throws -> JournalCompletion.Result? {
        token += 1
        try bench.journal.append([record("e\(token)")], derived: writes, token: token)
        return bench.result(of: token)
    }

    private func load() throws -> [ChatArchive.Session] { try ChatArchive.load(from: bench.reader()) }

    @Test mutating func `an empty database has no sessions`() throws { #expect(try load() == []) }

    @Test mutating func `sessions are read as they were written, with their messages in order`() throws {
        let first = Array(#"{"role":"user","content":"é\r\n"}"#.utf8)
        let second = Array(#"{"role":"assistant","content":""}"#.utf8)
        try write([
            ChatProjection.created(number: 1, id: "a:b", at: time(1)),
            ChatProjection.appended(number: 1, position: 0, message: first),
            ChatProjection.updated(number: 1, at: time(2)),
        ])
        try write([ChatProjection.created(number: 2, id: "empty", at: time(3))])
        try write([
            ChatProjection.appended(number: 1, position: 1, message: second),
            ChatProjection.updated(number: 1, at: time(4)),
        ])
        #expect(
            try load() == [
                ChatArchive.Session(
                    number: 1, id: "a:b", createdAt: time(1), updatedAt: time(4), messages: [first, second]),
                ChatArchive.Session(number: 2, id: "empty", createdAt: time(3), updatedAt: time(3), messages: []),
            ])
    }

    @Test mutating func `a session is deleted with all that was said, and nothing is added to it any more`() throws {
        for number in Int64(1)...3 {
            try write([
                ChatProjection.created(number: number, id: "s\(number)", at: time(number)),
                ChatProjection.appended(number: number, position: 0, message: Array("{}".utf8)),
            ])
        }
        try write(ChatProjection.deleted(number: 2))
        try write([
            ChatProjection.appended(number: 2, position: 1, message: Array("{}".utf8)),
            ChatProjection.updated(number: 2, at: time(9)),
        ])
        #expect(try load().map(\.id) == ["s1", "s3"])
        #expect(try load().map(\.messages.count) == [1, 1])
        let left = try bench.reader().rows("SELECT count(*) FROM chat_messages") { $0.integer(0) }
        #expect(left == [2])
    }

    @Test mutating func `what cannot be written leaves neither rows nor its event`() throws {
        try write([ChatProjection.created(number: 1, id: "s", at: time(1))])
        let before = try bench.reader().count()
        let result = try write([
            ChatProjection.created(number: 2, id: "other", at: time(2)),
            // The id is taken.
            ChatProjection.created(number: 3, id: "s", at: time(2)),
        ])
        guard case .failed? = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(try load().map(\.id) == ["s"])
        #expect(try bench.reader().count() == before)
    }

    @Test(arguments: 0..<20)
    mutating func `any story reads back as it was told`(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var expected: [Int64: ChatArchive.Session] = [:]
        var next: Int64 = 1
        for step in Int64(0)..<80 {
            let number = expected.keys.sorted().randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                expected[next] = .init(
                    number: next, id: "s\(next)", createdAt: time(step), updatedAt: time(step), messages: [])
                try write([ChatProjection.created(number: next, id: "s\(next)", at: time(step))])
                next += 1
            case 2:
                expected[number] = nil
                try write(ChatProjection.deleted(number: number))
            default:
                let message = Array(#"{"step":\#(step)}"#.utf8)
                let position = expected[number]?.messages.count ?? 0
                expected[number]?.messages.append(message)
                expected[number]?.updatedAt = time(step)
                try write([
                    ChatProjection.appended(number: number, position: position, message: message),
                    ChatProjection.updated(number: number, at: time(step)),
                ])
            }
        }
        #expect(try load() == expected.values.sorted { $0.number < $1.number })
    }
}
