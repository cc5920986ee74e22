import Bytes
import Fleet

/// One variable of a runtime's environment, `{"key":…,"value":…}`. Order counts, and the last of a name wins.
public struct EnvironmentVariable: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

extension EnvironmentVariable: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(key: try fields.string("key"), value: try fields.string("value"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"key":"#, key)
        output.append(#","value":"#, value)
        output.append(UInt8(ascii: "}"))
    }
}
