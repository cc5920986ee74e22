/// Ends the process, which is how libFuzzer learns that a promise was broken.
public func promise(_ isKept: Bool, _ words: @autoclosure () -> String) {
    if !isKept { fatalError(words()) }
}

/// What libFuzzer hands over: first come choices, one byte each, then the material.
public struct Input {
    private var rest: ArraySlice<UInt8>

    public init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        rest = Array(UnsafeBufferPointer(start: start, count: count))[...]
    }

    /// The next byte, or 0 when there is none.
    public mutating func choice() -> UInt8 { rest.popFirst() ?? 0 }

    /// All that is left.
    public mutating func material() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }
}

/// Cuts bytes into pieces of 1 to 16 bytes, differently for each seed. Seed 0 cuts every byte off by itself.
public func cut(_ bytes: [UInt8], seed: UInt8) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var state = UInt32(seed)
    var rest = bytes[...]
    while !rest.isEmpty {
        state = state &* 1_664_525 &+ (seed == 0 ? 0 : 1_013_904_223)
        let piece = rest.prefix(Int(state >> 28) + 1)
        pieces.append(piece)
        rest = rest.dropFirst(piece.count)
    }
    return pieces
}
