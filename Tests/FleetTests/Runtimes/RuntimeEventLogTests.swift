import Fleet
import Testing

@Suite struct RuntimeEventLogTests {
    private typealias Record = RuntimeEventLog.Record

    private func event(_ number: UInt64) -> RuntimeEvent { .lost(SessionID("s\(number)"), .pidNotAlive) }

    private func record(_ number: UInt64) -> Record {
        Record(sequence: number, at: Timestamp(milliseconds: Int64(number)), event: event(number))
    }

    private func log(_ numbers: ClosedRange<UInt64>, first: UInt64? = nil) -> RuntimeEventLog {
        RuntimeEventLog(firstSequence: first ?? numbers.lowerBound, tail: numbers.map(record))
    }

    private func numbers(_ answer: RuntimeEventLog.Answer) -> [UInt64]? {
        guard case .events(let records, _) = answer else { return nil }
        return records.map(\.sequence)
    }

    @Test func `numbers begin at one and have no gaps`() {
        var log = RuntimeEventLog()
        #expect(log.nextSequence == 1)
        #expect(log.append(event(1), at: Timestamp(milliseconds: 1)) == 1)
        #expect(log.append(event(2), at: Timestamp(milliseconds: 2)) == 2)
        #expect(log.nextSequence == 3)
        #expect((log.firstSequence, log.lastSequence) == (1, 2))
    }

    @Test func `a number is given before its event is durable, and shown after`() {
        var log = RuntimeEventLog()
        let first = log.takeSequence()
        let second = log.takeSequence()
        #expect((first, second) == (1, 2))
        #expect(log.answer(since: 0) == .events([], cursor: 0))
        log.append(event(1), sequence: first, at: Timestamp(milliseconds: 1))
        #expect(log.answer(since: 0) == .events([record(1)], cursor: 1))
        log.append(event(2), sequence: second, at: Timestamp(milliseconds: 2))
        #expect(log.answer(since: 1) == .events([record(2)], cursor: 2))
        #expect(log.takeSequence() == 3)
    }

    @Test func `answers what is after the cursor`() {
        let log = log(1...5)
        #expect(numbers(log.answer(since: nil)) == [1, 2, 3, 4, 5])
        #expect(numbers(log.answer(since: 0)) == [1, 2, 3, 4, 5])
        #expect(numbers(log.answer(since: 3)) == [4, 5])
        #expect(log.answer(since: 4) == .events([record(5)], cursor: 5))
        #expect(log.answer(since: 5) == .events([], cursor: 5))
    }

    @Test func `an empty log repeats the cursor zero, and knows no other`() {
        let log = RuntimeEventLog()
        #expect(log.answer(since: nil) == .events([], cursor: 0))
        #expect(log.answer(since: 0) == .events([], cursor: 0))
        #expect(log.answer(since: 1) == .expired(oldest: 0))
        #expect(log.answer(since: .max) == .expired(oldest: 0))
    }

    @Test func `one record with the number three has two as its oldest cursor`() {
        let log = log(3...3)
        #expect(log.answer(since: 0) == .expired(oldest: 2))
        #expect(log.answer(since: nil) == .expired(oldest: 2))
        #expect(log.answer(since: 1) == .expired(oldest: 2))
        #expect(log.answer(since: 2) == .events([record(3)], cursor: 3))
        #expect(log.answer(since: 3) == .events([], cursor: 3))
        #expect(log.answer(since: 4) == .expired(oldest: 2))
        #expect(log.nextSequence == 4)
    }

    @Test func `the oldest cursor can always be asked for`() {
        for log in [RuntimeEventLog(), log(1...1), log(3...9), RuntimeEventLog(lastSequence: 7)] {
            for cursor in [0, 1, 2, 5, 8, 10, UInt64.max] {
                guard case .expired(let oldest) = log.answer(since: cursor) else { continue }
                guard case .events = log.answer(since: oldest) else {
                    Issue.record("asking for \(oldest) got no events")
                    continue
                }
            }
        }
    }

    @Test func `what memory does not hold is in the database`() {
        let log = log(100...110, first: 5)
        #expect(log.answer(since: 98) == .older(from: 98, through: 110))
        #expect(log.answer(since: 4) == .older(from: 4, through: 110))
        #expect(log.answer(since: 3) == .expired(oldest: 4))
        #expect(numbers(log.answer(since: 99)) == Array(100...110))
    }

    @Test func `memory holds the newest ten thousand`() {
        var log = RuntimeEventLog()
        for number in 1...UInt64(30_000) {
            log.append(event(number), at: Timestamp(milliseconds: Int64(number)))
        }
        #expect(log.tail.count == 10_000)
        #expect(log.firstSequence == 1)
        #expect(log.answer(since: 19_999) == .older(from: 19_999, through: 30_000))
        #expect(numbers(log.answer(since: 20_000))?.count == 10_000)
        #expect(numbers(log.answer(since: 29_998)) == [29_999, 30_000])
        #expect(log.answer(since: 30_000) == .events([], cursor: 30_000))
    }

    @Test func `cursors are found among numbers with gaps`() {
        let log = RuntimeEventLog(tail: [2, 5, 9].map(record))
        #expect(numbers(log.answer(since: 1)) == [2, 5, 9])
        #expect(numbers(log.answer(since: 3)) == [5, 9])
        #expect(numbers(log.answer(since: 5)) == [9])
    }

    @Test func `a number zero, which nobody gives, does no harm`() {
        let log = RuntimeEventLog(tail: [0, 1].map(record))
        #expect(numbers(log.answer(since: 0)) == [1])
        #expect(log.answer(since: 1) == .events([], cursor: 1))
        #expect(log.answer(since: 2) == .expired(oldest: 0))
    }

    @Test func `learns what the database dropped`() {
        var log = log(100...110, first: 5)
        log.dropped(before: 50)
        #expect(log.answer(since: 4) == .expired(oldest: 49))
        #expect(log.answer(since: 49) == .older(from: 49, through: 110))
        log.dropped(before: 20)
        #expect(log.firstSequence == 50)
        log.dropped(before: 105)
        #expect(numbers(log.answer(since: 104)) == Array(105...110))
        #expect(log.answer(since: 103) == .expired(oldest: 104))
    }

    @Test(arguments: [
        (9999, 9999, 0), (10_000, 10_000, 0), (10_001, 10_001, 1), (10_001, 0, 0), (12_000, 500, 500),
        (12_000, 2500, 2000), (0, 0, 0),
    ])
    func `what is both old and too much may be dropped`(count: Int, old: Int, droppable: Int) {
        #expect(RuntimeEventLog.droppable(count: count, leadingOlderThanRetained: old) == droppable)
    }

    @Test func `an event of exactly seven days stays`() {
        let now = Timestamp(milliseconds: 1_772_439_330_000)
        let week: Int64 = 7 * 24 * 3600 * 1000
        func records(_ ages: [Int64]) -> [Record] {
            ages.enumerated().map { index, age in
                Record(sequence: UInt64(index + 1), at: now + -age, event: event(UInt64(index + 1)))
            }
        }
        let young = Array(repeating: Int64(0), count: 10_000)
        #expect(RuntimeEventLog.droppable(records([week + 1, week, week + 1] + young), at: now) == 1)
        #expect(RuntimeEventLog.droppable(records([week, week + 1] + young), at: now) == 0)
        #expect(RuntimeEventLog.droppable(records([week + 2, week + 1] + young.dropLast()), at: now) == 1)
    }
}
