/// Takes secrets out of the bytes of a terminal as they come (control-plane §7.5).
///
/// Of a secret the first four characters stay, each byte after them becomes a star: lengths and offsets are unchanged.
/// It knows the given values and tokens by their shape; names like `password` mean nothing here, since a terminal is
/// full of program text.
///
/// Output passes at once, except what may be the inside of a secret that is not decided: at most 128 bytes, for at most
/// 16 ms. What was let go then is still remembered, so that the end of a secret typed slowly is starred.
///
/// A plain value: the caller feeds every byte once and in order, and calls ``wake(at:)`` at ``deadline``.
public struct TerminalRedactor: Sendable {
    /// How long undecided bytes are held back.
    public static let patience = Duration.milliseconds(16)

    private var scanner: SecretScanner
    /// Bytes from where a secret may have begun.
    private var tail: [UInt8] = []
    /// How many bytes of `tail` were passed on.
    private var shown = 0
    /// The two bytes before `tail`.
    private var before: (UInt8, UInt8) = (0, 0)
    private var heldSince: MonotonicTime?

    public init(_ redactor: SecretRedactor) { scanner = SecretScanner(redactor.patterns) }

    /// How many secrets were starred so far. The caller raises an alert when it grows (§7.8).
    public var secrets: Int { scanner.found }

    /// When ``wake(at:)`` is due; `nil` while nothing is held back.
    public var deadline: MonotonicTime? { heldSince.map { $0 + Self.patience } }

    /// Takes the next bytes, and returns what may be shown now.
    public mutating func feed(_ bytes: [UInt8], at now: MonotonicTime) -> [UInt8] {
        guard !bytes.isEmpty else { return [] }
        let work = tail.isEmpty ? bytes : tail + bytes
        let result = work.withUnsafeBufferPointer { scanner.scan($0, before: before, isFinal: false) }
        let hold = max(shown, result.hold)
        let output = part(of: work, from: shown, to: hold, result)
        remember(work, from: result.tail)
        shown = tail.isEmpty ? 0 : hold - result.tail
        if shown == tail.count { heldSince = nil } else if heldSince == nil { heldSince = now }
        return output
    }

    /// Reacts to the passing of time: returns what was held back long enough.
    public mutating func wake(at now: MonotonicTime) -> [UInt8] {
        guard let deadline, now >= deadline else { return [] }
        return release()
    }

    /// Returns what is held back, for the end of the output.
    public mutating func flush() -> [UInt8] {
        let output = release()
        remember(tail, from: tail.count)
        shown = 0
        return output
    }

    // MARK: - Private

    private mutating func release() -> [UInt8] {
        heldSince = nil
        guard !tail.isEmpty else { return [] }
        let found = scanner.found
        let result = tail.withUnsafeBufferPointer { scanner.scan($0, before: before, isFinal: true) }
        let output = part(of: tail, from: shown, to: tail.count, result)
        if scanner.found > found {
            remember(tail, from: tail.count)
            shown = 0
        } else {
            shown = tail.count
        }
        return output
    }

    private func part(of work: [UInt8], from start: Int, to end: Int, _ result: SecretScanner.Result) -> [UInt8] {
        if start == 0, end == work.count, result.stars.isEmpty { return work }
        var output = Array(work[start..<end])
        result.stars.star(&output, offset: start)
        return output
    }

    private mutating func remember(_ work: [UInt8], from start: Int) {
        if start >= 2 {
            before = (work[start - 2], work[start - 1])
        } else if start == 1 {
            before = (before.1, work[0])
        }
        if start == work.count { tail = [] } else { tail = Array(work[start...]) }
    }
}
