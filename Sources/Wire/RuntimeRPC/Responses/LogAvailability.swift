import Bytes
import Fleet

/// Where the output of a session can be found (runtime-rpc §2.3). Computed for every answer, never stored.
public enum LogAvailability: Hashable, Sendable {
    case headless(stdoutPath: String, stderrPath: String)
    /// Nowhere but on the screen of its pane: `capture` it.
    case tmuxPaneSnapshot
    case unavailable(Reason)

    /// Only `pane_unavailable` is produced; the others may be read.
    public enum Reason: String, CaseIterable, Sendable {
        case tmuxTarget = "tmux_target"
        case captureDisabled = "capture_disabled"
        case paneUnavailable = "pane_unavailable"
        case pipeInUse = "pipe_in_use"
        case recorderFailed = "recorder_failed"
    }
}

extension LogAvailability: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("type") {
        case "headless":
            self = try fields.inside("payload") { payload throws(FieldError) in
                .headless(
                    stdoutPath: try payload.string("stdout_path"), stderrPath: try payload.string("stderr_path"))
            }
        case "tmux_pane_snapshot": self = .tmuxPaneSnapshot
        case "unavailable":
            self = try fields.inside("payload") { payload throws(FieldError) in
                .unavailable(try payload.choice("reason"))
            }
        default: throw FieldError(path: "type", message: "must be one of headless, tmux_pane_snapshot, unavailable")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .headless(let stdoutPath, let stderrPath):
            output.append(#"{"type":"headless","payload":{"stdout_path":"#, stdoutPath)
            output.append(#","stderr_path":"#, stderrPath)
            output.append(literal: "}}")
        case .tmuxPaneSnapshot: output.append(literal: #"{"type":"tmux_pane_snapshot"}"#)
        case .unavailable(let reason):
            output.append(#"{"type":"unavailable","payload":{"reason":"#, reason.rawValue)
            output.append(literal: "}}")
        }
    }
}
