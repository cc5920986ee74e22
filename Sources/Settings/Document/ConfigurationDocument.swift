import Bytes

/// What the configuration file says: the ConfigFile of chat-runtime §1.8.
///
/// Known leaves are always there, `null` when unset; their types hold, though not yet their ranges (`check`). Keys that
/// nobody here knows are kept at every level, after the known ones, in the order in which they were written: other parts
/// of Drover have sections of their own in the same file.
public struct ConfigurationDocument: Equatable, Sendable {
    /// As it is written.
    public private(set) var object: JSONObject

    /// The template: nothing is set.
    public init() {
        object = Self.completed(.known)
    }

    /// Reads the text of a file. Keys that stand twice are refused.
    public init(parsing text: [UInt8]) throws(ConfigurationProblem) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: text, duplicateKeys: .reject)
        } catch {
            throw ConfigurationProblem(error, in: text)
        }
        try self.init(json)
    }

    /// Takes a structured configuration. Sections and leaves that are missing or `null` are unset.
    public init(_ json: JSON) throws(ConfigurationProblem) {
        guard let object = json.object else {
            throw ConfigurationProblem(.document, "the configuration must be a JSON object, and is \(json.kind)")
        }
        self.object = try Self.normalised(object, by: .known, at: "")
    }

    public var json: JSON { .object(object) }

    /// The text of the file: two spaces a level, and a newline at the end.
    public func encoded() -> [UInt8] { json.indented() + [UInt8(ascii: "\n")] }

    // MARK: - Leaves

    /// The value, which has the form of its key; `null` when unset.
    public subscript(key: ConfigurationKey) -> JSON {
        var value = json
        for name in key.path { value = value[name] ?? .null }
        return value
    }

    /// `nil` when it is unset or empty.
    public func text(_ key: ConfigurationKey) -> String? {
        guard let text = self[key].string, !text.isEmpty else { return nil }
        return text
    }

    public func flag(_ key: ConfigurationKey) -> Bool? { self[key].bool }
    public func number(_ key: ConfigurationKey) -> Double? { self[key].double }
    public func texts(_ key: ConfigurationKey) -> [String]? { self[key].array?.compactMap(\.string) }

    public func whole(_ key: ConfigurationKey) -> UInt64? { self[key].wholeNumber }

    /// Every leaf with its dotted path, those that are unset left out. Lists are leaves.
    public var leaves: [(path: String, value: JSON)] {
        var leaves: [(path: String, value: JSON)] = []
        Self.collect(json, at: "", into: &leaves)
        return leaves
    }

    /// The dotted paths of the leaves that differ.
    public func differences(from other: ConfigurationDocument) -> [String] {
        let mine = leaves
        let theirs = other.leaves
        let old = Dictionary(theirs.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        let new = Dictionary(mine.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        return mine.filter { old[$0.path] != $0.value }.map(\.path)
            + theirs.filter { new[$0.path] == nil }.map(\.path)
    }

    private static func collect(_ json: JSON, at path: String, into leaves: inout [(path: String, value: JSON)]) {
        switch json {
        case .null: break
        case .object(let object):
            for member in object.members {
                collect(member.value, at: path.isEmpty ? member.key : "\(path).\(member.key)", into: &leaves)
            }
        case .bool, .integer, .unsigned, .number, .string, .array: leaves.append((path, json))
        }
    }

    // MARK: - Changing

    /// With the value at a dotted path replaced, known or not; `null` unsets it. Sections are made on the way.
    public func setting(_ path: [String], to value: JSON) throws(ConfigurationProblem) -> ConfigurationDocument {
        try ConfigurationDocument(.object(Self.setting(path[...], to: value, in: object)))
    }

    private static func setting(_ path: ArraySlice<String>, to value: JSON, in object: JSONObject) -> JSONObject {
        guard let name = path.first else { return object }
        var object = object
        if path.count == 1 {
            // `nil` alone would be JSON's null here.
            object[name] = value.isNull ? Optional<JSON>.none : value
        } else {
            object[name] = .object(setting(path.dropFirst(), to: value, in: object[name]?.object ?? JSONObject()))
        }
        return object
    }

    /// With the keys of another configuration that nobody here knows, where this one does not mention them.
    ///
    /// A program that knows only some keys would otherwise drop the rest (§4.2).
    func keepingUnknown(of other: ConfigurationDocument) -> ConfigurationDocument {
        var document = self
        document.object = Self.merged(object, other.object, by: .known)
        return document
    }

    private static func merged(_ mine: JSONObject, _ other: JSONObject, by tree: ConfigurationTree) -> JSONObject {
        var mine = mine
        for member in other.members {
            switch tree[member.key] {
            case .section(let section)?:
                guard let own = mine[member.key]?.object, let others = member.value.object else { continue }
                mine[member.key] = .object(merged(own, others, by: section))
            case .leaf?: break
            case nil: if mine[member.key] == nil { mine.members.append(member) }
            }
        }
        return mine
    }

    /// With every value passed through a function that is given its path.
    func mapping(_ transform: ([String], JSON) -> JSON) -> ConfigurationDocument {
        var document = self
        document.object = Self.mapped(object, at: [], transform)
        return document
    }

    private static func mapped(
        _ object: JSONObject, at path: [String], _ transform: ([String], JSON) -> JSON
    ) -> JSONObject {
        JSONObject(
            object.members.map { member in
                let path = path + [member.key]
                let value = member.value.object.map { JSON.object(mapped($0, at: path, transform)) }
                return JSONObject.Member(key: member.key, value: value ?? transform(path, member.value))
            })
    }

    /// The value at a path, known or not.
    public func value(at path: [String]) -> JSON? {
        var value = json
        for name in path {
            guard let next = value[name] else { return nil }
            value = next
        }
        return value
    }

    // MARK: - Shape

    private static func completed(_ tree: ConfigurationTree) -> JSONObject {
        JSONObject(
            tree.children.map { child in
                switch child.node {
                case .leaf: return JSONObject.Member(key: child.name, value: .null)
                case .section(let section):
                    return JSONObject.Member(key: child.name, value: .object(completed(section)))
                }
            })
    }

    private static func normalised(
        _ object: JSONObject, by tree: ConfigurationTree, at path: String
    ) throws(ConfigurationProblem) -> JSONObject {
        var result = JSONObject()
        for child in tree.children {
            let value = object[child.name] ?? .null
            let place = path.isEmpty ? child.name : "\(path).\(child.name)"
            let normal: JSON
            switch child.node {
            case .leaf(let key): normal = try key.normalised(value)
            case .section(let section):
                // A `null` section is an empty one (§4.2).
                guard let members = value.isNull ? JSONObject() : value.object else {
                    throw ConfigurationProblem(.key(place), "it must be an object, and is \(value.kind)")
                }
                normal = .object(try normalised(members, by: section, at: place))
            }
            result.members.append(JSONObject.Member(key: child.name, value: normal))
        }
        result.members += object.members.filter { tree[$0.key] == nil }
        return result
    }
}

extension ConfigurationDocument: CustomStringConvertible {
    /// Without secrets, whoever prints it.
    public var description: String { masked().json.text }
}
