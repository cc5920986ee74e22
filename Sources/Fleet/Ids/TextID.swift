/// An identifier that is text on every wire: opaque, compared byte for byte.
///
/// Each kind of thing has its own type, so that an agent's id cannot be passed where a session's is asked for.
public protocol TextID: RawRepresentable<String>, Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    init(rawValue: String)
}

extension TextID {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
    public init(_ rawValue: String) { self.init(rawValue: rawValue) }

    public var description: String { rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
