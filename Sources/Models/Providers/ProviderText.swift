import Fleet

/// What a provider says of a failure, made fit to be shown: without credentials, and short (chat-runtime §2.5).
public struct ProviderText: Sendable {
    /// Bytes of UTF-8 that a sentence may have.
    public static let limit = 2048
    /// Bytes of a failed answer's body that are looked at.
    public static let bodyLimit = 64 << 10

    private let apiKey: String

    public init(apiKey: String) { self.apiKey = apiKey }

    /// The sentence for an answer that is not 2xx.
    public func failure(status: Int, body: [UInt8]) -> String {
        let text = shown(String(decoding: body.prefix(Self.bodyLimit), as: UTF8.self))
        return Self.cut(text.isEmpty ? "the provider answered \(status)" : "the provider answered \(status): \(text)")
    }

    /// The text as it may be shown.
    public func message(_ text: String) -> String { Self.cut(shown(text)) }

    /// Redacted before it is cut, since half a secret is not recognised.
    private func shown(_ text: String) -> String {
        // Failures are rare, and the redactor costs more to make than an answer to decode.
        SecretRedactor(values: [apiKey]).redact(Self.withoutBearers(withoutKey(text))).trimmingWhitespace()
    }

    /// Takes out what follows `Bearer`, whatever it looks like: what echoes a request's headers may have another's key.
    private static func withoutBearers(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let word = Array("bearer ".utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] | 0x20 == word[0], index + word.count < bytes.count,
                zip(bytes[index...], word).allSatisfy({ $0 | 0x20 == $1 })
            else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let start = index + word.count
            let end = bytes[start...].firstIndex { !$0.isTokenByte } ?? bytes.count
            result.append(contentsOf: bytes[index..<start])
            // A short one is a word of a sentence.
            if end - start >= 8 { result.append(contentsOf: "***".utf8) } else { result += bytes[start..<end] }
            index = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The redactor leaves a secret's beginning, and takes short values for words. A key goes as a whole.
    private func withoutKey(_ text: String) -> String {
        let key = Array(apiKey.utf8)
        guard key.count >= 4 else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == key[0], bytes[index...].starts(with: key) {
                result.append(contentsOf: "***".utf8)
                index += key.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        return text.prefix(utf8Count: limit - 3) + "…"
    }
}

extension UInt8 {
    /// Whether a bearer's token may have it (RFC 6750 §2.1).
    fileprivate var isTokenByte: Bool { isWordByte || "._~+/=".utf8.contains(self) }
}

extension String {
    /// The longest beginning that has at most so many bytes of UTF-8 and ends between two scalars.
    func prefix(utf8Count: Int) -> String {
        guard utf8.count > utf8Count else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: max(0, utf8Count))
        while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }

    /// The text without white space at either end.
    func trimmingWhitespace() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// Whether there is nothing to read in it.
    var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
