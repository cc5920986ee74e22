import Fleet
import Testing

private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }
private let kib = 1024

/// Checks that each chunk begins where the one before ended, and returns what they say together.
private func joined(_ chunks: [TerminalChunk], from start: Int = 0, _ comment: Comment? = nil) -> String {
    var offset = start
    var text = ""
    for chunk in chunks {
        #expect(chunk.offset == offset, comment)
        #expect(chunk.data.utf8.count <= EventLimits.chunkBytes, comment)
        offset += chunk.bytes ?? 0
        text += chunk.data
    }
    return text
}

@Suite struct TerminalChunkerTests {
    @Test func `an echo is sent at once, and what follows within 16 ms in one piece`() {
        var chunker = TerminalChunker(offset: 100)
        #expect(chunker.feed(Array("a".utf8), at: at(0)) == [TerminalChunk(data: "a", offset: 100, bytes: 1)])
        #expect(chunker.deadline == nil)
        #expect(chunker.feed(Array("b".utf8), at: at(3)) == [])
        #expect(chunker.feed(Array("c".utf8), at: at(15)) == [])
        #expect(chunker.deadline == at(16))
        #expect(chunker.wake(at: at(15)) == [])
        #expect(chunker.wake(at: at(16)) == [TerminalChunk(data: "bc", offset: 101, bytes: 2)])
        #expect(chunker.feed(Array("d".utf8), at: at(20)) == [])
        #expect(chunker.feed(Array("e".utf8), at: at(32)) == [TerminalChunk(data: "de", offset: 103, bytes: 2)])
        #expect(chunker.feed(Array("f".utf8), at: at(60)) == [TerminalChunk(data: "f", offset: 105, bytes: 1)])
        #expect(chunker.sentOffset == 106)
    }

    @Test func `16 KiB do not wait for the deadline`() {
        var chunker = TerminalChunker()
        #expect(chunker.feed([0x61], at: at(0)).count == 1)
        #expect(chunker.feed([UInt8](repeating: 0x62, count: 16 * kib - 1), at: at(1)) == [])
        let chunks = chunker.feed([0x63, 0x64], at: at(2))
        #expect(chunks.map(\.bytes) == [16 * kib])
        #expect(chunker.deadline == at(18))
        #expect(chunker.wake(at: at(18)).map(\.data) == ["d"])
    }

    @Test func `a large read is cut between scalars`() {
        var chunker = TerminalChunker()
        let text = "x" + String(repeating: "é", count: 20_000) + String(repeating: "🐑", count: 5_000)
        let chunks = chunker.feed(Array(text.utf8), at: at(0))
        #expect(joined(chunks) == text)
        #expect(chunks.first?.bytes == 16 * kib - 1)
        #expect(!chunks.contains { $0.data.unicodeScalars.contains("\u{FFFD}") })
    }

    @Test func `the beginning of a sequence waits for its rest`() {
        var chunker = TerminalChunker()
        #expect(chunker.feed([0x61, 0xF0, 0x9F], at: at(0)) == [TerminalChunk(data: "a", offset: 0, bytes: 1)])
        #expect(chunker.deadline == nil)
        #expect(chunker.feed([0x90, 0x91], at: at(40)) == [TerminalChunk(data: "🐑", offset: 1, bytes: 4)])
        #expect(chunker.deadline == nil)
    }

    @Test func `the beginning of a sequence is shown as U+FFFD once another byte or the end proves it wrong`() {
        var chunker = TerminalChunker()
        #expect(chunker.feed([0xE2, 0x82], at: at(0)) == [])
        #expect(chunker.wake(at: at(10_000)) == [])
        #expect(chunker.feed([0x62], at: at(10_001)) == [TerminalChunk(data: "\u{FFFD}b", offset: 0, bytes: 3)])
        #expect(chunker.feed([0x61, 0xC3], at: at(20_000)) == [TerminalChunk(data: "a", offset: 3, bytes: 1)])
        #expect(chunker.flush() == [TerminalChunk(data: "\u{FFFD}", offset: 4, bytes: 1)])
        #expect(chunker.flush() == [])
    }

    @Test func `bytes that are not UTF-8 become U+FFFD and chunks stay small`() {
        var chunker = TerminalChunker()
        let garbage = [UInt8](repeating: 0xFF, count: 40_000)
        #expect(joined(chunker.feed(garbage, at: at(0))) == String(repeating: "\u{FFFD}", count: 40_000))
    }

