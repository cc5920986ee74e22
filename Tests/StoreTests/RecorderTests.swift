import Bytes
import Glibc
import Testing

@testable import Store

@Suite struct RecorderTests {
    private let home = TemporaryHome()
    private let inbox = Inbox<RecorderCompletion>()
    private let header = RecordingHeader(columns: 80, rows: 24, startMs: 1_000_000)

    private func recorder(byteLimit: Int = 256 << 20) throws -> Recorder {
        try Recorder(home: home.path, byteLimit: byteLimit) { [inbox] in inbox.put($0) }
    }

    private var reader: RecordingReader { RecordingReader(home: home.path) }

    /// The lines of a recording after its header, read as JSON.
    private func events(_ session: String) throws -> [JSON] {
        let slice = try #require(try reader.cast(session: session))
        return try String(decoding: slice.bytes, as: UTF8.self).split(separator: "\n").dropFirst()
            .map { try JSON(parsing: String($0)) }
    }

    @Test func `the log has the program's bytes, whatever they are`() throws {
        let recorder = try recorder()
        try recorder.open(session: "s", header: header, token: 1)
        var expected: [UInt8] = []
        var random = SeededGenerator(1)
        for token in 2...300 {
            let count = Int.random(in: 0...5000, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            expected += bytes
            try recorder.append(session: "s", bytes, atMs: header.startMs + Int64(token), token: UInt64(token))
        }
        try recorder.close(session: "s", token: 301)
        let last = inbox.wait { $0.last?.token == 301 }.last
        let end = Int64(expected.count)
        #expect(last == RecorderCompletion(session: "s", token: 301, result: .closed, end: end, pending: 0))
        #expect(try reader.read(session: "s") == RecordingSlice(bytes: expected, offset: 0, end: end))
        #expect(try reader.size(session: "s") == end)
        let text = try events("s").map { $0[2]?.string ?? "" }.joined()
        #expect(text == String(decoding: expected, as: UTF8.self))
    }

    @Test func `completions tell how far the log goes`() throws {
        let recorder = try recorder()
        try recorder.open(session: "s", header: header, token: 1)
        #expect(
            inbox.wait(for: 1) == [RecorderCompletion(session: "s", token: 1, result: .opened, end: 0, pending: 0)])
        for token in 2...5 as ClosedRange<UInt64> {
            try recorder.append(session: "s", Array("12345".utf8), atMs: header.startMs, token: token)
            let completion = inbox.wait(for: Int(token)).last
            let end = Int64(token - 1) * 5
            #expect(
                completion
                    == RecorderCompletion(session: "s", token: token, result: .written, end: end, pending: 0))
            #expect(try reader.size(session: "s") == end)
        }
    }

    @Test func `a new size is recorded at once`() throws {
        let recorder = try recorder()
        try recorder.open(session: "s", header: header)
        try recorder.append(session: "s", Array("a".utf8), atMs: header.startMs + 10, token: 1)
        try recorder.resize(session: "s", columns: 120, rows: 40, atMs: header.startMs + 20)
        recorder.close()
        #expect(try events("s") == [[0.01, "o", "a"], [0.02, "r", "120x40"]])
    }

    @Test func `each session has its own files, for their owner alone`() throws {
        let recorder = try recorder()
        for session in ["a", "b"] {
            try recorder.open(session: session, header: header)
            try recorder.append(session: session, Array("I am \(session)".utf8), atMs: header.startMs, token: 1)
        }
        recorder.close()
        for session in ["a", "b"] {
            #expect(try reader.read(session: session)?.bytes == Array("I am \(session)".utf8))
        }
        #expect(home.mode("recordings") == 0o700)
        #expect(home.mode("recordings/a.log") == 0o600)
        #expect(home.mode("recordings/b.cast") == 0o600)
    }

    @Test func `says how much waits, and refuses above its bound`() throws {
        let gate = Inbox<Int>()
        let inbox = Inbox<RecorderCompletion>()
        let recorder = try Recorder(home: home.path, byteLimit: 1000) {
            inbox.put($0)
            gate.wait(for: 1)
        }
        try recorder.open(session: "s", header: header)
        inbox.wait(for: 1)
        // The recorder's thread is held in `deliver` now.
        let some = [UInt8](repeating: 0x61, count: 400)
        #expect(try recorder.append(session: "s", some, atMs: 0, token: 1) == 400)
        #expect(try recorder.append(session: "s", some, atMs: 0, token: 2) == 800)
        #expect(throws: StoreError.overloaded) { try recorder.append(session: "s", some, atMs: 0, token: 3) }
        #expect(recorder.pending(session: "s") == 800)
        gate.put([1])
        let written = inbox.wait(for: 2).last
        #expect(written == RecorderCompletion(session: "s", token: 2, result: .written, end: 800, pending: 0))
        #expect(try recorder.append(session: "s", some, atMs: 0, token: 4) == 400)
    }

    @Test func `goes on where an earlier run ended`() throws {
        do {
            let recorder = try recorder()
            try recorder.open(session: "s", header: header)
            try recorder.append(session: "s", Array("before".utf8), atMs: header.startMs + 5000, token: 1)
            recorder.close()
        }
        let recorder = try recorder()
        var later = header
        later.startMs += 60_000
        try recorder.open(session: "s", header: later, token: 2)
        try recorder.append(session: "s", Array(" after".utf8), atMs: later.startMs, token: 3)
        recorder.close()
        #expect(inbox.all.joined().contains { $0.token == 2 && $0.result == .opened && $0.end == 6 })
        #expect(try reader.read(session: "s")?.bytes == Array("before after".utf8))
        #expect(try events("s") == [[5.0, "o", "before"], [60.0, "o", " after"]])
    }

    @Test(arguments: ["../x", "a/b", "", ".", "..", ".hidden", "nul\0", String(repeating: "a", count: 201)])
    func `a session that cannot name a file is refused`(session: String) throws {
        let recorder = try recorder()
        try recorder.open(session: session, header: header, token: 1)
        #expect(inbox.wait(for: 1).first?.result == .failed(.invalidSession(session)))
        #expect(throws: StoreError.invalidSession(session)) { try reader.read(session: session) }
    }

    @Test func `output of a session that is not open is answered, too`() throws {
        let recorder = try recorder()
        try recorder.append(session: "s", [1], atMs: 0, token: 1)
        #expect(
            inbox.wait(for: 1)
                == [RecorderCompletion(session: "s", token: 1, result: .failed(.closed), end: 0, pending: 0)])
    }

    @Test func `on a full disk the recording ends, and its session may go on`() async {
        await #expect(processExitsWith: .success) {
            let home = TemporaryHome()
            let inbox = Inbox<RecorderCompletion>()
            let recorder = try Recorder(home: home.path) { inbox.put($0) }
            try recorder.open(session: "s", header: RecordingHeader(columns: 80, rows: 24, startMs: 0))
            try recorder.append(session: "s", [UInt8](repeating: 0x61, count: 5000), atMs: 0, token: 1)
            inbox.wait { $0.contains { $0.token == 1 } }
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 8000, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            for token in 2...3 as ClosedRange<UInt64> {
                try recorder.append(session: "s", [UInt8](repeating: 0x62, count: 5000), atMs: 1, token: token)
                inbox.wait { $0.contains { $0.token == token } }
            }
            limit.rlim_cur = rlim_t.max
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            recorder.close()
            let results = inbox.all.joined().filter { $0.token > 0 }
            #expect(results.map(\.result) == [.written, .failed(.full), .failed(.truncated(at: 8000))])
            #expect(results.map(\.end) == [5000, 8000, 8000])
            #expect(results.map(\.pending) == [0, 0, 0])
            let reader = RecordingReader(home: home.path)
            #expect(try reader.size(session: "s") == 8000)
            let cast = try #require(try reader.cast(session: "s"))
            let lines = String(decoding: cast.bytes, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 2)
            for line in lines { _ = try JSON(parsing: String(line)) }
        }
    }
}
