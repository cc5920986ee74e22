/// Redacts bytes that come in pieces, byte for byte: what goes out is as long as what came in.
///
/// Ordinary output passes at once. Bytes are held back only while they are the middle of what may become a secret, and
/// for at most ``patience``; call ``release(at:into:)`` at ``nextRelease``. A secret that is completed later than that
/// is starred from there on.
public struct SecretStream: Sendable {
    public static let patience = Duration.milliseconds(16)

    let rules: SecretRedactor
    /// What was sent lately, for looking back, and what is held.
    private var window: [UInt8] = []
    /// How much of the window was sent.
    private var sent = 0
    private var resume = 0
    private var open: SecretRedactor.Open?
    /// Marks that reach into what is held.
    private var settled: [SecretRedactor.Mark] = []
    private var tentative: [SecretRedactor.Mark] = []
    /// Offset in the stream of the first byte held, so that waiting does not begin anew with each byte.
    private var heldFrom = 0
    private var offset = 0

    /// When ``release(at:into:)`` is due; `nil` while nothing is held.
    public private(set) var nextRelease: MonotonicTime?
    /// Secrets found so far.
    public private(set) var redactions = 0

    init(_ rules: SecretRedactor) { self.rules = rules }

    /// How many bytes are held back.
    public var heldCount: Int { window.count - sent }

    /// Takes bytes and appends those that may go out, redacted.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime, into output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        window.append(contentsOf: bytes)
        scan(isEnd: false, into: &output)
        if heldCount == 0 {
            nextRelease = nil
        } else if nextRelease == nil || heldFrom != offset + sent {
            heldFrom = offset + sent
            nextRelease = now + Self.patience
        }
        trim()
    }

    public mutating func feed(_ bytes: [UInt8], at now: MonotonicTime, into output: inout [UInt8]) {
        bytes.withUnsafeBytes { feed($0, at: now, into: &output) }
    }

    /// Lets go of what was held for long enough.
    public mutating func release(at now: MonotonicTime, into output: inout [UInt8]) {
        guard let nextRelease, nextRelease <= now else { return }
        self.nextRelease = nil
        send(upTo: window.count, into: &output)
        trim()
    }

    /// Lets go of everything: nothing follows.
    public mutating func finish(into output: inout [UInt8]) {
        nextRelease = nil
        scan(isEnd: true, into: &output)
        send(upTo: window.count, into: &output)
        trim()
    }

    // MARK: Private

    private mutating func scan(isEnd: Bool, into output: inout [UInt8]) {
        let result = window.withUnsafeBufferPointer { window in
            rules.scan(window, from: resume, open: open, isEnd: isEnd)
        }
        redactions += result.count
        open = result.open
        resume = result.resume
        tentative = result.marks
        send(upTo: max(sent, result.hold), into: &output)
    }

    private mutating func send(upTo end: Int, into output: inout [UInt8]) {
        let base = output.count - sent
        output += window[sent..<end]
        for mark in settled { apply(mark, upTo: end, base, &output) }
        for mark in tentative { apply(mark, upTo: end, base, &output) }
        sent = end
        // What is found again on the next look needs no memory; what began before it does.
        settled = (settled + tentative).filter { $0.range.upperBound > end }
        tentative = []
    }

    private func apply(_ mark: SecretRedactor.Mark, upTo end: Int, _ base: Int, _ output: inout [UInt8]) {
        for index in max(
            sent, mark.range.lowerBound)..<max(sent, mark.range.lowerBound, min(end, mark.range.upperBound))
        where mark.covers(window[index]) {
            output[base + index] = star
        }
    }

    /// Drops what nobody looks back at any more.
    private mutating func trim() {
        // A partial value that waits longer than the longest one will never be completed.
        if window.count - resume > SecretRedactor.longestValue + SecretPatterns.lookback { resume = sent }
        let needed = min(sent, max(0, min(sent, resume) - SecretPatterns.lookback))
        guard needed > 0 else { return }
        window.removeFirst(needed)
        sent -= needed
        resume -= needed
        offset += needed
        settled = settled.map {
            SecretRedactor.Mark(
                range: ($0.range.lowerBound - needed)..<($0.range.upperBound - needed), isBase64Only: $0.isBase64Only)
        }
    }
}
