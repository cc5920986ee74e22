import Bytes
import Fleet

/// How often the daemon was started of late, and what the next start will wait for that (daemon-ipc §2.1.3, §7.5).
public struct BackoffHealth: Hashable, Sendable {
    public var startsInWindow: UInt64
    /// Seconds that a start counts.
    public var windowSeconds: UInt64
    /// Starts in the window that do not wait.
    public var maxStarts: UInt64
    /// Seconds for each start beyond.
    public var stepSeconds: UInt64
    /// Seconds at most.
    public var maxBackoffSeconds: UInt64
    public var lastStart: Timestamp?
    /// Seconds that the next start waits, `nil` for none.
    public var nextBackoffSeconds: UInt64?

    public init(
        startsInWindow: UInt64, windowSeconds: UInt64 = 120, maxStarts: UInt64 = 3, stepSeconds: UInt64 = 10,
        maxBackoffSeconds: UInt64 = 60, lastStart: Timestamp? = nil, nextBackoffSeconds: UInt64? = nil
    ) {
        self.startsInWindow = startsInWindow
        self.windowSeconds = windowSeconds
        self.maxStarts = maxStarts
        self.stepSeconds = stepSeconds
        self.maxBackoffSeconds = maxBackoffSeconds
        self.lastStart = lastStart
        self.nextBackoffSeconds = nextBackoffSeconds
    }
}

extension BackoffHealth: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            startsInWindow: try fields.number("starts_in_window"), windowSeconds: try fields.number("window_secs"),
            maxStarts: try fields.number("max_starts"), stepSeconds: try fields.number("backoff_step_secs"),
            maxBackoffSeconds: try fields.number("max_backoff_secs"),
            lastStart: try fields.optionalRFC3339("last_start"),
            nextBackoffSeconds: try fields.optionalNumber("next_backoff_secs"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"starts_in_window":"#, startsInWindow)
        output.append(#","window_secs":"#, windowSeconds)
        output.append(#","max_starts":"#, maxStarts)
        output.append(#","backoff_step_secs":"#, stepSeconds)
        output.append(#","max_backoff_secs":"#, maxBackoffSeconds)
        output.append(#","last_start":"#, lastStart)
        output.append(#","next_backoff_secs":"#, nextBackoffSeconds)
        output.append(UInt8(ascii: "}"))
    }
}
