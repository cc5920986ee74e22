import Fleet
import Testing

@Suite struct IdsTests {
    @Test func `makes a UUID v4 of any sixteen bytes`() {
        #expect(SessionID(randomBytes: Array(0..<16)).rawValue == "00010203-0405-4607-8809-0a0b0c0d0e0f")
        let full = UUIDText.text(randomBytes: [UInt8](repeating: 0xFF, count: 16))
        #expect(full == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(UUIDText.isUUID(full))
    }

    @Test(arguments: ["", "0001", "00010203-0405-4607-8809-0A0B0C0D0E0F", "00010203x0405-4607-8809-0a0b0c0d0e0f"])
    func `knows what is not a UUID`(text: String) {
        #expect(!UUIDText.isUUID(text))
    }

    @Test func `names the agent after the first eight characters of its session`() {
        #expect(AgentID(of: "3f0e1c2d-0000-4000-8000-000000000000") == "runner_3f0e1c2d")
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_767_607_391_402, "2026-01-05T10:03:11.402Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `writes and reads ISO 8601`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).iso8601 == text)
        #expect(Timestamp(iso8601: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        ("2026-01-05T10:03:11Z", "2026-01-05T10:03:11.000Z"),
        ("2026-01-05T10:03:11.4Z", "2026-01-05T10:03:11.400Z"),
        ("2026-01-05T10:03:11.402999Z", "2026-01-05T10:03:11.402Z"),
        ("2026-01-05T10:03:11+02:00", "2026-01-05T08:03:11.000Z"),
        ("2026-01-05T23:03:11-02:30", "2026-01-06T01:33:11.000Z"),
    ])
    func `understands what other clocks write`(text: String, same: String) {
        #expect(Timestamp(iso8601: text)?.iso8601 == same)
    }

    @Test(arguments: [
        "", "now", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T10:03:11",
        "2026-01-05T10:03:11.Z", "2026-01-05T10:03:11Zx", "2026-01-05T10:03:11+0200", "2026-01-05 1O:03:11Z",
    ])
    func `refuses what is no moment`(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test func `every day of eight centuries comes back`() {
        for day in stride(from: Int64(-100_000), to: 200_000, by: 7) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 12_345_678)
            #expect(Timestamp(iso8601: time.iso8601) == time)
        }
    }

    @Test func `a signal has the name that people know it by`() {
        #expect(Signal.kill.name == "SIGKILL")
        #expect(Signal(name: "SIGUSR2") == .user2)
        #expect(Signal(rawValue: 34).name == "SIG34")
        #expect(Signal(name: "SIG34")?.rawValue == 34)
        #expect(Signal(name: "KILL") == nil)
    }
}
