import Fleet
import Testing

private let start = MonotonicTime(milliseconds: 100)

@Suite struct TerminalChunkerTests {
    @Test func `an echo leaves at once, and what follows is joined`() {
        var chunker = TerminalChunker()
        #expect(
            chunker.feed(Array("a".utf8), at: start).map(\.chunk) == [TerminalChunk(data: "a", offset: 0, bytes: 1)])
        #expect(chunker.nextFlush == nil)
        #expect(chunker.feed(Array("b".utf8), at: start + .milliseconds(5)) == [])
        #expect(chunker.feed(Array("c".utf8), at: start + .milliseconds(10)) == [])
        #expect(chunker.nextFlush == start + .milliseconds(16))
        #expect(chunker.flush(at: start + .milliseconds(15)) == [])
        let joined = chunker.flush(at: start + .milliseconds(16))
        #expect(joined.map(\.chunk) == [TerminalChunk(data: "bc", offset: 1, bytes: 2)])
        #expect(joined.map(\.raw) == [Array("bc".utf8)])
        // A pause, and the next leaves at once again.
        #expect(chunker.feed(Array("d".utf8), at: start + .milliseconds(40)).map(\.chunk.data) == ["d"])
    }

    @Test func `a character waits for its last byte, without a deadline`() {
        var chunker = TerminalChunker()
        let euro = Array("€".utf8)
        #expect(chunker.feed([euro[0]], at: start) == [])
        #expect(chunker.nextFlush == nil)
        #expect(chunker.feed([euro[1]], at: start) == [])
        #expect(
            chunker.feed([euro[2]], at: start).map(\.chunk) == [TerminalChunk(data: "€", offset: 0, bytes: 3)])
        #expect(chunker.feed([euro[0]], at: start + .seconds(1)) == [])
        #expect(chunker.finish().map(\.chunk) == [TerminalChunk(data: "\u{FFFD}", offset: 3, bytes: 1)])
    }

    @Test func `a flood leaves in chunks of sixteen KiB`() {
        var chunker = TerminalChunker(offset: 1000)
        let outputs = chunker.feed(Array(String(repeating: "é", count: 20_001).utf8), at: start)
        #expect(outputs.map(\.chunk.bytes) == [16_384, 16_384, 7234])
        #expect(outputs.map(\.chunk.offset) == [1000, 17_384, 33_768])
        // Within the window full chunks leave, the rest waits.
        let more = chunker.feed([UInt8](repeating: 0x78, count: 20_000), at: start + .milliseconds(1))
        #expect(more.map(\.chunk.bytes) == [16_384])
    }

    @Test func `bytes that are no UTF-8 become larger, and chunks do not`() {
        var chunker = TerminalChunker()
        let outputs = chunker.feed([UInt8](repeating: 0xFF, count: 40_000), at: start) + chunker.finish()
        #expect(outputs.allSatisfy { $0.chunk.data.utf8.count <= 16_384 })
        #expect(outputs.reduce(0) { $0 + $1.raw.count } == 40_000)
    }

    private static let texts: [[UInt8]] = [
        Array("aé€😀z".utf8), [0xE2, 0x82, 0x41], [0xF0, 0x9F, 0x98], [0xC0, 0xAF, 0x80], [0xE0, 0x80, 0x80],
        [0xED, 0xA0, 0x80, 0x78], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80], [0xE2, 0x82, 0xE2, 0x82, 0xAC],
    ]

    @Test(arguments: texts)
    func `cut anywhere, the text is the same`(bytes: [UInt8]) {
        for cut in 0...bytes.count { check([Array(bytes[..<cut]), Array(bytes[cut...])]) }
        check(bytes.map { [$0] })
    }

    @Test func `whatever bytes come, however they come, the text is the same`() {
        var random = Seeded(31)
        for _ in 0..<2000 {
            check(
                (0..<random.int(1...8)).map { _ in
                    random.int(0...2) == 0 ? random.bytes(random.int(1...5)) : random.pick(Self.texts)
                })
        }
    }

    private func check(_ pieces: [[UInt8]]) {
        var chunker = TerminalChunker()
        var now = start
        var outputs: [TerminalChunker.Output] = []
        for piece in pieces {
            outputs += chunker.feed(piece, at: now)
            now = now + .milliseconds(7)
            outputs += chunker.flush(at: now)
        }
        outputs += chunker.finish()
        let bytes = pieces.flatMap { $0 }
        #expect(
            outputs.map(\.chunk.data).joined().unicodeScalars.elementsEqual(
                String(decoding: bytes, as: UTF8.self).unicodeScalars))
        #expect(outputs.flatMap(\.raw) == bytes)
        var offset = 0
        for output in outputs {
            #expect(output.chunk.offset == offset)
            #expect(output.chunk.bytes == output.raw.count)
            offset += output.raw.count
        }
    }
}

@Suite struct OutputLimiterTests {
    private func chunk(_ offset: Int, _ count: Int) -> TerminalChunk {
        TerminalChunk(
            data: String(decoding: [UInt8](repeating: 120, count: count), as: UTF8.self), offset: offset, bytes: count)
    }

