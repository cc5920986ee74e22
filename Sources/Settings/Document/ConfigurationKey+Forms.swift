import Bytes

extension ConfigurationKey {
    /// The value as it is kept, when it has the type that the key asks for (§4.2). Ranges are another matter.
    func normalised(_ value: JSON) throws(ConfigurationProblem) -> JSON {
        if value.isNull { return value }
        switch form {
        case .text:
            guard value.string != nil else { throw wrongType("text", value) }
            return value
        case .flag:
            guard value.bool != nil else { throw wrongType("true or false", value) }
            return value
        case .whole(let limit, let range):
            guard let number = value.wholeNumber, number <= limit else {
                if case .integer = value { throw outOfRange("\(range.lowerBound)", range.upperBound, value) }
                throw wrongType("a whole number", value)
            }
            return value
        case .number:
            guard let number = value.double else { throw wrongType("a number", value) }
            return .number(number)
        case .texts:
            guard let elements = value.array, elements.allSatisfy({ $0.string != nil }) else {
                throw wrongType("a list of texts", value)
            }
            return value
        case .servers:
            guard let object = value.object else { throw wrongType("an object", value) }
            for member in object.members { try Self.checkServer(member) }
            return value
        }
    }

    /// Checks what makes sense of a value whose type is right.
    func checkRange(_ value: JSON) throws(ConfigurationProblem) {
        switch form {
        case .whole(_, let range):
            if let number = value.wholeNumber, !range.contains(number) {
                throw outOfRange("\(range.lowerBound)", range.upperBound, value)
            }
        case .number(let range):
            if let number = value.double, !range.contains(number) {
                throw ConfigurationProblem(
                    self,
                    "it must be from \(JSON.number(range.lowerBound).text) to \(JSON.number(range.upperBound).text), "
                        + "and is \(value.text)")
            }
        case .texts:
            if value.array?.contains("") == true { throw ConfigurationProblem(self, "a text in the list is empty") }
        case .text, .flag, .servers: break
        }
    }

    private static func checkServer(_ member: JSONObject.Member) throws(ConfigurationProblem) {
        let place = "\(ConfigurationKey.toolServers.rawValue).\(member.key)"
        let name = Array(member.key.utf8)
        guard 1...64 ~= name.count, name.allSatisfy({ $0.isServerNameByte }) else {
            throw ConfigurationProblem(
                .key(place), "the name of a server has 1 to 64 letters, digits, \"-\" and \"_\"")
        }
        guard let server = member.value.object else {
            throw ConfigurationProblem(.key(place), "it must be an object, and is \(member.value.kind)")
        }
        guard let command = server["command"]?.string, !command.isEmpty else {
            throw ConfigurationProblem(.key(place + ".command"), "it must be the program to start")
        }
        if let arguments = server["args"], !arguments.isNull,
            arguments.array?.allSatisfy({ $0.string != nil }) != true
        {
            throw ConfigurationProblem(.key(place + ".args"), "it must be a list of texts, and is \(arguments.kind)")
        }
        if let variables = server["env"], !variables.isNull,
            variables.object?.members.allSatisfy({ $0.value.string != nil }) != true
        {
            throw ConfigurationProblem(.key(place + ".env"), "it must be an object of texts")
        }
    }

    private func wrongType(_ wanted: String, _ value: JSON) -> ConfigurationProblem {
        ConfigurationProblem(self, "it must be \(wanted), and is \(value.kind)")
    }

    private func outOfRange(_ lower: String, _ upper: UInt64, _ value: JSON) -> ConfigurationProblem {
        ConfigurationProblem(self, "it must be from \(lower) to \(upper), and is \(value.text)")
    }
}

extension JSON {
    /// The value as a whole number from 0 on.
    var wholeNumber: UInt64? {
        switch self {
        case .integer(let value): return UInt64(exactly: value)
        case .unsigned(let value): return value
        case .null, .bool, .number, .string, .array, .object: return nil
        }
    }

    /// What kind of value it is, in a sentence. The value itself may be a secret and is not told.
    var kind: String {
        switch self {
        case .null: return "null"
        case .bool: return "true or false"
        case .integer, .unsigned: return "a whole number"
        case .number: return "a number with a fraction"
        case .string: return "text"
        case .array: return "a list"
        case .object: return "an object"
        }
    }
}

extension UInt8 {
    fileprivate var isServerNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            return true
        default: return false
        }
    }
}
