/// Finds secrets in text and stars them out: the first four characters stay, the rest become `*` (control-plane §7.5).
///
/// What counts as a secret: values of keys named password, secret, token, API or access key; GitHub tokens; JSON web
/// tokens; the bodies of PEM private keys; and the values that a session's environment was given. The length in bytes
/// never changes, so that offsets into redacted output are offsets into the output itself.
///
/// A value that is made once per session and shared. For output that comes in pieces see ``stream()``.
public struct SecretRedactor: Sendable {
    /// The shortest value of an environment that is looked for.
    public static let shortestValue = 8
    /// Bytes of a value that are compared; the rest of a longer one is not starred by it.
    static let longestValue = 4096
    /// How many characters stay.
    static let kept = 4

    struct Literal: Sendable {
        var bytes: [UInt8]
        /// ``SecretRedactor/kept`` bytes, or up to three more where that would cut a character.
        var kept: Int
    }

    let literals: [Literal]
    /// Indices of the literals whose fifth byte is the index here.
    let literalsByFifthByte: [[Int]]
    /// 1 for every byte at which something has to be looked at more closely.
    let triggers: [UInt8]

    /// `values` are those of the session's environment; those shorter than ``shortestValue`` are passed over.
    public init(values: some Sequence<String> = []) {
        var seen: Set<[UInt8]> = []
        var literals: [Literal] = []
        for value in values {
            // A terminal ends lines its own way, so a value of several lines is several values.
            for line in value.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
                let bytes = Array(line.prefix(Self.longestValue))
                guard bytes.count >= Self.shortestValue, seen.insert(bytes).inserted else { continue }
                var kept = Self.kept
                while kept < bytes.count, bytes[kept] & 0xC0 == 0x80 { kept += 1 }
                literals.append(Literal(bytes: bytes, kept: kept))
            }
        }
        self.literals = literals
        var byFifthByte = [[Int]](repeating: [], count: 256)
        for (index, literal) in literals.enumerated() { byFifthByte[Int(literal.bytes[4])].append(index) }
        literalsByFifthByte = byFifthByte
        var triggers = [UInt8](repeating: 0, count: 256)
        for byte in "=:_JY".utf8 { triggers[Int(byte)] = 1 }
        for literal in literals { triggers[Int(literal.bytes[4])] = 1 }
        self.triggers = triggers
    }

    /// The text with its secrets starred out.
    public func redact(_ text: String) -> String {
        var text = text
        let marks = text.withUTF8 { scan($0, from: 0, open: nil, isEnd: true).marks }
        guard !marks.isEmpty else { return text }
        var bytes = Array(text.utf8)
        for mark in marks { for index in mark.range where mark.covers(bytes[index]) { bytes[index] = star } }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Arguments of a command with their secrets starred out, the value after `--password` and its like too.
    public func redact(argv: [String]) -> [String] {
        var isNextSecret = false
        return argv.map { argument in
            let isSecret = isNextSecret
            isNextSecret = argument.hasPrefix("-") && Self.endsInSecretName(argument)
            guard isSecret, !argument.hasPrefix("-"), argument.utf8.count > Self.kept else { return redact(argument) }
            let shown = argument.unicodeScalars.prefix(Self.kept)
            return String(shown) + String(repeating: "*", count: argument.unicodeScalars.count - Self.kept)
        }
    }

    /// A redactor for bytes that come in pieces.
    public func stream() -> SecretStream { SecretStream(self) }

    private static func endsInSecretName(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBufferPointer { SecretPatterns.shortestSecret(named: $0, before: $0.count) != nil }
    }
}

let star = UInt8(ascii: "*")

// MARK: - Scanning

extension SecretRedactor {
    /// Bytes to star out.
    struct Mark: Equatable, Sendable {
        var range: Range<Int>
        /// In a PEM body only the base64 is covered, lines stay lines.
        var isBase64Only = false

        func covers(_ byte: UInt8) -> Bool { !isBase64Only || SecretPatterns.isBase64(byte) }
    }

    /// A secret whose end has not come yet: it is starred as it comes.
    struct Open: Equatable, Sendable {
        enum Class: Equatable, Sendable {
            case value
            case token
            /// With the number of dashes just seen; five end it.
            case pem(dashes: Int)

            /// Of two that run side by side the broader one includes the other.
            var breadth: Int {
                switch self {
                case .token: return 0
                case .value: return 1
                case .pem: return 2
                }
            }
        }

        var kind: Class
        /// Bytes after which it is no longer believed to be one.
        var left: Int
    }

