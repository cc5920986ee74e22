import Bytes
import Fleet

/// The outside of a line, `{"type":…,"payload":…}` in any order (runtime-rpc §2.1): what it is, before what is in it.
struct RPCEnvelope {
    var type: String
    private let line: [UInt8]
    private let members: [JSONReader.MemberRange]

    /// `noun` is what the line is called in messages: `request` or `answer`.
    init(_ line: [UInt8], noun: Substring) throws(RPCError) {
        guard line.contains(where: { $0 > 0x20 }) else { throw .mismatch("the \(noun) is an empty line") }
        var reader = JSONReader(line.span)
        do { members = try reader.objectMembers() } catch { throw .unreadable(noun, error) }
        self.line = line
        var type: JSONReader.MemberRange?
        for member in members where member.key == "type" {
            guard type == nil else { throw .mismatch("the \(noun) has \"type\" twice") }
            type = member
        }
        guard let type else { throw .mismatch("the \(noun) has no \"type\"") }
        guard case .string(let text)? = try? JSON(parsing: line[type.value]) else {
            throw .mismatch("the \"type\" of the \(noun) is not a string")
        }
        self.type = text
    }

    /// The last member of that name, `nil` when there is none.
    func member(_ key: String) throws(FieldError) -> JSON? {
        guard let member = members.last(where: { $0.key == key }) else { return nil }
        do { return try JSON(parsing: line[member.value]) } catch {
            throw FieldError(path: key, message: "is not JSON: \(error)")
        }
    }

    /// Reads the payload, which names with data need even when all members are optional (§2.1.3).
    func read<Value>(_ read: (Fields) throws(FieldError) -> Value) throws(FieldError) -> Value {
        guard let payload = try member("payload") else { throw FieldError(path: "payload", message: "is required") }
        do { return try read(try Fields(payload)) } catch { throw error.inside("payload") }
    }

    /// Reads what the payload wraps once more under a name (§2.1.4).
    func read<Value>(_ wrapper: String, _ read: (Fields) throws(FieldError) -> Value) throws(FieldError) -> Value {
        try self.read { payload throws(FieldError) in try payload.inside(wrapper, read) }
    }

    /// The value that the payload wraps under a name.
    func value<Value: RPCValue>(_ wrapper: String) throws(FieldError) -> Value {
        try read { payload throws(FieldError) in try payload.value(wrapper) }
    }

    /// Passes on what has a name without data: its payload may be absent, `null` or an object, which is not read (D-30).
    func withoutData<Value>(_ value: Value) throws(FieldError) -> Value {
        switch try member("payload") {
        case nil, .null, .object: return value
        default: throw FieldError(path: "payload", message: "must be left out")
        }
    }
}
