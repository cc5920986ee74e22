/// Goes through bytes that may arrive in pieces, and says where the stars belong.
struct SecretScanner: Sendable {
    struct Result {
        /// Where a secret may have begun that is not decided: the bytes from here are needed again. The end if none.
        var tail: Int
        /// What stands from here on must not be shown yet. Not before `tail`.
        var hold: Int
        /// Where stars belong.
        var stars: [Range<Int>] = []
    }

    let patterns: SecretPatterns
    /// Secrets found so far.
    private(set) var found = 0
    /// How the secret goes on that was the last thing before.
    private var rest: SecretPatterns.Rest?

    init(_ patterns: SecretPatterns) { self.patterns = patterns }

    /// Scans the next bytes: those from the last result's `tail` on again, and what came since.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, before: (UInt8, UInt8) = (0, 0), isFinal: Bool) -> Result {
        var result = Result(tail: bytes.count, hold: bytes.count)
        var index = rest == nil ? 0 : skipRest(bytes, from: 0, &result)
        while true {
            index = patterns.candidate(in: bytes, from: index, isFinal: isFinal)
            guard index < bytes.count else { return result }
            switch patterns.match(in: bytes, at: index, before: before, isFinal: isFinal) {
            case .none:
                index += 1
            case .undecided(let keepEnd):
                result.tail = min(result.tail, index)
                result.hold = min(result.hold, keepEnd)
                index += 1
            case .secret(let keepEnd, _, _) where result.tail < index:
                // It may be the inside of one that began before: the bytes are seen again when that is decided.
                result.hold = min(result.hold, keepEnd)
                index += 1
            case .secret(let keepEnd, let end, let rest):
                found += 1
                result.stars.append(keepEnd..<end)
                self.rest = rest
                index = skipRest(bytes, from: end, &result)
            }
        }
    }

    private mutating func skipRest(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ result: inout Result
    ) -> Int {
        var index = start
        switch rest {
        case nil: return start
        case .classes(let classes):
            while index < bytes.count, ByteClass.table[Int(bytes[index])] & classes != 0 { index += 1 }
            if index > start { result.stars.append(start..<index) }
        case .literal(let number, var position):
            let value = patterns.literals[number].bytes
            while index < bytes.count, position < value.count, bytes[index] == value[position] {
                index += 1
                position += 1
            }
            if index > start { result.stars.append(start..<index) }
            if index == bytes.count, position < value.count {
                rest = .literal(index: number, position: position)
                return index
            }
            rest = nil
            return index
        case .pem(let most):
            let end = min(bytes.count, start + most)
            while index < end {
                let byte = bytes[index]
                if ByteClass.table[Int(byte)] & ByteClass.base64 != 0 {
                    if let last = result.stars.last, last.upperBound == index {
                        result.stars[result.stars.count - 1] = last.lowerBound..<(index + 1)
                    } else {
                        result.stars.append(index..<(index + 1))
                    }
                } else if byte != 0x0A, byte != 0x0D, byte != 0x20, byte != 0x09, byte != UInt8(ascii: "\\") {
                    break
                }
                index += 1
            }
            rest = .pem(most - (index - start))
            if start + most == index { rest = nil }
        }
        if index < bytes.count { rest = nil }
        return index
    }
}

extension [Range<Int>] {
    /// Writes the stars over bytes that begin `offset` bytes after the place the ranges count from.
    func star(_ bytes: inout [UInt8], offset: Int = 0) {
        for range in self {
            let lower = Swift.max(0, range.lowerBound - offset)
            let upper = Swift.min(bytes.count, range.upperBound - offset)
            var index = lower
            while index < upper {
                bytes[index] = UInt8(ascii: "*")
                index += 1
            }
        }
    }
}
