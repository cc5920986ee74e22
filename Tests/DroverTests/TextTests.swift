import Bytes
import Client
import Testing

@testable import drover

@Suite struct TextTests {
    private func console(width: Int? = nil, colours: Bool = false, utf8: Bool = true) -> Console {
        let side = Console.Side(write: { _ in }, isTerminal: false)
        return Console(output: side, errors: side, isUTF8: utf8, hasColours: colours, width: { width })
    }

    private var table: Table {
        var table = Table([.init("ID"), .init("NOTHING"), .init("AGE", .right), .init("WHAT", shrinksTo: 4)])
        table.rows = [
            [.init("a"), .init(""), .init("12s"), .init("a long title")],
            [.init("日本"), .init(""), .init("3s"), .init("x")],
        ]
        return table
    }

    @Test func `aligns columns, and leaves out those that are empty`() {
        #expect(table.lines(on: console()) == ["ID    AGE  WHAT", "a     12s  a long title", "日本   3s  x"])
    }

    @Test func `cuts to the width of the terminal`() {
        #expect(table.lines(on: console(width: 18)) == ["ID    AGE  WHAT", "a     12s  a long…", "日本   3s  x"])
        #expect(table.lines(on: console(width: 5))[1] == "a     12s  a l…")
        #expect(table.lines(on: console(width: 18, utf8: false))[1] == "a     12s  a long~")
    }

    @Test func `colours do not count as columns`() {
        var table = Table([.init("A"), .init("B")])
        table.rows = [[.init("x", .good), .init("y")]]
        #expect(table.lines(on: console(colours: true))[1] == "\u{1B}[32mx\u{1B}[0m  y")
    }

    @Test(arguments: [
        ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("🎉", 2), ("❤️", 2), ("\u{1B}", 0), ("●◆✗", 3),
    ])
    func `knows how wide a text is`(text: String, width: Int) {
        #expect(displayWidth(text) == width)
    }

    @Test func `makes harmless what a terminal would act upon`() {
        #expect(harmless("a\u{1B}[31mb\nc\u{9B}d") == "a [31mb c d")
    }

    @Test(arguments: [
        (-5, "0s"), (0, "0s"), (59_999, "59s"), (60_000, "1m"), (3_599_999, "59m"), (3_600_000, "1h"),
        (86_400_000, "1d"), (1_000_000_000, "11d"),
    ])
    func `says how long ago, in a table`(milliseconds: Int, text: String) {
        #expect(RelativeTime.short(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (-1, "just now"), (999, "just now"), (1000, "1 s ago"), (61_000, "1 min ago"), (7_200_000, "2 h ago"),
        (86_400_000, "1 day ago"), (172_800_000, "2 days ago"),
    ])
    func `says how long ago, in a sentence`(milliseconds: Int, text: String) {
        #expect(RelativeTime.ago(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (850, "850 ms"), (3250, "3.2 s"), (250_000, "4 min 10 s"), (120_000, "2 min"), (7_500_000, "2 h 5 min"),
    ])
    func `says how long something took`(milliseconds: Int, text: String) {
        #expect(RelativeTime.length(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (15_000, "14 KB"), (5 << 20, "5.0 MB"),
        (Int.max / 16, "511 PB"),
    ])
    func `says how many bytes`(count: Int, text: String) {
        #expect(byteCount(count) == text)
    }

    @Test(arguments: [
        ("C-c", [3]), ("^C", [3]), ("Ctrl-C", [3]), ("Enter", [13]), ("up", [27, 91, 65]), ("M-x", [27, 120]),
        ("C-\\", [28]),
        ("C-Space", [0]), ("F1", [27, 79, 80]), ("q", [113]), ("é", [0xC3, 0xA9]),
    ])
    func `knows what keys send`(name: String, bytes: [UInt8]) {
        #expect(KeyNames.bytes(of: name) == bytes)
    }

    @Test(arguments: ["", "C-", "C-é", "Foo", "M-"])
    func `knows what is no key`(name: String) {
        #expect(KeyNames.bytes(of: name) == nil)
    }

    @Test(arguments: [
        ("3f0e1c2d-0000-4000-8000-000000000001", "3f0e1c2d"), ("019cad10-4e20-7b31-a6f0-5d2c9be01a01", "019cad10-4e20"),
        ("abc", "abc"),
    ])
    func `shortens an id to what is unique`(id: String, short: String) {
        #expect(Session.shortID(of: id) == short)
    }

    @Test func `shows as much of the ids as tells them apart`() {
        func session(_ id: String) -> Session { Session(json: Sample.session(id, state: "RUNNING"))! }
        #expect([session("12345678-a"), session("22345678-a")].distinguishingLength == 8)
        #expect([session("12345678-a1"), session("12345678-a2")].distinguishingLength == 11)
        #expect([Session]().distinguishingLength == 8)
    }
}
