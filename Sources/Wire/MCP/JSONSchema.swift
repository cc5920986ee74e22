import Bytes
import Fleet

/// As much of JSON Schema as tools need. The same value is shown to clients and holds their arguments to it.
public indirect enum JSONSchema: Equatable, Sendable {
    /// `format` is a hint such as `uuid` that is not checked; `choices` are, unless empty.
    case string(format: String? = nil, choices: [String] = [])
    case integer(format: String? = nil, within: ClosedRange<Int>? = nil)
    case number
    case boolean
    case array(of: JSONSchema)
    /// An object with these members and no others.
    case object([Property])
    /// An object with whatever members.
    case anyObject

    public struct Property: Equatable, Sendable {
        public var name: String
        public var schema: JSONSchema
        /// What it is, for the model that fills it in.
        public var description: String?
        public var isRequired: Bool

        public init(_ name: String, _ schema: JSONSchema, _ description: String? = nil, isRequired: Bool = false) {
            self.name = name
            self.schema = schema
            self.description = description
            self.isRequired = isRequired
        }
    }
}

// MARK: - Showing

extension JSONSchema {
    public var json: JSON {
        switch self {
        case .string(let format, let choices):
            return .omittingNil([
                "type": "string", "format": format.map { .string($0) },
                "enum": choices.isEmpty ? nil : .strings(choices),
            ])
        case .integer(let format, let range):
            return .omittingNil([
                "type": "integer", "format": format.map { .string($0) },
                "minimum": range.map { .integer($0.lowerBound) }, "maximum": range.map { .integer($0.upperBound) },
            ])
        case .number: return ["type": "number"]
        case .boolean: return ["type": "boolean"]
        case .array(let element): return ["type": "array", "items": element.json]
        case .anyObject: return ["type": "object"]
        case .object(let properties):
            let members = properties.map { JSONObject.Member(key: $0.name, value: $0.json) }
            let required = properties.filter(\.isRequired).map(\.name)
            return .omittingNil([
                "type": "object", "properties": .object(JSONObject(members)),
                "required": required.isEmpty ? nil : .strings(required), "additionalProperties": false,
            ])
        }
    }
}

extension JSONSchema.Property {
    fileprivate var json: JSON {
        guard let description, case .object(var object) = schema.json else { return schema.json }
        object["description"] = .string(description)
        return .object(object)
    }
}

// MARK: - Checking

extension JSONSchema {
    /// Finds what is wrong with a value. `null` is as good as absent for a member that is not required.
    public func check(_ json: JSON) throws(FieldError) {
        switch self {
        case .string(_, let choices):
            guard case .string(let text) = json else { throw FieldError(message: "must be a string") }
            guard choices.isEmpty || choices.contains(text) else {
                throw FieldError(message: "must be one of " + choices.joined(separator: ", "))
            }
        case .integer(_, let range):
            // The upper half of 64 bits is an integer, but within no range of ours.
            if case .unsigned = json, range == nil { return }
            guard case .integer(let value) = json else { throw FieldError(message: "must be an integer") }
            if let range, !range.contains(Int(value)) {
                throw FieldError(message: "must be from \(range.lowerBound) to \(range.upperBound)")
            }
        case .number:
            guard json.double != nil else { throw FieldError(message: "must be a number") }
        case .boolean:
            guard case .bool = json else { throw FieldError(message: "must be true or false") }
        case .array(let element):
            guard case .array(let values) = json else { throw FieldError(message: "must be an array") }
            for (index, value) in values.enumerated() {
                do { try element.check(value) } catch { throw error.inside("[\(index)]") }
            }
        case .anyObject:
            guard case .object = json else { throw FieldError(message: "must be an object") }
        case .object(let properties): try Self.check(json, properties)
        }
    }

    private static func check(_ json: JSON, _ properties: [Property]) throws(FieldError) {
        guard case .object(let object) = json else { throw FieldError(message: "must be an object") }
        for key in object.keys where !properties.contains(where: { $0.name == key }) {
            throw FieldError(path: key, message: "is not known here")
        }
        for property in properties {
            switch object[property.name] {
            case nil, .null:
                if property.isRequired { throw FieldError(path: property.name, message: "is required") }
            case .some(let value):
                do { try property.schema.check(value) } catch { throw error.inside(property.name) }
            }
        }
    }
}
