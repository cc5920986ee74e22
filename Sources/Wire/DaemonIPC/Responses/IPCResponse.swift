import Bytes
import Fleet

/// The answer to a request, on the daemon's side: one line with its line feed (daemon-ipc §1.5).
public enum IPCResponse {
    /// A success whose `data` is what the closure appends: exactly one JSON value.
    public static func success(id: String?, data: (inout [UInt8]) -> Void) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(2048)
        output.append(literal: #"{"ok":true"#)
        output.append(ifAny: #","id":"#, id)
        output.append(literal: #","data":"#)
        data(&output)
        output.append(literal: "}\n")
        return output
    }

    /// A success with a value of this protocol.
    public static func success(id: String?, _ value: some IPCValue) -> [UInt8] {
        success(id: id) { value.append(to: &$0) }
    }

    public static func failure(_ error: IPCError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        output.append(literal: #"{"ok":false"#)
        output.append(ifAny: #","id":"#, error.id)
        output.append(#","error":{"code":"#, error.code.rawValue)
        output.append(#","message":"#, error.message)
        output.append(literal: "}}\n")
        return output
    }
}
