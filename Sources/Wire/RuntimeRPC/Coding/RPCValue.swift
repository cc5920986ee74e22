import Bytes
import Fleet

/// A value with one JSON form in runtime-rpc (§2), written straight into a buffer.
public protocol RPCValue: Sendable {
    /// Reads it. Unknown keys are passed over; what is wrong is said with the path of the field.
    init(json: JSON) throws(FieldError)

    /// Appends it as 0.3 writes it.
    func append(to output: inout [UInt8])
}

extension RPCValue {
    /// The JSON text of the value alone.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        append(to: &output)
        return output
    }
}
