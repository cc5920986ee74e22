import Bytes
import Glibc
import Testing

@testable import Store

@Suite struct RecordingReaderTests {
    private let home = TemporaryHome()
    private let header = RecordingHeader(columns: 80, rows: 24, startMs: 7000)

    private var reader: RecordingReader { RecordingReader(home: home.path) }

    private func record(_ text: String) throws {
        let recorder = try Recorder(home: home.path) { _ in }
        try recorder.open(session: "s", header: header)
        try recorder.append(session: "s", Array(text.utf8), atMs: header.startMs, token: 1)
        recorder.close()
    }

    @Test(arguments: [
        (0, Int.max, "0123456789", 0), (3, 4, "3456", 3), (-4, Int.max, "6789", 6), (-4, 2, "67", 6),
        (-99, 2, "01", 0), (10, 5, "", 10), (99, 5, "", 10), (0, 0, "", 0), (2, -1, "", 2),
    ])
    func `reads from an offset, or from the end`(from: Int64, limit: Int, text: String, offset: Int64) throws {
        try record("0123456789")
        #expect(
            try reader.read(session: "s", from: from, limit: limit)
                == RecordingSlice(bytes: Array(text.utf8), offset: offset, end: 10))
    }

    @Test func `a session without a recording has none`() throws {
        #expect(try reader.read(session: "s") == nil)
        #expect(try reader.cast(session: "s") == nil)
        #expect(try reader.size(session: "s") == nil)
    }

    @Test(arguments: [#"[9.5,"o","half a li"#, "[", #"[9.5,"o","no line break"]"#])
    func `a torn last line is not shown, and is dropped before more is recorded`(torn: String) throws {
        try record("whole")
        let whole = try home.read("recordings/s.cast")
        home.write("recordings/s.cast", whole + Array(torn.utf8))
        #expect(try reader.cast(session: "s")?.bytes == whole)
        try record(" more")
        #expect(try home.read("recordings/s.cast") == whole + Array("[0.000,\"o\",\" more\"]\n".utf8))
    }

    @Test func `wherever a crash cuts a recording, whole lines are left`() throws {
        try record("one\r\ntwo ä\u{1B}[m")
        let whole = try home.read("recordings/s.cast") + Array("[1.0,\"r\",\"80x24\"]\n[2.0,\"o\",\"x\"]\n".utf8)
        for count in 0...whole.count {
            home.write("recordings/s.cast", Array(whole.prefix(count)))
            _ = RecordingPaths(home: home.path).repair()
            let lineEnd = whole.prefix(count).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            #expect(try home.read("recordings/s.cast") == Array(whole.prefix(lineEnd)))
        }
    }

    @Test func `a torn header is written anew`() throws {
        try record("")
        let whole = try home.read("recordings/s.cast")
        home.write("recordings/s.cast", Array(whole.dropLast()))
        try record("x")
        #expect(try home.read("recordings/s.cast") == whole + Array("[0.000,\"o\",\"x\"]\n".utf8))
    }

    @Test func `all torn recordings of a home are put right at the start`() throws {
        try record("whole")
        let whole = try home.read("recordings/s.cast")
        let long = Array("[1.0,\"o\",\"".utf8) + [UInt8](repeating: 0x61, count: 200_000)
        home.write("recordings/torn.cast", whole + long)
        home.write("recordings/empty.cast", [])
        home.write("recordings/other.txt", [0x61])
        #expect(RecordingPaths(home: home.path).repair() == ["torn"])
        #expect(try home.read("recordings/torn.cast") == whole)
        #expect(RecordingPaths(home: home.path + "/nowhere").repair().isEmpty)
    }

    @Test func `after a kill the log is whole and the recording can be played`() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            let recorder = try Recorder(home: path) { _ in }
            try recorder.open(session: "s", header: RecordingHeader(columns: 80, rows: 24, startMs: 0))
            let killer = try WorkerThread(name: "killer") {
                usleep(30_000)
                kill(getpid(), SIGKILL)
            }
            var number = 0
            while true {
                if recorder.pending(session: "s") < 1 << 20 {
                    try recorder.append(session: "s", Array("\(number)\n".utf8), atMs: Int64(number), token: 0)
                    number += 1
                } else {
                    usleep(100)
                }
            }
            killer.join()
        }
        _ = RecordingPaths(home: home.path).repair()
        let log = String(decoding: try #require(try reader.read(session: "s")).bytes, as: UTF8.self)
        let numbers = log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(numbers.elementsEqual((0..<numbers.count).map(String.init), by: { $0 == $1 }))
        let cast = try #require(try reader.cast(session: "s"))
        var shown = ""
        for line in String(decoding: cast.bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
            shown += try JSON(parsing: String(line))[2]?.string ?? ""
        }
        // The log is written first, so that the recording never shows what the log has not.
        #expect(log.hasPrefix(shown))
    }
}
