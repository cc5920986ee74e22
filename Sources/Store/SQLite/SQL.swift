/// The text of a statement, by which a connection finds what it has prepared of it.
///
/// Keep those that run often in a `static let`: it is hashed once, and compared by its place in memory.
public struct SQL: Sendable {
    public let text: String
    private let hash: Int

    public init(_ text: String) {
        self.text = text
        hash = text.hashValue
    }
}

extension SQL: Hashable {
    public static func == (left: SQL, right: SQL) -> Bool { left.hash == right.hash && left.text == right.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension SQL: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self.init(text) }
}
