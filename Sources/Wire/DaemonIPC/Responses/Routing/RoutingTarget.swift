import Bytes
import Fleet

/// Where a person is taken (daemon-ipc §2.4).
public enum RoutingTarget: Hashable, Sendable {
    /// The name of a session of tmux.
    case tmuxSession(String)
    /// A terminal or editor by its id (§9.3).
    case terminalApp(String)
    case none
}

extension RoutingTarget: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("kind") {
        case "tmux_session": self = .tmuxSession(try fields.string("value"))
        case "terminal_app": self = .terminalApp(try fields.string("value"))
        case "none": self = .none
        default: throw FieldError(path: "kind", message: "must be one of tmux_session, terminal_app, none")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .tmuxSession(let name): output.append(#"{"kind":"tmux_session","value":"#, name)
        case .terminalApp(let app): output.append(#"{"kind":"terminal_app","value":"#, app)
        case .none: output.append(literal: #"{"kind":"none""#)
        }
        output.append(UInt8(ascii: "}"))
    }
}
