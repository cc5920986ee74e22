import Fleet
import Testing
import Wire

@Suite struct SessionUUIDTests {
    private let id: SessionID = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"

    @Test(arguments: [
        "019cad10-4e20-7b31-a6f0-5d2c9be01a01", "019CAD10-4E20-7B31-A6F0-5D2C9BE01A01",
        "019cad104e207b31a6f05d2c9be01a01", "019CAD104E207b31A6F05D2C9BE01A01",
        "urn:uuid:019cad10-4e20-7b31-a6f0-5d2c9be01a01", "{019cad10-4e20-7b31-a6f0-5d2c9be01A01}",
    ])
    func `an id has several spellings and one form`(text: String) { #expect(SessionUUID.parse(text) == id) }

    @Test(arguments: ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"])
    func `any version will do`(text: String) { #expect(SessionUUID.parse(text)?.rawValue == text) }

    @Test(arguments: [
        "", "019cad10", "019cad10-4e20-7b31-a6f0-5d2c9be01a0", "019cad10-4e20-7b31-a6f0-5d2c9be01a011",
        "019cad1-04e20-7b31-a6f0-5d2c9be01a01", "019cad10-4e20-7b31-a6f0-5d2c9be01a0g",
        "019cad104e207b31a6f05d2c9be01a0-", "019cad10-4e20-7b31-a6f0-5d2c9be01a-1",
        "{019cad10-4e20-7b31-a6f0-5d2c9be01a01", "{019cad10-4e20-7b31-a6f0-5d2c9be01a01]",
        "{019cad104e207b31a6f05d2c9be01a01}", "uuid:urn:019cad10-4e20-7b31-a6f0-5d2c9be01a01",
        "urn:uuid:019cad104e207b31a6f05d2c9be01a01", " 019cad10-4e20-7b31-a6f0-5d2c9be01a01",
        "019cad10\u{2010}4e20-7b31-a6f0-5d2c9be01a01", "０19cad104e207b31a6f05d2c9be01a",
    ])
    func `nothing else is an id`(text: String) { #expect(SessionUUID.parse(text) == nil) }
}

@Suite struct PreciseTimeTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_772_439_330_000_000_000, "2026-03-02T08:15:30Z"),
        (1_772_439_330_120_000_000, "2026-03-02T08:15:30.120Z"),
        (1_772_439_330_054_125_000, "2026-03-02T08:15:30.054125Z"),
        (1_772_439_330_000_000_001, "2026-03-02T08:15:30.000000001Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (-1_000_000_000, "1969-12-31T23:59:59Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
        (Int64.max, "2262-04-11T23:47:16.854775807Z"), (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func `a time is written with the fewest digits`(nanoseconds: Int64, text: String) {
        let time = PreciseTime(nanoseconds: nanoseconds)
        #expect(time.rfc3339 == text)
        #expect(PreciseTime(rfc3339: text) == time)
        #expect(time.rfc3339WithOffset == text.dropLast() + "+00:00")
        #expect(PreciseTime(rfc3339: time.rfc3339WithOffset) == time)
    }

    @Test(arguments: [
        "2026-03-02T08:15:30.12Z", "2026-03-02t08:15:30.12z", "2026-03-02 08:15:30.120000000+00:00",
        "2026-03-02T08:15:30.1200000009Z", "2026-03-02T10:45:30.12+02:30", "2026-03-01T23:15:30.120-09:00",
        "2026-03-02T08:15:30.12-00:00",
    ])
    func `a time is read with any offset`(text: String) {
        #expect(PreciseTime(rfc3339: text)?.rfc3339 == "2026-03-02T08:15:30.120Z")
    }

    @Test(arguments: [
        "", "2026-03-02", "2026-03-02T08:15:30", "2026-03-02T08:15:30.5", "2026-03-02T08:15Z", "2026-03-02T08:15:30.Z",
        "2026-03-02T08:15:30,5Z", "2026-03-02T24:00:00Z", "2026-03-02T08:60:00Z", "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-03-02T08:15:30+0200", "2026-03-02T08:15:30+02", "2026-03-02T08:15:30+24:00",
        "2026-03-02T08:15:30+02:60", "2026-03-02T08:15:30Zx", "2026-03-02T08:15:30 Z", " 2026-03-02T08:15:30Z",
        "2026-03-02_08:15:30Z", "26-03-02T08:15:30.000Z", "+2026-03-02T08:15:30Z",
        "2026-03-02T08:15:61Z", "２026-03-02T08:15:30Z",
        "2026-03-02T08:15:30.0000000000000000000000000000000000000000000000000000000000Z",
    ])
    func `what is no moment is refused`(text: String) { #expect(PreciseTime(rfc3339: text) == nil) }

    @Test(arguments: [
        ("2262-04-11T23:47:16.854775808Z", Int64.max), ("9999-12-31T23:59:59Z", Int64.max),
        ("1677-09-21T00:12:43.145224191Z", Int64.min), ("0001-01-01T00:00:00Z", Int64.min),
    ])
    func `a moment that is too far off counts as the last or the first there is`(text: String, nanoseconds: Int64) {
        #expect(PreciseTime(rfc3339: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"), ("2015-06-30T23:59:60.5Z", "2015-07-01T00:00:00.500Z"),
        ("2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00Z"), ("1969-12-31T23:59:60Z", "1970-01-01T00:00:00Z"),
        ("2016-12-31T23:58:60Z", nil), ("2016-11-30T23:59:60Z", nil), ("2016-12-31T23:59:60+01:00", nil),
        ("2017-01-01T00:00:60Z", nil),
    ])
    func `a leap second is where there can be one`(text: String, expected: String?) {
        #expect(PreciseTime(rfc3339: text)?.rfc3339 == expected)
    }

    @Test func `texts with an offset sort by time`() {
        let times = [-1, 0, 1, 1000, 1_000_000, 999_999_999, 1_000_000_000, 1_000_000_001].map {
            PreciseTime(nanoseconds: $0)
        }
        #expect(times.map(\.rfc3339WithOffset).sorted() == times.map(\.rfc3339WithOffset))
    }
}
