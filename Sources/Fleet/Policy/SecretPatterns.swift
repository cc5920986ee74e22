/// What secrets look like, and whether one stands at a place (control-plane §7.5).
///
/// Every rule decides after at most ``longestDecision`` bytes; what follows of the same secret is its ``Rest``.
struct SecretPatterns: Sendable {
    /// How a secret goes on after the bytes that betrayed it.
    enum Rest: Equatable, Sendable {
        /// Bytes of these classes.
        case classes(UInt8)
        /// The bytes of one known value, from a position on.
        case literal(index: Int, position: Int)
        /// Lines of base64, at most so many bytes more.
        case pem(Int)
    }

    enum Match: Equatable, Sendable {
        case none
        /// It may become one: what stands from `keepEnd` on must not be shown before that is clear.
        case undecided(keepEnd: Int)
        /// Stars belong from `keepEnd` to `end`, and on what the rest says.
        case secret(keepEnd: Int, end: Int, rest: Rest)
    }

    /// Characters of a secret that stay readable.
    static let kept = 4
    /// Known values shorter than this are not looked for: they would star ordinary words.
    static let shortestValue = 8
    static let longestDecision = 128

    private struct Token: Sendable {
        let prefix: [UInt8]
        let classes: UInt8
        /// Bytes after the prefix that make it a secret.
        let minimum: Int
        /// Where the secret begins in the prefix.
        var start = 0
        /// Whether it must not stand inside a word, and must have a digit and a capital: its prefix is too common.
        var isDoubtful = false
    }

    struct Literal: Sendable {
        let bytes: [UInt8]
        /// Length of its first four scalars.
        let keep: Int
    }

    private let tokens: [Token]
    let literals: [Literal]
    /// Bits of the rules that may have a byte first, second or third: a place matters where all three agree on one.
    private let first: [UInt32]
    private let second: [UInt32]
    private let third: [UInt32]

    private static let pemBit: UInt32 = 1 << 31
    /// Literals share eight bits.
    private static let literalBits: UInt32 = 0xFF << 23
    private static let tokenBits: UInt32 = (1 << 23) - 1

