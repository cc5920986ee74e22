import Bytes

/// Takes secrets out of texts before they are shown or kept: of each, the first four characters stay and the rest
/// becomes stars (control-plane §7.5).
///
/// Secrets are the values it is given (8 characters or more), tokens of GitHub, GitLab, AWS, Google, Slack, Stripe, npm
/// and of model providers, JWTs after `Bearer`, PEM private keys, and values after names like `api_key` or `password`.
/// For the bytes of a terminal there is ``TerminalRedactor``.
public struct SecretRedactor: Sendable {
    let patterns: SecretPatterns

    /// - Parameter values: secrets that are known, as the values of a session's environment.
    public init(values: some Sequence<String>) { patterns = SecretPatterns(values: values) }

    /// Takes those values of a session's environment for secrets that are called so or look so: starring out every
    /// `NODE_ENV=production` would spoil all output (docs/adr/0003-secrets-of-an-environment.md).
    public init(environment: [String: String]) {
        self.init(values: Self.secrets(of: environment).values)
    }

    /// The part of an environment that is taken for secret.
    public static func secrets(of environment: [String: String]) -> [String: String] {
        environment.filter { isCalledSecret($0.key) || looksSecret($0.value) }
    }

    public func redact(_ text: String) -> String { redacting(text).text }

    /// The text without its secrets, and how many there were.
    public func redacting(_ text: String) -> (text: String, secrets: Int) {
        var bytes = Array(text.utf8)
        var scanner = SecretScanner(patterns)
        let stars = bytes.withUnsafeBufferPointer { scanner.scan($0, isFinal: true).stars }
        let assigned = SecretAssignments.stars(in: bytes)
        guard !stars.isEmpty || !assigned.isEmpty else { return (text, 0) }
        let others = assigned.count { range in !stars.contains { $0.overlaps(range) } }
        stars.star(&bytes)
        assigned.star(&bytes)
        return (String(decoding: bytes, as: UTF8.self), scanner.found + others)
    }

    /// Redacts each word, and the word after an option like `--password` whatever it looks like.
    public func redact(argv: [String]) -> [String] {
        var previousAsks = false
        return argv.map { word in
            let isValue = previousAsks && !word.hasPrefix("-")
            previousAsks = false
            if isValue { return SecretAssignments.starred(word) }
            guard word.hasPrefix("--") else { return redact(word) }
            guard let equals = word.firstIndex(of: "=") else {
                previousAsks = SecretAssignments.minimumLength(forName: word) != nil
                return redact(word)
            }
            guard SecretAssignments.minimumLength(forName: word[..<equals]) != nil else { return redact(word) }
            return word[...equals] + SecretAssignments.starred(String(word[word.index(after: equals)...]))
        }
    }

    /// Redacts every text in a value, as in the `context` of an alert, and what stands under a key like `password`.
    public func redact(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): return .string(redact(text))
        case .array(let elements): return .array(elements.map(redact))
        case .object(let object): return .object(redact(object))
        case .null, .bool, .integer, .unsigned, .number: return value
        }
    }

    public func redact(_ object: JSONObject) -> JSONObject {
        JSONObject(
            object.members.map { member in
                if case .string(let text) = member.value,
                    let minimum = SecretAssignments.minimumLength(forName: member.key), text.utf8.count >= minimum
                {
                    return .init(key: member.key, value: .string(SecretAssignments.starred(text)))
                }
                return .init(key: member.key, value: redact(member.value))
            })
    }

    /// Whether a variable's name says that its value is a secret.
    private static func isCalledSecret(_ name: String) -> Bool {
        let name = name.uppercased()
        return [
            "KEY", "TOKEN", "SECRET", "PASS", "PWD_", "CREDENTIAL", "AUTH", "PRIVATE", "COOKIE", "DSN", "SIGNATURE",
        ]
        .contains { name.contains($0) }
    }

    /// Whether a value is no word of a language: long, without space or slash, letters and digits mixed; or an address
    /// with a password in it.
    private static func looksSecret(_ value: String) -> Bool {
        if let scheme = value.firstRange(of: "://"), let at = value[scheme.upperBound...].firstIndex(of: "@") {
            return value[scheme.upperBound..<at].contains(":")
        }
        let bytes = value.utf8
        return bytes.count >= 16 && !bytes.contains { $0 <= 0x20 || $0 == UInt8(ascii: "/") || $0 >= 0x7F }
            && bytes.contains { 0x30...0x39 ~= $0 } && bytes.contains { 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 }
    }
}
