import Bytes

/// What a model gave a tool. `null` stands for nothing.
struct ToolArguments {
    private let members: JSONObject

    init(_ arguments: JSON) throws(ToolFailure) {
        guard let members = arguments.object else { throw ToolFailure("the arguments are not an object") }
        self.members = members
    }

    func string(_ name: String) throws(ToolFailure) -> String {
        guard let value = try optionalString(name) else { throw ToolFailure("the argument \(name) is missing") }
        return value
    }

    func optionalString(_ name: String) throws(ToolFailure) -> String? {
        switch members[name] {
        case nil, .null?: return nil
        case .string(let value)?: return value
        default: throw ToolFailure("the argument \(name) is not a string")
        }
    }

    func flag(_ name: String) throws(ToolFailure) -> Bool {
        switch members[name] {
        case nil, .null?: return false
        case .bool(let value)?: return value
        default: throw ToolFailure("the argument \(name) is neither true nor false")
        }
    }

    /// A number of a line: whole and not negative. Models write `3.0` now and then.
    func lineNumber(_ name: String) throws(ToolFailure) -> Int? {
        switch members[name] {
        case nil, .null?: return nil
        case .integer(let value)? where value >= 0: return Int(value)
        case .unsigned?: return .max
        case .number(let value)? where value >= 0 && value.rounded() == value: return Int(exactly: value) ?? .max
        default: throw ToolFailure("the argument \(name) is not a line number")
        }
    }
}