    struct Scan {
        var marks: [Mark] = []
        /// From here on bytes may be part of a secret that is not complete.
        var hold: Int
        /// Where scanning goes on when more bytes have come.
        var resume: Int
        /// Secrets that reach the end, and where each was recognised; -1 for one that came from before.
        var opens: [(at: Int, open: Open)] = []
        /// Where each secret that is counted was recognised.
        var found: [Int] = []
        /// The end of the last value or token: what is inside needs no second look for one.
        var covered = 0

        /// The one to carry on with. What is recognised again on the next look does not count.
        var open: Open? { opens.filter { $0.at < resume }.map(\.open).max { $0.kind.breadth < $1.kind.breadth } }
        /// Secrets that will not be found again.
        var count: Int { found.reduce(0) { $0 + ($1 < resume ? 1 : 0) } }
    }

    /// What one look at a trigger found.
    enum Finding {
        case nothing
        case secret(Mark)
        /// A secret that goes on to the end of the bytes and beyond.
        case open(Mark, Open)
        /// More bytes must come before it can be told; those from `hold` on should wait.
        case incomplete(hold: Int)
    }

    /// Looks for secrets from `start` on; what is before serves for looking back.
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, open: Open?, isEnd: Bool) -> Scan {
        var scan = Scan(hold: bytes.count, resume: bytes.count)
        if let open { carryOn(open, bytes, from: start, &scan) }
        triggers.withUnsafeBufferPointer { triggers in
            var index = start
            while true {
                while index < bytes.count, triggers[Int(bytes[index])] == 0 { index += 1 }
                guard index < bytes.count else { return }
                look(bytes, at: index, isEnd: isEnd, &scan)
                index += 1
            }
        }
        return scan
    }

    private func look(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, isEnd: Bool, _ scan: inout Scan) {
        let byte = bytes[index]
        if index >= scan.covered {
            var finding = Finding.nothing
            switch byte {
            case UInt8(ascii: "="), UInt8(ascii: ":"):
                finding = SecretPatterns.keyValue(bytes, at: index, isEnd: isEnd)
            case UInt8(ascii: "_"): finding = SecretPatterns.gitHub(bytes, at: index, isEnd: isEnd)
            case UInt8(ascii: "J"): finding = SecretPatterns.webToken(bytes, at: index, isEnd: isEnd)
            case UInt8(ascii: "Y"): finding = SecretPatterns.privateKey(bytes, at: index, isEnd: isEnd)
            default: break
            }
            switch finding {
            case .secret(let mark), .open(let mark, _): scan.covered = max(scan.covered, mark.range.upperBound)
            case .nothing, .incomplete: break
            }
            note(finding, at: index, &scan)
        }
        for literal in literalsByFifthByte[Int(byte)] {
            note(match(literals[literal], bytes, at: index, isEnd: isEnd), at: index, &scan)
        }
    }

    private func note(_ finding: Finding, at index: Int, _ scan: inout Scan) {
        switch finding {
        case .nothing: break
        case .secret(let mark):
            scan.marks.append(mark)
            scan.found.append(index)
        case .open(let mark, let open):
            scan.marks.append(mark)
            scan.found.append(index)
            scan.opens.append((index, open))
        case .incomplete(let hold):
            scan.hold = min(scan.hold, hold)
            scan.resume = min(scan.resume, index)
        }
    }

    private func match(
        _ literal: Literal, _ bytes: UnsafeBufferPointer<UInt8>, at index: Int, isEnd: Bool
    ) -> Finding {
        let start = index - 4
        guard start >= 0 else { return .nothing }
        let compared = min(literal.bytes.count, bytes.count - start)
        for offset in 0..<compared where bytes[start + offset] != literal.bytes[offset] { return .nothing }
        if compared == literal.bytes.count {
            return .secret(Mark(range: (start + literal.kept)..<(start + compared)))
        }
        return isEnd ? .nothing : .incomplete(hold: min(start + literal.kept, bytes.count))
    }

    /// Stars what belongs to a secret that began earlier.
    private func carryOn(
        _ open: Open, _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ scan: inout Scan
    ) {
        var open = open
        var index = start
        scanning: while index < bytes.count, open.left > 0 {
            let byte = bytes[index]
            switch open.kind {
            case .value: if !SecretPatterns.isValue(byte) { break scanning }
            case .token: if !SecretPatterns.isToken(byte) { break scanning }
            case .pem(let dashes):
                let count = byte == UInt8(ascii: "-") ? dashes + 1 : 0
                open.kind = .pem(dashes: count)
                if count == 5 { break scanning }
            }
            open.left -= 1
            index += 1
        }
        var isBase64Only = false
        if case .pem = open.kind { isBase64Only = true }
        if index > start { scan.marks.append(Mark(range: start..<index, isBase64Only: isBase64Only)) }
        scan.covered = index
        if index == bytes.count, open.left > 0 { scan.opens.append((-1, open)) }
    }
}
