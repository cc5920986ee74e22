import Bytes
import Fleet

/// Why a request came to nothing: what an `error` response carries (runtime-rpc §2.4), and what decoding throws.
public struct RPCError: Error, Equatable, Sendable {
    /// The closed set of protocol 0.3. A client of it cannot read a line with any other.
    public enum Code: String, CaseIterable, Sendable {
        /// No launcher for that runtime, or a failure that nobody expected outside of `spawn`.
        case runtimeUnavailable = "runtime_unavailable"
        case sessionNotFound = "session_not_found"
        /// `spawn` only: the pane does not exist, or tmux does not.
        case tmuxPaneDead = "tmux_pane_dead"
        /// Reserved, never sent.
        case headlessNudgeUnsupported = "headless_nudge_unsupported"
        /// Every other failure inside `spawn`.
        case launchFailed = "launch_failed"
        /// `spawn` with a malformed address, or with an id that has been used.
        case invalidTarget = "invalid_target"
        /// A line that says nothing this protocol knows (§1.4).
        case protocolMismatch = "protocol_mismatch"
    }

    public var code: Code
    /// What happened, for people.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A line that cannot be understood.
    static func mismatch(_ message: String) -> RPCError { RPCError(.protocolMismatch, message) }

    static func unreadable(_ line: Substring, _ error: JSONError) -> RPCError {
        .mismatch("the \(line) is not one JSON object: \(error)")
    }

    /// A field that is not as it must be, in a message of that name.
    static func field(_ error: FieldError, in message: String) -> RPCError { .mismatch("\(message): \(error)") }
}

extension RPCError: CustomStringConvertible {
    /// `session_not_found: session … not found`.
    public var description: String { "\(code.rawValue): \(message)" }
}