    /// - Parameter values: known secrets. Their lines count each for itself, since terminals end lines differently.
    init(values: some Sequence<String>) {
        tokens = Self.knownTokens
        var lines: Set<String> = []
        for value in values {
            for line in value.split(whereSeparator: \.isNewline)
            where line.unicodeScalars.count >= Self.shortestValue && !line.hasPrefix("-----") {
                lines.insert(String(line))
            }
        }
        // Longer ones first: where one value begins with another, the whole is starred.
        literals = lines.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }.map { line in
            Literal(bytes: Array(line.utf8), keep: String(line.unicodeScalars.prefix(Self.kept)).utf8.count)
        }
        var first = [UInt32](repeating: 0, count: 256)
        var second = first
        var third = first
        func add(_ bytes: [UInt8], _ bit: UInt32) {
            first[Int(bytes[0])] |= bit
            second[Int(bytes[1])] |= bit
            third[Int(bytes[2])] |= bit
        }
        for (index, token) in tokens.enumerated() { add(token.prefix, Self.bit(ofToken: index)) }
        for (index, literal) in literals.enumerated() { add(literal.bytes, 1 << UInt32(23 + index % 8)) }
        add(Self.pemBegin, Self.pemBit)
        self.first = first
        self.second = second
        self.third = third
    }

    // MARK: - Search

    /// The next place at or after `start` where a secret might begin; the end if there is none.
    func candidate(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, isFinal: Bool) -> Int {
        let last = bytes.count - 1
        guard start <= last, let base = bytes.baseAddress else { return bytes.count }
        var index = start
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                third.withUnsafeBufferPointer { third in
                    let firstBits = first.baseAddress.unsafelyUnwrapped
                    let secondBits = second.baseAddress.unsafelyUnwrapped
                    let thirdBits = third.baseAddress.unsafelyUnwrapped
                    while index &+ 2 <= last {
                        let bits = firstBits[Int(base[index])] & secondBits[Int(base[index &+ 1])]
                        if bits & thirdBits[Int(base[index &+ 2])] != 0 { return }
                        index &+= 1
                    }
                }
            }
        }
        guard index + 2 > last else { return index }
        guard !isFinal else { return bytes.count }
        while index <= last, bits(of: bytes, at: index) == 0 { index += 1 }
        return index
    }

    /// The rules that may begin at a place, by the three bytes there or as many as there are.
    private func bits(of bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32 {
        var bits = first[Int(bytes[index])]
        if index + 1 < bytes.count { bits &= second[Int(bytes[index + 1])] }
        if index + 2 < bytes.count { bits &= third[Int(bytes[index + 2])] }
        return bits
    }

    /// What stands at a place. `before` are the two bytes before the first one.
    func match(
        in bytes: UnsafeBufferPointer<UInt8>, at index: Int, before: (UInt8, UInt8), isFinal: Bool
    ) -> Match {
        let bits = bits(of: bytes, at: index)
        var found = Match.none
        if bits & Self.literalBits != 0 {
            for (number, literal) in literals.enumerated() {
                switch match(literal, number, bytes, index) {
                case .undecided(let keep) where !isFinal: return .undecided(keepEnd: keep)
                case .secret(let keep, let end, let rest) where found == .none:
                    found = .secret(keepEnd: keep, end: end, rest: rest)
                default: break
                }
            }
            guard found == .none else { return found }
        }
        if bits & Self.tokenBits != 0 {
            for (number, token) in tokens.enumerated() where bits & Self.bit(ofToken: number) != 0 {
                switch match(token, bytes, index, before) {
                case .none: break
                case .undecided(let keep): if !isFinal { return .undecided(keepEnd: keep) }
                case .secret(let keep, let end, let rest): return .secret(keepEnd: keep, end: end, rest: rest)
                }
            }
        }
        if bits & Self.pemBit != 0 {
            let match = matchPEM(bytes, index)
            if case .undecided = match, isFinal { return .none }
            return match
        }
        return .none
    }

    // MARK: - Rules

    private func match(_ literal: Literal, _ number: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Match {
        let needed = min(literal.bytes.count, Self.longestDecision)
        var count = 0
        while count < needed {
            guard index + count < bytes.count else { return .undecided(keepEnd: index + literal.keep) }
            guard bytes[index + count] == literal.bytes[count] else { return .none }
            count += 1
        }
        return .secret(
            keepEnd: index + literal.keep, end: index + needed, rest: .literal(index: number, position: needed))
    }

    private func match(
        _ token: Token, _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ before: (UInt8, UInt8)
    ) -> Match {
        if token.isDoubtful, isInsideWord(bytes, index, before) { return .none }
        let keepEnd = index + token.start + Self.kept
        var place = index
        for byte in token.prefix {
            guard place < bytes.count else { return .undecided(keepEnd: keepEnd) }
            guard bytes[place] == byte else { return .none }
            place += 1
        }
        let body = place
        var seen: UInt8 = 0
        while place - body < 64 {
            guard place < bytes.count else { return .undecided(keepEnd: keepEnd) }
            let kind = ByteClass.table[Int(bytes[place])]
            guard kind & token.classes != 0 else { return .none }
            seen |= kind
            place += 1
            let isMixed = seen & ByteClass.digit != 0 && seen & ByteClass.upper != 0
            if place - body >= token.minimum, isMixed || !token.isDoubtful {
                return .secret(keepEnd: keepEnd, end: place, rest: .classes(token.classes))
            }
        }
        return .none
    }

    /// Whether a word goes on here. The last letter of a color sequence (`ESC [ 3 1 m`) is no word.
    private func isInsideWord(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ before: (UInt8, UInt8)) -> Bool {
        let previous = index >= 1 ? bytes[index - 1] : before.1
        guard ByteClass.table[Int(previous)] & (ByteClass.word | ByteClass.underscore) != 0 else { return false }
        guard previous == UInt8(ascii: "m") else { return true }
        let second = index >= 2 ? bytes[index - 2] : index == 1 ? before.1 : before.0
        return !(ByteClass.table[Int(second)] & ByteClass.digit != 0 || second == UInt8(ascii: "["))
    }

    /// `-----BEGIN … PRIVATE KEY-----`, the end of the line (or `\n` as in JSON), and sixteen characters of base64.
    private func matchPEM(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Match {
        var place = index
        let unclear = Match.undecided(keepEnd: .max)
        for byte in Self.pemBegin {
            guard place < bytes.count else { return unclear }
            guard bytes[place] == byte else { return .none }
            place += 1
        }
        let label = place
        while true {
            guard place < bytes.count else { return unclear }
            guard bytes[place] != UInt8(ascii: "-") else { break }
            let isLabel = ByteClass.table[Int(bytes[place])] & (ByteClass.upper | ByteClass.digit) != 0
            guard isLabel || bytes[place] == 0x20, place - label < 40 else { return .none }
            place += 1
        }
        guard bytes[label..<place].reversed().starts(with: Self.pemLabel.reversed()) else { return .none }
        for _ in 0..<5 {
            guard place < bytes.count else { return unclear }
            guard bytes[place] == UInt8(ascii: "-") else { return .none }
            place += 1
        }
        let gap = place
        while true {
            guard place < bytes.count else { return unclear }
            if bytes[place] == UInt8(ascii: "\\") {
                guard place + 1 < bytes.count else { return unclear }
                guard bytes[place + 1] == UInt8(ascii: "n") || bytes[place + 1] == UInt8(ascii: "r") else {
                    return .none
                }
                place += 2
            } else if bytes[place] == 0x0A || bytes[place] == 0x0D || bytes[place] == 0x20 || bytes[place] == 0x09 {
                place += 1
            } else {
                break
            }
            guard place - gap < 24 else { return .none }
        }
        let body = place
        guard body > gap else { return .none }
        while place - body < 16 {
            guard place < bytes.count else { return .undecided(keepEnd: body + Self.kept) }
            guard ByteClass.table[Int(bytes[place])] & ByteClass.base64 != 0 else { return .none }
            place += 1
        }
        return .secret(keepEnd: body + Self.kept, end: place, rest: .pem(16 * 1024))
    }

    // MARK: - Tables

    private static let pemBegin = Array("-----BEGIN ".utf8)
    private static let pemLabel = Array("PRIVATE KEY".utf8)

    private static func bit(ofToken index: Int) -> UInt32 { 1 << UInt32(index % 23) }

    private static let knownTokens: [Token] = {
        let alnum = ByteClass.word
        let underscored = ByteClass.word | ByteClass.underscore
        let dashed = underscored | ByteClass.dash
        func token(_ prefix: String, _ classes: UInt8, _ minimum: Int) -> Token {
            Token(prefix: Array(prefix.utf8), classes: classes, minimum: minimum)
        }
        var tokens = ["p", "o", "u", "s", "r"].map { token("gh\($0)_", alnum, 36) }
        tokens.append(token("github_pat_", underscored, 22))
        tokens.append(Token(prefix: Array("sk-".utf8), classes: dashed, minimum: 20, isDoubtful: true))
        for kind in ["sk_live_", "sk_test_", "rk_live_", "rk_test_"] { tokens.append(token(kind, alnum, 16)) }
        for kind in ["AKIA", "ASIA"] { tokens.append(token(kind, ByteClass.upper | ByteClass.digit, 16)) }
        tokens.append(token("AIza", dashed, 35))
        for kind in ["b", "p", "a", "r", "s"] { tokens.append(token("xox\(kind)-", alnum | ByteClass.dash, 10)) }
        tokens.append(token("glpat-", dashed, 20))
        tokens.append(token("npm_", alnum, 36))
        for kind in ["Bearer eyJ", "bearer eyJ"] {
            tokens.append(
                Token(
                    prefix: Array(kind.utf8), classes: dashed | ByteClass.dot, minimum: 17, start: 7))
        }
        return tokens
    }()
}

/// Classes of ASCII bytes, as bits.
enum ByteClass {
    static let word: UInt8 = 1
    static let underscore: UInt8 = 2
    static let dash: UInt8 = 4
    static let dot: UInt8 = 8
    static let upper: UInt8 = 16
    static let digit: UInt8 = 32
    static let base64: UInt8 = 64

    static let table: [UInt8] = (0..<256).map { value in
        switch UInt8(value) {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return word | upper | base64
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return word | base64
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return word | digit | base64
        case UInt8(ascii: "_"): return underscore
        case UInt8(ascii: "-"): return dash
        case UInt8(ascii: "."): return dot
        case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return base64
        default: return 0
        }
    }
}
