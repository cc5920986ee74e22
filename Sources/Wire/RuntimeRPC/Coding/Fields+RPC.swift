import Bytes
import Fleet

// What the messages of runtime-rpc are made of (§2.1). `null` and absent are equal, as everywhere.
extension Fields {
    /// Whole numbers of a width; a fraction, even `.0`, is none.
    func number<Number: FixedWidthInteger>(_ key: String, as type: Number.Type = Number.self) throws(FieldError)
        -> Number
    {
        let number: Number?
        switch try require(key) {
        case .integer(let value): number = Number(exactly: value)
        case .unsigned(let value): number = Number(exactly: value)
        case .number, .null, .bool, .string, .array, .object:
            throw FieldError(path: key, message: "must be an integer")
        }
        guard let number else {
            throw FieldError(path: key, message: "must be from \(Number.min) to \(Number.max)")
        }
        return number
    }

    func optionalNumber<Number: FixedWidthInteger>(_ key: String, as type: Number.Type = Number.self)
        throws(FieldError) -> Number?
    {
        has(key) ? try number(key) : nil
    }

    /// A session's id in any spelling of a UUID.
    func sessionID(_ key: String) throws(FieldError) -> SessionID {
        guard let id = SessionUUID.parse(try string(key)) else {
            throw FieldError(path: key, message: "must be a UUID")
        }
        return id
    }

    func optionalSessionID(_ key: String) throws(FieldError) -> SessionID? { has(key) ? try sessionID(key) : nil }

    func time(_ key: String) throws(FieldError) -> PreciseTime {
        guard let time = PreciseTime(rfc3339: try string(key)) else {
            throw FieldError(path: key, message: "must be an RFC 3339 time with an offset")
        }
        return time
    }

    func optionalTime(_ key: String) throws(FieldError) -> PreciseTime? { has(key) ? try time(key) : nil }

    func value<Value: RPCValue>(_ key: String, as type: Value.Type = Value.self) throws(FieldError) -> Value {
        let json = try require(key)
        do { return try Value(json: json) } catch { throw error.inside(key) }
    }

    func optionalValue<Value: RPCValue>(_ key: String, as type: Value.Type = Value.self) throws(FieldError) -> Value? {
        has(key) ? try value(key) : nil
    }

    func values<Value: RPCValue>(_ key: String, of type: Value.Type = Value.self) throws(FieldError) -> [Value] {
        guard case .array(let elements) = try require(key) else {
            throw FieldError(path: key, message: "must be an array")
        }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do { values.append(try Value(json: element)) } catch { throw error.inside("\(key)[\(index)]") }
        }
        return values
    }

    /// The fields of an object inside this one.
    func fields(_ key: String) throws(FieldError) -> Fields {
        let json = try require(key)
        do { return try Fields(json) } catch { throw error.inside(key) }
    }

    /// Reads what stands inside the object of that name.
    func inside<Value>(_ key: String, _ read: (Fields) throws(FieldError) -> Value) throws(FieldError) -> Value {
        let fields = try fields(key)
        do { return try read(fields) } catch { throw error.inside(key) }
    }
}
