import Testing

@testable import Store

@Suite struct KnownIDsTests {
    @Test(arguments: [0, 1, 100, 20_000])
    func `those that are in it are never denied, and others hardly ever taken for them`(count: Int) {
        var known = KnownIDs(capacity: count)
        for number in 0..<count { known.insert("evt-\(number)") }
        #expect((0..<count).allSatisfy { known.mayContain("evt-\($0)") })
        #expect(known.isFull == (count > 0))
        let taken = (0..<10_000).count { known.mayContain("other-\($0)") }
        #expect(taken < 300)
    }

    @Test func `the ids of a journal are passed, each once`() throws {
        let bench = try JournalBench()
        try bench.journal.append((1...30).map { record("e\($0)") }, token: 1)
        #expect(bench.result(of: 1) == .appended(rowids: Array(1...30)))
        var ids: [String] = []
        try bench.reader().forEachID { ids.append($0) }
        #expect(Set(ids) == Set((1...30).map { "e\($0)" }))
        #expect(ids.count == 30)
    }
}
