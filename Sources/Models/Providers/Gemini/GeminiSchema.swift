import Bytes

/// JSON Schema as Gemini takes it: the subset of OpenAPI that its `Schema` has. Any other key makes it refuse the whole
/// request, so what has no counterpart is left out, or said in another way.
struct GeminiSchema {
    /// Levels that are followed, also through references: a schema may refer to itself.
    private static let depthLimit = 24
    /// Schemas within a schema, references counted as often as they are followed.
    private static let nodeLimit = 2000

    private let root: JSON
    private var nodes = 0
    /// The references that lead to where we are. One that leads to itself would go on for ever.
    private var followed: Set<String> = []

    private init(_ schema: JSON) { root = schema }

    /// What a function takes, or nil where it takes nothing: an object without properties is refused.
    static func parameters(_ schema: JSON) -> JSON? {
        var converter = GeminiSchema(schema)
        let schema = converter.convert(schema, depth: 0)
        guard schema["type"]?.string == "object", schema["properties"]?.object?.isEmpty == false else { return nil }
        return schema
    }

    private mutating func convert(_ schema: JSON, depth: Int) -> JSON {
        nodes += 1
        let (schema, references) = resolved(schema)
        guard followed.isDisjoint(with: references) else { return Self.asText(schema["description"]?.string) }
        followed.formUnion(references)
        defer { followed.subtract(references) }
        guard depth < Self.depthLimit, nodes <= Self.nodeLimit, let source = schema.object else {
            return ["type": "string"]
        }
        var result = JSONObject()
        convertType(source, into: &result)
        for key in ["title", "description"] where source[key]?.string != nil { result[key] = source[key] }
        if source["nullable"]?.bool == true { result["nullable"] = true }
        convertAlternatives(source, into: &result, depth: depth)
        switch result["type"]?.string {
        case "object": convertObject(source, into: &result, depth: depth)
        case "array":
            result["items"] = convert(source["items"] ?? ["type": "string"], depth: depth + 1)
            copy(["minItems", "maxItems"], from: source, into: &result)
        case "string":
            let values: [JSON] = source["enum"]?.array ?? source["const"].map { [$0] } ?? []
            let texts = values.filter { $0.string != nil }
            if !texts.isEmpty { result["enum"] = .array(texts) }
            if source["format"]?.string == "date-time" { result["format"] = "date-time" }
            copy(["minLength", "maxLength", "pattern"], from: source, into: &result)
        case "integer", "number":
            copy(["minimum", "maximum"], from: source, into: &result)
            if ["int32", "int64", "float", "double"].contains(source["format"]?.string) {
                result["format"] = source["format"]
            }
        default: break
        }
        return .object(result)
    }

    /// One type each; `["string", "null"]` is a string that may be null.
    private func convertType(_ source: JSONObject, into result: inout JSONObject) {
        let names = source["type"]?.string.map { [$0] } ?? (source["type"]?.array ?? []).compactMap(\.string)
        if names.contains("null"), names.count > 1 { result["nullable"] = true }
        if let name = names.first(where: { $0.lowercased() != "null" }) {
            result["type"] = .string(name.lowercased())
        } else if source["properties"] != nil {
            result["type"] = "object"
        } else if source["items"] != nil {
            result["type"] = "array"
        } else if source["anyOf"] == nil, source["oneOf"] == nil {
            result["type"] = "string"
        }
    }

    private mutating func convertAlternatives(_ source: JSONObject, into result: inout JSONObject, depth: Int) {
        guard let all = (source["anyOf"] ?? source["oneOf"])?.array, result["type"] == nil else { return }
        let others = all.filter { $0["type"]?.string != "null" }
        if others.count < all.count { result["nullable"] = true }
        var converted: [JSON] = []
        for other in others { converted.append(convert(other, depth: depth + 1)) }
        guard converted.count > 1 else {
            // A single one is no choice: its own description yields to that of the place.
            let own = result
            result = converted.first?.object ?? ["type": "string"]
            for member in own.members { result[member.key] = member.value }
            return
        }
        result["anyOf"] = .array(converted)
    }

    private mutating func convertObject(_ source: JSONObject, into result: inout JSONObject, depth: Int) {
        var properties = JSONObject()
        for member in source["properties"]?.object?.members ?? [] {
            properties[member.key] = convert(member.value, depth: depth + 1)
        }
        if properties.isEmpty {
            // An object with free keys cannot be said; below the top it is asked for as text.
            if depth > 0 {
                for member in Self.asText(result["description"]?.string).object?.members ?? [] {
                    result[member.key] = member.value
                }
            }
            return
        }
        result["properties"] = .object(properties)
        let required = (source["required"]?.array ?? []).filter { $0.string.map { properties[$0] != nil } ?? false }
        if !required.isEmpty { result["required"] = .array(required) }
        copy(["minProperties", "maxProperties"], from: source, into: &result)
    }

    private func copy(_ keys: [String], from source: JSONObject, into result: inout JSONObject) {
        for key in keys {
            if let value = source[key], !value.isNull { result[key] = value }
        }
    }

    private static func asText(_ description: String?) -> JSON {
        let said = description.map { $0 + " " } ?? ""
        return ["type": "string", "description": .string(said + "(a JSON object, as text)")]
    }

    /// What a reference within the schema leads to, and the references on the way; what stands beside a reference wins.
    private func resolved(_ schema: JSON) -> (schema: JSON, references: Set<String>) {
        var schema = schema
        var references: Set<String> = []
        for _ in 0..<Self.depthLimit {
            // `allOf` of one is how generators put a description beside a reference.
            if let all = schema["allOf"]?.array, all.count == 1, let own = schema.object {
                schema = Self.merged(own, over: all[0], without: "allOf")
                continue
            }
            guard let reference = schema["$ref"]?.string, let own = schema.object else { return (schema, references) }
            references.insert(reference)
            schema = Self.merged(own, over: target(of: reference) ?? ["type": "string"], without: "$ref")
        }
        return (["type": "string"], references)
    }

    private static func merged(_ own: JSONObject, over base: JSON, without key: String) -> JSON {
        var result = base.object ?? JSONObject()
        for member in own.members where member.key != key { result[member.key] = member.value }
        return .object(result)
    }

    private func target(of reference: String) -> JSON? {
        guard reference.hasPrefix("#/") else { return nil }
        var place: JSON? = root
        for step in reference.utf8.dropFirst(2).split(separator: UInt8(ascii: "/")) {
            place = place?[String(decoding: step, as: UTF8.self)]
        }
        return place
    }
}
