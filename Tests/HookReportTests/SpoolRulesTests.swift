import Fleet
import Testing

@testable import HookReport

@Suite("What the spool keeps")
struct SpoolRulesTests {
    private func name(_ time: Int64, _ id: UInt64 = 1) -> String {
        SpoolRules.name(of: Report(EventKind("stop"), at: Timestamp(milliseconds: time), pid: 3, random: id))
    }

    @Test func `names sort by time and tell it`() {
        let times: [Int64] = [0, 1, 999_999_999_999, 1_767_607_391_402, 9_999_999_999_999, 10_000_000_000_000]
        #expect(times.map { name($0) } == times.map { name($0) }.sorted())
        #expect(times.map { SpoolRules.time(of: name($0))?.milliseconds } == times)
        for stranger in [".lock", ".new-1-x.json", "README", "1-x.json", "00000000000001-x", "abcdefghijklmn-x.json"] {
            #expect(SpoolRules.time(of: stranger) == nil)
        }
    }

    @Test func `the oldest go when there are too many, and strangers do not count`() {
        let names = (0..<1003).map { name(Int64($0)) }.shuffled() + ["README", ".lock"]
        #expect(Array(SpoolRules.surplus(of: names)) == [name(0), name(1), name(2)])
        #expect(SpoolRules.surplus(of: Array(names.prefix(1000))).isEmpty)
    }

    @Test func `a day is the limit, and the future is not too old`() {
        let now = Timestamp(milliseconds: 200_000_000)
        #expect(!SpoolRules.isTooOld(name(200_000_000 - SpoolRules.ageLimit), at: now))
        #expect(SpoolRules.isTooOld(name(200_000_000 - SpoolRules.ageLimit - 1), at: now))
        #expect(!SpoolRules.isTooOld(name(300_000_000), at: now))
    }

    @Test func `where a user is at home`() {
        let passwords = Array("root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000:Ada,,,:/home/ada:/bin/zsh\n".utf8)
        #expect(Home.directory(of: 1000, in: passwords) == "/home/ada")
        #expect(Home.directory(of: 7, in: passwords) == nil)
    }
}
