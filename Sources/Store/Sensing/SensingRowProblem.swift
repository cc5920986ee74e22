/// A value in a table of sensing that makes no sense. Other programs write there, too.
public struct SensingRowProblem: Hashable, Sendable, CustomStringConvertible {
    public var table: String
    /// The key of the row as it stands there.
    public var key: String
    public var column: String
    public var value: String
    /// Whether the row was passed over; otherwise the column counts as empty.
    public var isSkipped: Bool

    public init(table: String, key: String, column: String, value: String, isSkipped: Bool) {
        self.table = table
        self.key = key
        self.column = column
        self.value = value
        self.isSkipped = isSkipped
    }

    public var description: String {
        let outcome = isSkipped ? "the row is passed over" : "it is taken as empty"
        return "\(table) of \(key): \(column) is \"\(value.prefix(Self.shown))\", which makes no sense; \(outcome)"
    }

    /// Characters of a value that a log needs.
    private static let shown = 80
}
