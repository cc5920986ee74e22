import Bytes
import Fleet

/// `{"type":"headless","payload":{}}` or `{"type":"tmux","payload":{"address":…}}` (runtime-rpc §2.2, SpawnTarget).
extension RuntimeTarget: RPCValue {
    /// Here a malformed address is an error like any other; `spawn` answers it with a code of its own.
    public init(json: JSON) throws(FieldError) {
        switch try WrittenTarget(json: json) {
        case .headless: self = .headless
        case .tmux(let text):
            guard let address = PaneAddress(text) else {
                throw FieldError(path: "payload.address", message: "must be <session>:<window>.<pane>")
            }
            self = .tmux(address)
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .headless: output.append(literal: #"{"type":"headless","payload":{}}"#)
        case .tmux(let address):
            output.append(#"{"type":"tmux","payload":{"address":"#, address.description)
            output.append(literal: "}}")
        }
    }
}

/// A target as it stands in the line, its address not looked at yet: what is wrong with one has another code (§1.4).
enum WrittenTarget {
    case headless
    case tmux(String)

    init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("type") {
        case "headless":
            _ = try fields.fields("payload")
            self = .headless
        case "tmux":
            self = .tmux(
                try fields.inside("payload") { payload throws(FieldError) in try payload.string("address") })
        default: throw FieldError(path: "type", message: "must be one of headless, tmux")
        }
    }
}
