import Bytes
import Fleet

/// What became of a capture (runtime-rpc §2.3, §6).
public enum CaptureOutcome: Hashable, Sendable {
    case captured(PaneSnapshot)
    case failed(CaptureError)
}

extension CaptureOutcome: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("status") {
        case "captured": self = .captured(try fields.value("payload"))
        case "failed": self = .failed(try fields.value("payload"))
        default: throw FieldError(path: "status", message: "must be one of captured, failed")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .captured(let snapshot): output.append(#"{"status":"captured","payload":"#, snapshot)
        case .failed(let error): output.append(#"{"status":"failed","payload":"#, error)
        }
        output.append(UInt8(ascii: "}"))
    }
}

/// What a pane shows, with what scrolled away (runtime-rpc §6).
public struct PaneSnapshot: Hashable, Sendable {
    /// Lines as they are on the screen, escapes and trailing blank rows kept.
    public var content: String
    /// Unix milliseconds.
    public var capturedAtMilliseconds: UInt64
    /// What was asked for, 1000 when nothing was.
    public var scrollbackLinesRequested: UInt32
    /// Lines of `content`, those of the visible screen among them.
    public var scrollbackLinesIncluded: UInt32
    /// Lines of scrollback that tmux holds.
    public var paneHistoryLines: UInt32

    public init(
        content: String, capturedAtMilliseconds: UInt64, scrollbackLinesRequested: UInt32,
        scrollbackLinesIncluded: UInt32, paneHistoryLines: UInt32
    ) {
        self.content = content
        self.capturedAtMilliseconds = capturedAtMilliseconds
        self.scrollbackLinesRequested = scrollbackLinesRequested
        self.scrollbackLinesIncluded = scrollbackLinesIncluded
        self.paneHistoryLines = paneHistoryLines
    }
}

extension PaneSnapshot: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            content: try fields.string("content"), capturedAtMilliseconds: try fields.number("captured_at_ms"),
            scrollbackLinesRequested: try fields.number("scrollback_lines_requested"),
            scrollbackLinesIncluded: try fields.number("scrollback_lines_included"),
            paneHistoryLines: try fields.number("pane_history_lines"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"content":"#, content)
        output.append(#","captured_at_ms":"#, capturedAtMilliseconds)
        output.append(#","scrollback_lines_requested":"#, scrollbackLinesRequested)
        output.append(#","scrollback_lines_included":"#, scrollbackLinesIncluded)
        output.append(#","pane_history_lines":"#, paneHistoryLines)
        output.append(UInt8(ascii: "}"))
    }
}

/// Why there is no snapshot. These are answers, not errors (runtime-rpc §6).
public enum CaptureError: Hashable, Sendable {
    case notATmuxTarget
    case paneUnavailable
    /// Nobody knows the session.
    case sessionMissing
    case tmuxNotAvailable
    case capturePaneFailed(stderr: String)
}

extension CaptureError: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("type") {
        case "not_a_tmux_target": self = .notATmuxTarget
        case "pane_unavailable": self = .paneUnavailable
        case "session_missing": self = .sessionMissing
        case "tmux_not_available": self = .tmuxNotAvailable
        case "capture_pane_failed":
            self = try fields.inside("payload") { payload throws(FieldError) in
                .capturePaneFailed(stderr: try payload.string("stderr"))
            }
        default:
            throw FieldError(
                path: "type",
                message: "must be one of not_a_tmux_target, pane_unavailable, session_missing, tmux_not_available, "
                    + "capture_pane_failed")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .notATmuxTarget: output.append(literal: #"{"type":"not_a_tmux_target"}"#)
        case .paneUnavailable: output.append(literal: #"{"type":"pane_unavailable"}"#)
        case .sessionMissing: output.append(literal: #"{"type":"session_missing"}"#)
        case .tmuxNotAvailable: output.append(literal: #"{"type":"tmux_not_available"}"#)
        case .capturePaneFailed(let stderr):
            output.append(#"{"type":"capture_pane_failed","payload":{"stderr":"#, stderr)
            output.append(literal: "}}")
        }
    }
}
