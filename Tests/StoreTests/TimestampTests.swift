import Testing

@testable import Store

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_772_600_767_089, "2026-03-04T05:06:07.089Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ])
    func `writes times and reads them back`(milliseconds: Int64, text: String) {
        #expect(Timestamp.text(milliseconds) == text)
        #expect(Timestamp.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        ("2026-03-04T05:06:07Z", 1_772_600_767_000),
        ("2026-03-04t06:06:07.089999+01:00", 1_772_600_767_089),
        ("2026-03-03 23:36:07.1-05:30", 1_772_600_767_100),
    ])
    func `reads what RFC 3339 allows`(text: String, milliseconds: Int64) {
        #expect(Timestamp.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "soon", "2026-03-04", "2026-03-04T05:06:07", "2026-13-04T05:06:07Z", "2026-03-04T25:06:07Z",
        "2026-03-04T05:06:07.Z", "2026-03-04T05:06:07Zulu", "2026-03-04T05:06:07+1:00",
    ])
    func `refuses other text`(text: String) {
        #expect(Timestamp.milliseconds(text) == nil)
    }
}
