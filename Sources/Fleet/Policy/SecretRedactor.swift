public struct SecretRedactor: Sendable {
    public init(values: some Sequence<String>) {}
    public func redact(_ text: String) -> String { text }
    public func redact(argv: [String]) -> [String] { argv }
}