    @Test func `a burst passes, then half a megabyte a second`() {
        var limiter = OutputLimiter()
        var sent = 0
        var offset = 0
        var now = start
        // Ten times the rate, for ten seconds.
        for _ in 0..<3200 {
            for chunk in limiter.offer(chunk(offset, 16_384), at: now) where chunk.lost == nil {
                sent += chunk.data.utf8.count
            }
            offset += 16_384
            now = now + .milliseconds(3) + .microseconds(125)
        }
        let allowed = 1024 * 1024 + 10 * 512 * 1024
        #expect(sent <= allowed)
        #expect(sent > allowed - 200 * 1024)
    }

    @Test func `what is dropped is the oldest, and one mark says how much`() {
        var limiter = OutputLimiter(rate: 1000, burst: 40_000, backlog: 20_000)
        #expect(limiter.offer(chunk(0, 16_000), at: start).count == 1)
        #expect(limiter.offer(chunk(16_000, 16_000), at: start).count == 1)
        #expect(limiter.offer(chunk(32_000, 16_000), at: start) == [])
        #expect(limiter.isThrottling)
        #expect(limiter.nextRelease == start + .seconds(8))
        #expect(limiter.offer(chunk(48_000, 10_000), at: start) == [])
        #expect(limiter.offer(chunk(58_000, 9000), at: start) == [])
        #expect(limiter.lostBytes == 16_000)
        #expect(limiter.release(at: start + .milliseconds(900)) == [])
        let chunks = limiter.release(at: start + .seconds(20))
        #expect(chunks.map(\.offset) == [32_000, 48_000, 58_000])
        #expect(chunks.map(\.bytes) == [16_000, 10_000, 9000])
        #expect(chunks.map(\.lost) == [16_000, nil, nil])
        #expect(chunks[0].data.contains("16000 bytes of output not shown"))
        #expect(!limiter.isThrottling)
        #expect(limiter.nextRelease == nil)
    }

    @Test func `the last words of a session are not held back`() {
        var limiter = OutputLimiter(rate: 1000, burst: 33_000, backlog: 1000)
        _ = limiter.offer(chunk(0, 16_000), at: start)
        _ = limiter.offer(chunk(16_000, 16_900), at: start)
        _ = limiter.offer(chunk(32_900, 2000), at: start)
        _ = limiter.offer(chunk(34_900, 400), at: start)
        #expect(limiter.finish().map(\.lost) == [2000, nil])
        #expect(limiter.finish() == [])
    }

    @Test func `every byte is sent or marked, in order`() {
        var random = Seeded(41)
        for _ in 0..<200 {
            var limiter = OutputLimiter(rate: 20_000, burst: 40_000, backlog: 30_000)
            var now = start
            var offset = 0
            var expected = 0
            func check(_ chunks: [TerminalChunk]) {
                for chunk in chunks {
                    #expect(chunk.offset == expected)
                    expected += chunk.bytes ?? 0
                }
            }
            for _ in 0..<60 {
                let count = random.int(1...16_000)
                check(limiter.offer(chunk(offset, count), at: now))
                offset += count
                now = now + .milliseconds(random.int(0...600))
                if let due = limiter.nextRelease {
                    #expect(due > MonotonicTime(milliseconds: 0))
                    if due <= now { check(limiter.release(at: now)) }
                }
            }
            if let due = limiter.nextRelease { check(limiter.release(at: due)) }
            check(limiter.finish())
            #expect(expected == offset)
        }
    }

    @Test func `when it says something is due, something is`() {
        var random = Seeded(43)
        var limiter = OutputLimiter(rate: 77_777, burst: 40_000, backlog: 100_000)
        var offset = 0
        for _ in 0..<500 {
            let count = random.int(1...16_000)
            _ = limiter.offer(chunk(offset, count), at: start)
            offset += count
        }
        var releases = 0
        while let due = limiter.nextRelease {
            #expect(!limiter.release(at: due).isEmpty)
            releases += 1
        }
        #expect(releases > 3)
    }
}

@Suite struct EventRingTests {
    @Test func `gives what came after a number`() {
        var ring = EventRing()
        for number in 1...5 { ring.append([UInt8(number)], sequence: number) }
        let all = ring.after(0, limit: 100)
        #expect(all.items == [[1], [2], [3], [4], [5]])
        #expect(all.lastSequence == 5)
        #expect(!all.isTruncated)
        #expect(ring.after(3, limit: 1).items == [[4]])
        #expect(ring.after(5, limit: 10).items == [])
        #expect(ring.after(99, limit: 10).items == [])
    }

    @Test func `keeps two thousand events and says what is gone`() {
        var ring = EventRing()
        for number in 1...6000 { ring.append([0], sequence: number) }
        #expect(ring.count == 2000)
        #expect(ring.after(3999, limit: 1).isTruncated)
        #expect(!ring.after(4000, limit: 1).isTruncated)
        #expect(ring.after(0, limit: 3000).items.count == 2000)
    }

    @Test func `keeps four MiB`() {
        var ring = EventRing()
        let large = [UInt8](repeating: 1, count: 1024 * 1024)
        for number in 1...10 { ring.append(large, sequence: number) }
        #expect(ring.count == 4)
        #expect(ring.byteCount == 4 * 1024 * 1024)
    }

    @Test func `takes no number twice, and knows what was before it`() {
        var ring = EventRing(lastSequence: 10)
        ring.append([1], sequence: 10)
        #expect(ring.count == 0)
        ring.append([2], sequence: 12)
        #expect(ring.after(0, limit: 5).isTruncated)
        #expect(!ring.after(10, limit: 5).isTruncated)
        #expect(ring.after(0, limit: 5).items == [[2]])
    }
}
