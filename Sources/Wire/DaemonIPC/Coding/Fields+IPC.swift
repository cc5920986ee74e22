import Bytes
import Fleet

// What answers are made of (daemon-ipc §2). `null` and absent are equal, as everywhere.
extension Fields {
    /// A time in any form of §3.3.
    func rfc3339(_ key: String) throws(FieldError) -> Timestamp {
        guard let time = Timestamp(rfc3339: try string(key)) else {
            throw FieldError(path: key, message: "must be an RFC 3339 time with an offset")
        }
        return time
    }

    func optionalRFC3339(_ key: String) throws(FieldError) -> Timestamp? { has(key) ? try rfc3339(key) : nil }

    func optionalDouble(_ key: String) throws(FieldError) -> Double? {
        has(key) ? try number(key, atLeast: -.infinity) : nil
    }

    func ipc<Value: IPCValue>(_ key: String, as type: Value.Type = Value.self) throws(FieldError) -> Value {
        let json = try require(key)
        do { return try Value(json: json) } catch { throw error.inside(key) }
    }

    func optionalIPC<Value: IPCValue>(_ key: String, as type: Value.Type = Value.self) throws(FieldError) -> Value? {
        has(key) ? try ipc(key) : nil
    }

    /// The members of an object whose keys are data.
    func members(_ key: String) throws(FieldError) -> [JSONObject.Member] {
        guard case .object(let object) = try require(key) else {
            throw FieldError(path: key, message: "must be an object")
        }
        return object.members
    }

    /// Refuses what requests may not carry (D-31).
    func allow(_ keys: String...) throws(FieldError) {
        for member in object.members where !keys.contains(member.key) {
            throw FieldError(path: String(member.key.prefix(64)), message: "is not known here")
        }
    }
}

extension String {
    /// Whether nothing is left of it when blanks are trimmed (§3.2).
    var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    /// Without blanks at both ends.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
