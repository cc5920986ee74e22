import Bytes
import Fleet

/// `{"code":…,"signal":…}` (runtime-rpc §2.2, Exit).
extension RuntimeExit: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(code: try fields.optionalNumber("code"), signal: try fields.optionalNumber("signal"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"code":"#, code)
        output.append(#","signal":"#, signal)
        output.append(UInt8(ascii: "}"))
    }
}

/// `"forking"`, `"running"`, `{"exited":Exit}` or `{"lost":LostEvidence}` (runtime-rpc §2.3, State).
extension RuntimeState: RPCValue {
    public init(json: JSON) throws(FieldError) {
        switch json {
        case "forking": self = .forking
        case "running": self = .running
        case .object:
            let fields = try Fields(json)
            if fields.has("exited") {
                self = .exited(try fields.value("exited"))
            } else if fields.has("lost") {
                self = .lost(try fields.choice("lost"))
            } else {
                throw Self.unknown
            }
        default: throw Self.unknown
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .forking: output.append(literal: #""forking""#)
        case .running: output.append(literal: #""running""#)
        case .exited(let exit):
            output.append(#"{"exited":"#, exit)
            output.append(UInt8(ascii: "}"))
        case .lost(let evidence):
            output.append(#"{"lost":"#, evidence.rawValue)
            output.append(UInt8(ascii: "}"))
        }
    }

    private static let unknown = FieldError(message: "must be forking, running, exited or lost")
}
