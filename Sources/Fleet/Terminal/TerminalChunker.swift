/// Cuts the bytes of a terminal into chunks for viewers (control-plane §2.7).
///
/// The first bytes after a pause leave at once, so that an echo never waits; what follows within 16 ms is joined. No
/// chunk is larger than 16 KiB of UTF-8, and none ends inside a character. What is not UTF-8 becomes U+FFFD, one for
/// each maximal wrong part, just as if the whole output had been read at once.
///
/// Whoever records the output writes ``Output/raw`` when a chunk comes out, so that recordings end where chunks end.
public struct TerminalChunker: Equatable, Sendable {
    public static let window = Duration.milliseconds(16)

    /// A chunk, and the bytes it was made of.
    public struct Output: Equatable, Sendable {
        /// Has its `offset` and its number of `bytes`.
        public var chunk: TerminalChunk
        public var raw: [UInt8]
    }

    /// Bytes that are not out yet.
    private var pending: [UInt8] = []
    /// Offset of the first byte pending: how many are out.
    public private(set) var offset: Int
    private var lastSent: MonotonicTime?

    /// `offset` is where the recording ends already.
    public init(offset: Int = 0) { self.offset = offset }

    /// Takes bytes from the terminal and gives the chunks that leave now.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime) -> [Output] {
        pending.append(contentsOf: bytes)
        if isWindowOpen(at: now) { return send(all: true, at: now) }
        return send(all: false, at: now)
    }

    public mutating func feed(_ bytes: [UInt8], at now: MonotonicTime) -> [Output] {
        bytes.withUnsafeBytes { feed($0, at: now) }
    }

    /// When ``flush(at:)`` is due; `nil` while there is nothing but, at most, the beginning of a character.
    public var nextFlush: MonotonicTime? {
        guard let lastSent, pending.count > incomplete(upTo: pending.count) else { return nil }
        return lastSent + Self.window
    }

    /// Gives what was joined, if its time has come.
    public mutating func flush(at now: MonotonicTime) -> [Output] {
        isWindowOpen(at: now) ? send(all: true, at: now) : []
    }

    /// Gives all that is left: the terminal is closed, and a character that is not complete never will be.
    public mutating func finish() -> [Output] {
        var outputs = drain(all: true)
        if !pending.isEmpty { outputs.append(take(pending.count)) }
        return outputs
    }

    // MARK: Private

    private func isWindowOpen(at now: MonotonicTime) -> Bool {
        lastSent.map { now >= $0 + Self.window } ?? true
    }

    private mutating func send(all: Bool, at now: MonotonicTime) -> [Output] {
        let outputs = drain(all: all)
        if !outputs.isEmpty { lastSent = now }
        return outputs
    }

    /// Full chunks, and with `all` the rest too.
    private mutating func drain(all: Bool) -> [Output] {
        var outputs: [Output] = []
        while pending.count >= EventLimits.chunkBytes || (all && !pending.isEmpty) {
            let end = min(pending.count, EventLimits.chunkBytes)
            let count = end - incomplete(upTo: end)
            guard count > 0 else { break }
            outputs.append(take(count))
        }
        return outputs
    }

    /// Takes at most this many bytes, fewer when they are longer in UTF-8 than a chunk may be.
    private mutating func take(_ count: Int) -> Output {
        var count = count
        var data = String(decoding: pending[..<count], as: UTF8.self)
        if data.utf8.count > EventLimits.chunkBytes {
            // A wrong byte becomes three.
            let end = EventLimits.chunkBytes / 3
            count = end - incomplete(upTo: end)
            data = String(decoding: pending[..<count], as: UTF8.self)
        }
        let raw = Array(pending[..<count])
        pending.removeFirst(count)
        let chunk = TerminalChunk(data: data, offset: offset, bytes: count)
        offset += count
        return Output(chunk: chunk, raw: raw)
    }

    /// How many bytes before `end` are the beginning of a character whose rest may still come.
    private func incomplete(upTo end: Int) -> Int {
        for back in 1...3 where back <= end {
            let byte = pending[end - back]
            if byte < 0x80 { return 0 }
            guard byte >= 0xC0 else { continue }
            let length: Int
            switch byte {
            case 0xC2...0xDF: length = 2
            case 0xE0...0xEF: length = 3
            case 0xF0...0xF4: length = 4
            default: return 0
            }
            guard length > back else { return 0 }
            guard back >= 2 else { return back }
            // Not every second byte may follow.
            let second = pending[end - back + 1]
            switch byte {
            case 0xE0: return second >= 0xA0 ? back : 0
            case 0xED: return second <= 0x9F ? back : 0
            case 0xF0: return second >= 0x90 ? back : 0
            case 0xF4: return second <= 0x8F ? back : 0
            default: return back
            }
        }
        return 0
    }
}
