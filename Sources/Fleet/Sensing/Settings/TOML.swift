/// A value of a configuration file (TOML, as far as daemon-ipc §6.10 needs it).
public enum TOML: Equatable, Sendable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case bool(Bool)
    case array([TOML])
    case table([String: TOML])

    public subscript(key: String) -> TOML? {
        if case .table(let table) = self { return table[key] }
        return nil
    }
}

/// Why a text is not a configuration.
public struct TOMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    public var line: Int
    /// What was expected there.
    public var reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { "line \(line): \(reason)" }
}
