import Bytes

/// A value with one JSON form, exact to the contract that names its fields.
public protocol JSONShape {
    init(json: JSON) throws(FieldError)
    var json: JSON { get }
}

/// What is wrong with one field of a JSON value.
public struct FieldError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where it stands, as `approval.risk` or `files[3].path`; empty for the value itself.
    public var path: String
    /// What is asked for, as a clause: `must be a string`.
    public var message: String

    public init(path: String = "", message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { path.isEmpty ? message : "\(path) \(message)" }

    package func inside(_ parent: String) -> FieldError {
        if path.isEmpty { return FieldError(path: parent, message: message) }
        return FieldError(path: path.hasPrefix("[") ? parent + path : "\(parent).\(path)", message: message)
    }
}

/// Reads the fields of one JSON object. Unknown keys are passed over, `null` counts as absent.
package struct Fields {
    package let object: JSONObject

    package init(_ json: JSON) throws(FieldError) {
        guard case .object(let object) = json else { throw FieldError(message: "must be an object") }
        self.object = object
    }

    package func has(_ key: String) -> Bool { value(key) != nil }

    package func value(_ key: String) -> JSON? {
        for member in object.members.reversed() where member.key == key {
            if case .null = member.value { return nil }
            return member.value
        }
        return nil
    }

    package func require(_ key: String) throws(FieldError) -> JSON {
        guard let value = value(key) else { throw FieldError(path: key, message: "is required") }
        return value
    }

    // MARK: Text

    package func string(_ key: String) throws(FieldError) -> String {
        guard case .string(let text) = try require(key) else {
            throw FieldError(path: key, message: "must be a string")
        }
        return text
    }

    package func optionalString(_ key: String) throws(FieldError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw FieldError(path: key, message: "must be a string") }
        return text
    }

    package func id<ID: TextID>(_ key: String, as type: ID.Type = ID.self) throws(FieldError) -> ID {
        ID(rawValue: try string(key))
    }

    package func optionalID<ID: TextID>(_ key: String, as type: ID.Type = ID.self) throws(FieldError) -> ID? {
        try optionalString(key).map { ID(rawValue: $0) }
    }

    package func strings(_ key: String) throws(FieldError) -> [String] {
        guard let texts = try optionalStrings(key) else { throw FieldError(path: key, message: "is required") }
        return texts
    }

    package func optionalStrings(_ key: String) throws(FieldError) -> [String]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else {
            throw FieldError(path: key, message: "must be an array of strings")
        }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else {
                throw FieldError(path: "\(key)[\(index)]", message: "must be a string")
            }
            texts.append(text)
        }
        return texts
    }

    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type = Choice.self
    ) throws(FieldError) -> Choice {
        guard let choice = Choice(rawValue: try string(key)) else {
            throw FieldError(path: key, message: Self.oneOf(type))
        }
        return choice
    }

    package func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type = Choice.self
    ) throws(FieldError) -> Choice? {
        has(key) ? try choice(key, of: type) : nil
    }

    package static func oneOf<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> String {
        "must be one of " + type.allCases.map(\.rawValue).joined(separator: ", ")
    }

    // MARK: Numbers and truth

    package func integer(_ key: String, atLeast least: Int = .min) throws(FieldError) -> Int {
        guard case .integer(let value) = try require(key) else {
            throw FieldError(path: key, message: "must be an integer")
        }
        guard value >= least else { throw FieldError(path: key, message: "must be at least \(least)") }
        return Int(value)
    }

    package func optionalInteger(_ key: String, atLeast least: Int = .min) throws(FieldError) -> Int? {
        has(key) ? try integer(key, atLeast: least) : nil
    }

    package func number(_ key: String, atLeast least: Double = -.infinity) throws(FieldError) -> Double {
        guard let value = try require(key).double else { throw FieldError(path: key, message: "must be a number") }
        guard value >= least else {
            throw FieldError(path: key, message: "must be at least \(JSON.number(least).text)")
        }
        return value
    }

    /// Epoch milliseconds; a fraction is cut off, for peers whose clocks have one.
    package func timestamp(_ key: String) throws(FieldError) -> Timestamp {
        switch try require(key) {
        case .integer(let value): return Timestamp(milliseconds: value)
        case .number(let value) where value.magnitude < 9e15: return Timestamp(milliseconds: Int64(value))
        default: throw FieldError(path: key, message: "must be epoch milliseconds")
        }
    }

    package func optionalTimestamp(_ key: String) throws(FieldError) -> Timestamp? {
        has(key) ? try timestamp(key) : nil
    }

    package func bool(_ key: String) throws(FieldError) -> Bool {
        guard case .bool(let value) = try require(key) else {
            throw FieldError(path: key, message: "must be true or false")
        }
        return value
    }

    package func optionalBool(_ key: String) throws(FieldError) -> Bool? {
        has(key) ? try bool(key) : nil
    }

    // MARK: Nested values

    package func shape<Shape: JSONShape>(_ key: String, as type: Shape.Type = Shape.self) throws(FieldError) -> Shape {
        let value = try require(key)
        do { return try Shape(json: value) } catch { throw error.inside(key) }
    }

    package func optionalShape<Shape: JSONShape>(
        _ key: String, as type: Shape.Type = Shape.self
    ) throws(FieldError) -> Shape? {
        guard let value = value(key) else { return nil }
        do { return try Shape(json: value) } catch { throw error.inside(key) }
    }

    package func shapes<Shape: JSONShape>(_ key: String, as type: Shape.Type = Shape.self) throws(FieldError) -> [Shape]
    {
        guard case .array(let elements) = try require(key) else {
            throw FieldError(path: key, message: "must be an array")
        }
        var shapes: [Shape] = []
        shapes.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do { shapes.append(try Shape(json: element)) } catch { throw error.inside("\(key)[\(index)]") }
        }
        return shapes
    }

    /// A free-form object. Its whole numbers become integers, so that writing and reading it again changes nothing.
    package func optionalObject(_ key: String) throws(FieldError) -> JSONObject? {
        guard let value = value(key) else { return nil }
        guard case .object(let object) = value else { throw FieldError(path: key, message: "must be an object") }
        return object.settled
    }
}

extension JSON {
    init<Shape: JSONShape>(shapes: some Sequence<Shape>) { self = .array(shapes.map(\.json)) }
    package static func id(_ id: (some TextID)?) -> JSON? { id.map { .string($0.rawValue) } }
    package static func optional(_ text: String?) -> JSON? { text.map { .string($0) } }
    package static func optional(_ value: Int?) -> JSON? { value.map { .integer($0) } }
    package static func time(_ time: Timestamp) -> JSON { .integer(time.milliseconds) }
    package static func time(_ time: Timestamp?) -> JSON? { time.map { .integer($0.milliseconds) } }

    /// The value as it comes back after being written: `1.0` is written `1`.
    fileprivate var settled: JSON {
        switch self {
        case .number(let value):
            if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return .integer(whole) }
            return self
        case .array(let elements): return .array(elements.map(\.settled))
        case .object(let object): return .object(object.settled)
        case .null, .bool, .integer, .unsigned, .string: return self
        }
    }
}

extension JSONObject {
    package var settled: JSONObject {
        JSONObject(members.map { Member(key: $0.key, value: $0.value.settled) })
    }
}