    @Test func `says the same wherever the bytes are cut`() {
        let samples: [[UInt8]] = [
            Array("añ€🐑 z".utf8), [0xE0, 0x80, 0x80, 0x61], [0xED, 0xA0, 0x80], [0xF0, 0x90, 0x80, 0x41],
            [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80, 0xC3, 0xC3, 0xA9], [0xE2, 0x82, 0xE2, 0x82, 0xAC, 0xF1, 0x80],
        ]
        for bytes in samples {
            let whole = String(decoding: bytes, as: UTF8.self)
            for first in 0...bytes.count {
                for second in first...bytes.count {
                    var chunker = TerminalChunker()
                    var chunks = chunker.feed(Array(bytes[..<first]), at: at(0))
                    chunks += chunker.feed(Array(bytes[first..<second]), at: at(20))
                    chunks += chunker.feed(Array(bytes[second...]), at: at(40))
                    chunks += chunker.flush()
                    #expect(Array(joined(chunks).utf8) == Array(whole.utf8), "\(bytes) at \(first), \(second)")
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func `whatever is fed and whenever, the chunks are the output`(seed: Int) {
        var random = Seeded(UInt64(seed))
        let pieces = ["a", "é", "€", "🐑", "\u{1B}[31m", "line\r\n"].map { Array($0.utf8) } + [[0xFF], [0xE2, 0x82]]
        var chunker = TerminalChunker()
        var chunks: [TerminalChunk] = []
        var all: [UInt8] = []
        var now: Int64 = 0
        for _ in 0..<200 {
            var bytes: [UInt8] = []
            for _ in 0..<random.int(0...(random.int(0...20) == 0 ? 9000 : 5)) { bytes += random.pick(pieces) }
            if random.int(0...3) == 0, !bytes.isEmpty { bytes.removeLast() }
            all += bytes
            chunks += chunker.feed(bytes, at: at(now))
            now += Int64(random.int(0...30))
            if let deadline = chunker.deadline, deadline <= at(now), complete(all) {
                chunks += chunker.wake(at: at(now))
            }
        }
        chunks += chunker.flush()
        #expect(Array(joined(chunks).utf8) == Array(String(decoding: all, as: UTF8.self).utf8))
        #expect(chunker.sentOffset == all.count)
    }

    private func complete(_ bytes: [UInt8]) -> Bool { bytes.last.map { $0 < 0x80 } ?? true }
}

@Suite struct OutputLimiterTests {
    private func chunk(_ offset: Int, _ size: Int) -> TerminalChunk {
        TerminalChunk(data: String(repeating: "x", count: size), offset: offset, bytes: size)
    }

    @Test func `output within the rate passes at once`() {
        var limiter = OutputLimiter()
        var offset = 0
        for tick in 0..<400 {
            let chunks = [chunk(offset, 5 * kib)]
            #expect(limiter.admit(chunks, at: at(Int64(tick) * 10)) == chunks)
            offset += 5 * kib
        }
        #expect(limiter.deadline == nil)
        #expect(limiter.lostBytes == 0)
    }

    @Test func `a flood is shown by its newest part, with a mark for the rest`() {
        var limiter = OutputLimiter()
        var sent: [TerminalChunk] = []
        var offset = 0
        for _ in 0..<128 {
            sent += limiter.admit([chunk(offset, 16 * kib)], at: at(0))
            offset += 16 * kib
        }
        #expect(sent.count == 64)
        #expect(limiter.isLimiting)
        #expect(limiter.lostBytes == 60 * 16 * kib)
        #expect(limiter.deadline == at(125))
        #expect(limiter.wake(at: at(124)) == [])
        sent += limiter.wake(at: at(125))
        #expect(joined(sent).utf8.count > 0)
        #expect(sent.count == 64 + 1 + 4)
        #expect(sent[64].lost == 60 * 16 * kib)
        #expect(sent[64].data.contains("983040 bytes not shown"))
        #expect(sent.reduce(0) { $0 + $1.bytes! } == offset)
        #expect(!limiter.isLimiting)
        #expect(limiter.deadline == nil)
    }

    @Test func `a lasting flood is held to the rate and stays contiguous`() {
        var limiter = OutputLimiter()
        var sent: [TerminalChunk] = []
        var offset = 0
        for millisecond in 0..<10_000 {
            sent += limiter.admit([chunk(offset, 16 * kib)], at: at(Int64(millisecond)))
            offset += 16 * kib
        }
        sent += limiter.flush()
        let text = joined(sent)
        #expect(sent.reduce(0) { $0 + $1.bytes! } == offset)
        #expect(text.utf8.count > 10 * OutputLimiter.rate)
        #expect(text.utf8.count < 10 * OutputLimiter.rate + OutputLimiter.burst + 2 * OutputLimiter.backlog)
        #expect(sent.count { $0.lost != nil } <= 85)
    }

    @Test func `what waits is given out at the end`() {
        var limiter = OutputLimiter()
        var sent: [TerminalChunk] = []
        for index in 0..<65 { sent += limiter.admit([chunk(index * 16 * kib, 16 * kib)], at: at(0)) }
        #expect(sent.count == 64)
        sent += limiter.flush()
        #expect(joined(sent).utf8.count == 65 * 16 * kib)
        #expect(limiter.flush() == [])
    }
}
