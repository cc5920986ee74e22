/// The shapes of secrets (control-plane §7.5). Each is looked for at one telling byte, backwards and forwards.
enum SecretPatterns {
    typealias Finding = SecretRedactor.Finding
    typealias Text = UnsafeBufferPointer<UInt8>

    /// Bytes before a telling one that may be looked at.
    static let lookback = 64
    /// Bytes of one secret that are believed when it comes in pieces.
    private static let longest = 64 * 1024
    /// Bytes of a private key's body that are believed.
    private static let longestKey = 16 * 1024

    // MARK: Values of keys that say so

    /// Names, in lower case with `_` for `-`, and the shortest value that counts.
    private static let names: [(name: [UInt8], shortest: Int)] = [
        ("password", 8), ("passwd", 8), ("secret", 8), ("secret_key", 8), ("token", 16), ("api_key", 16),
        ("apikey", 16), ("access_key", 16), ("accesskey", 16), ("aws_key", 16),
    ].map { (Array($0.0.utf8), $0.1) }

    /// The shortest secret for a name that ends before `end`, or `nil` if no such name does.
    static func shortestSecret(named text: Text, before end: Int) -> Int? {
        guard end > 0 else { return nil }
        // All names end in one of four letters; most text fails here.
        switch text[end - 1] | 0x20 {
        case UInt8(ascii: "d"), UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "y"): break
        default: return nil
        }
        for (name, shortest) in names where end >= name.count {
            var isSame = true
            for offset in 0..<name.count {
                let byte = text[end - name.count + offset]
                let folded = byte == UInt8(ascii: "-") ? UInt8(ascii: "_") : isLetter(byte) ? byte | 0x20 : byte
                if folded != name[offset] {
                    isSame = false
                    break
                }
            }
            if isSame { return shortest }
        }
        return nil
    }

    /// `password=…`, `"api_key": "…"`: at the sign between name and value.
    static func keyValue(_ text: Text, at sign: Int, isEnd: Bool) -> Finding {
        var end = sign
        while end > 0, sign - end < 3, isQuoteOrSpace(text[end - 1]) { end -= 1 }
        guard let shortest = shortestSecret(named: text, before: end) else { return .nothing }
        var start = sign + 1
        while start < text.count, start - sign <= 2, text[start] == UInt8(ascii: " ") { start += 1 }
        if start < text.count, text[start] == UInt8(ascii: "\\") { start += 1 }
        if start < text.count, isQuote(text[start]) { start += 1 }
        guard start < text.count else { return isEnd ? .nothing : .incomplete(hold: text.count) }
        switch text[start] {
        // A reference to the value rather than the value.
        case UInt8(ascii: "$"), UInt8(ascii: "<"), UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "="):
            return .nothing
        default: break
        }
        return run(text, from: start, keeping: start + SecretRedactor.kept, shortest: shortest, .value, isEnd)
    }

    // MARK: Tokens of known form

    /// `ghp_…` and its like, `github_pat_…`: at an underscore.
    static func gitHub(_ text: Text, at underscore: Int, isEnd: Bool) -> Finding {
        if underscore >= 3, text[underscore - 3] == UInt8(ascii: "g"), text[underscore - 2] == UInt8(ascii: "h") {
            switch text[underscore - 1] {
            case UInt8(ascii: "p"), UInt8(ascii: "o"), UInt8(ascii: "u"), UInt8(ascii: "s"), UInt8(ascii: "r"): break
            default: return .nothing
            }
            if underscore >= 4, isWord(text[underscore - 4]) { return .nothing }
            return run(text, from: underscore + 1, keeping: underscore + 1, shortest: 36, .token, isEnd)
        }
        if ends(text, before: underscore, with: "github_pat") {
            return run(text, from: underscore + 1, keeping: underscore + 1, shortest: 22, .token, isEnd)
        }
        return .nothing
    }

    /// A JSON web token: at the `J` of `eyJ`. After `Bearer` it is one at once, elsewhere when its second part begins.
    static func webToken(_ text: Text, at letter: Int, isEnd: Bool) -> Finding {
        let start = letter - 2
        guard start >= 0, text[start] == UInt8(ascii: "e"), text[start + 1] == UInt8(ascii: "y"),
            start == 0 || !isToken(text[start - 1])
        else { return .nothing }
        let kept = start + SecretRedactor.kept
        if ends(text, before: start, with: "bearer ") {
            return run(text, from: start, keeping: kept, shortest: 8, .token, isEnd)
        }
        var index = letter + 1
        let limit = min(text.count, start + 512)
        while index < limit, text[index] != UInt8(ascii: "."), isToken(text[index]) { index += 1 }
        guard index < text.count else { return isEnd ? .nothing : .incomplete(hold: min(kept, text.count)) }
        guard text[index] == UInt8(ascii: "."), index - start >= 8 else { return .nothing }
        for (offset, byte) in "eyJ".utf8.enumerated() {
            guard index + 1 + offset < text.count else { return isEnd ? .nothing : .incomplete(hold: kept) }
            if text[index + 1 + offset] != byte { return .nothing }
        }
        return run(text, from: start, keeping: kept, shortest: 8, .token, isEnd)
    }

    /// The body of a PEM private key: at the `Y` that ends its header's words.
    static func privateKey(_ text: Text, at letter: Int, isEnd: Bool) -> Finding {
        guard ends(text, before: letter + 1, with: "private key") else { return .nothing }
        var begin = letter - 10
        let least = max(10, begin - 24)
        while begin >= least, !ends(text, before: begin, with: "-----begin") { begin -= 1 }
        guard begin >= least else { return .nothing }
        for offset in 1...5 {
            guard letter + offset < text.count else { return isEnd ? .nothing : .incomplete(hold: text.count) }
            if text[letter + offset] != UInt8(ascii: "-") { return .nothing }
        }
        let body = letter + 6
        var index = body
        var dashes = 0
        while index < text.count, dashes < 5, index - body < longestKey {
            dashes = text[index] == UInt8(ascii: "-") ? dashes + 1 : 0
            index += 1
        }
        let mark = SecretRedactor.Mark(range: body..<index, isBase64Only: true)
        if dashes == 5 || isEnd || index < text.count { return .secret(mark) }
        return .open(mark, .init(kind: .pem(dashes: dashes), left: longestKey - (index - body)))
    }

    // MARK: Runs

    /// A run of bytes of one class from `start`: a secret when it is long enough, its bytes from `kept` starred.
    private static func run(
        _ text: Text, from start: Int, keeping kept: Int, shortest: Int, _ kind: SecretRedactor.Open.Class,
        _ isEnd: Bool
    ) -> Finding {
        var index = start
        if case .value = kind {
            while index < text.count, isValue(text[index]) { index += 1 }
        } else {
            while index < text.count, isToken(text[index]) { index += 1 }
        }
        let goesOn = index == text.count && !isEnd
        guard index - start >= shortest else {
            return goesOn ? .incomplete(hold: min(kept, text.count)) : .nothing
        }
        // What is kept ends at a character, not inside one.
        var kept = kept
        while kept < index, text[kept] & 0xC0 == 0x80 { kept += 1 }
        let mark = SecretRedactor.Mark(range: kept..<index)
        return goesOn ? .open(mark, .init(kind: kind, left: longest)) : .secret(mark)
    }

    /// Whether the bytes before `end` are this word, in whatever case.
    private static func ends(_ text: Text, before end: Int, with word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end >= count else { return false }
        for offset in 0..<count {
            let byte = text[end - count + offset]
            if (isLetter(byte) ? byte | 0x20 : byte) != word.utf8Start[offset] { return false }
        }
        return true
    }

    // MARK: Classes of bytes

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLetter(byte) || byte &- 0x30 < 10 || byte == UInt8(ascii: "_")
    }

    /// Letters of the tokens: base64url and the dot.
    static func isToken(_ byte: UInt8) -> Bool {
        isWord(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    static func isBase64(_ byte: UInt8) -> Bool {
        isLetter(byte) || byte &- 0x30 < 10 || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
            || byte == UInt8(ascii: "=")
    }

    /// What a value may be made of: everything visible but what usually ends one.
    static func isValue(_ byte: UInt8) -> Bool {
        guard byte > 0x20, byte != 0x7F else { return false }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "&"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: "|"):
            return false
        default: return true
        }
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
    }

    /// What may stand between a name and its sign, the backslash of a quote inside a quoted text too.
    private static func isQuoteOrSpace(_ byte: UInt8) -> Bool {
        isQuote(byte) || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\\")
    }
}
