/// A value of a column or of a parameter.
public enum SQLValue: Equatable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    /// Text that is at hand as UTF-8 bytes, such as JSON.
    case utf8([UInt8])
    case blob([UInt8])
    /// The rowid of the event which the statement goes along with. Only in a `DerivedWrite`.
    case eventRowid
}

extension SQLValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(nilLiteral: ()) { self = .null }
}
