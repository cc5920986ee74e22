import Bytes
import Fleet

/// The data of an answer, or a part of it, with one JSON form in daemon-ipc (§2), written straight into a buffer.
public protocol IPCValue: Sendable {
    /// Reads it as a client. Unknown keys are passed over, omitted and `null` are equal; what is wrong is said with the
    /// path of the field.
    init(json: JSON) throws(FieldError)

    /// Appends it as the daemon writes it.
    func append(to output: inout [UInt8])
}

extension IPCValue {
    /// The JSON text of the value alone.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        append(to: &output)
        return output
    }
}

/// Rows are values too: `get_sessions` and others answer with an array.
extension Array: IPCValue where Element: IPCValue {
    public init(json: JSON) throws(FieldError) {
        guard case .array(let elements) = json else { throw FieldError(message: "must be an array") }
        self.init()
        reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do { append(try Element(json: element)) } catch { throw error.inside("[\(index)]") }
        }
    }

    public func append(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        var isFirst = true
        for element in self {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            element.append(to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }
}
