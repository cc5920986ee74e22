/// One JSON value (RFC 8259), with numbers kept apart by how they were written.
///
/// `1` and `1.0` are different values here: the contracts refuse the second where they ask for an integer.
public enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A literal without fraction or exponent that fits 64 signed bits.
    case integer(Int64)
    /// A literal without fraction or exponent above `Int64.max`.
    case unsigned(UInt64)
    /// A literal with a fraction or an exponent, or one too large for 64 bits.
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// The members of a JSON object in the order they were written.
///
/// Lookup is linear: objects on our wires have a dozen keys, where a scan beats a hash.
public struct JSONObject: Equatable, Sendable {
    public struct Member: Equatable, Sendable {
        public var key: String
        public var value: JSON

        public init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    public var members: [Member]

    public init(_ members: [Member] = []) {
        self.members = members
    }

    /// The last member of that name. Setting `nil` leaves the key out, which is how optional fields are written.
    public subscript(key: String) -> JSON? {
        get { members.last { $0.key == key }?.value }
        set {
            if let index = members.lastIndex(where: { $0.key == key }) {
                if let newValue { members[index].value = newValue } else { members.remove(at: index) }
            } else if let newValue {
                members.append(Member(key: key, value: newValue))
            }
        }
    }

    public var keys: [String] { members.map(\.key) }
    public var isEmpty: Bool { members.isEmpty }

    /// Equal when both have the same members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.count == right.members.count
            && left.members.allSatisfy { member in right[member.key] == member.value }
    }
}

// MARK: - Reading a value

extension JSON {
    public var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The value as an integer: only a literal without fraction or exponent is one.
    public var integer: Int? {
        if case .integer(let value) = self { return Int(value) }
        return nil
    }

    /// Any number, as a double.
    public var double: Double? {
        switch self {
        case .integer(let value): return Double(value)
        case .unsigned(let value): return Double(value)
        case .number(let value): return value
        case .null, .bool, .string, .array, .object: return nil
        }
    }

    public var array: [JSON]? {
        if case .array(let value) = self { return value }
        return nil
    }

    public var object: JSONObject? {
        if case .object(let value) = self { return value }
        return nil
    }

    public var isNull: Bool { self == .null }

    public subscript(key: String) -> JSON? { object?[key] }

    public subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

// MARK: - Writing a value down

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }

    /// An object of the members that are there: `nil` leaves its key out.
    public static func omittingNil(_ members: KeyValuePairs<String, JSON?>) -> JSON {
        var object = JSONObject()
        object.members.reserveCapacity(members.count)
        for case (let key, let value?) in members {
            object.members.append(JSONObject.Member(key: key, value: value))
        }
        return .object(object)
    }

    public static func integer(_ value: Int) -> JSON { .integer(Int64(value)) }
    public static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map { .string($0) }) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) {
        members = elements.map { Member(key: $0.0, value: $0.1) }
    }
}
