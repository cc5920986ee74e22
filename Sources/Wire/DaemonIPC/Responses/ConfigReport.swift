import Bytes
import Fleet

/// How routing is configured: what `get_config` answers (daemon-ipc §2.6).
public struct ConfigReport: Hashable, Sendable {
    /// Milliseconds that what tmux says is fresh.
    public var tmuxSignalFreshMilliseconds: UInt64
    /// Milliseconds that what a shell says is fresh.
    public var shellSignalFreshMilliseconds: UInt64
    public var shellRetentionHours: UInt64
    /// Milliseconds between two questions to tmux, as configured.
    public var tmuxPollIntervalMilliseconds: UInt64

    public init(
        tmuxSignalFreshMilliseconds: UInt64 = 5000, shellSignalFreshMilliseconds: UInt64 = 600_000,
        shellRetentionHours: UInt64 = 24, tmuxPollIntervalMilliseconds: UInt64 = 1000
    ) {
        self.tmuxSignalFreshMilliseconds = tmuxSignalFreshMilliseconds
        self.shellSignalFreshMilliseconds = shellSignalFreshMilliseconds
        self.shellRetentionHours = shellRetentionHours
        self.tmuxPollIntervalMilliseconds = tmuxPollIntervalMilliseconds
    }
}

extension ConfigReport: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            tmuxSignalFreshMilliseconds: try fields.number("tmux_signal_fresh_ms"),
            shellSignalFreshMilliseconds: try fields.number("shell_signal_fresh_ms"),
            shellRetentionHours: try fields.number("shell_retention_hours"),
            tmuxPollIntervalMilliseconds: try fields.number("tmux_poll_interval_ms"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"tmux_signal_fresh_ms":"#, tmuxSignalFreshMilliseconds)
        output.append(#","shell_signal_fresh_ms":"#, shellSignalFreshMilliseconds)
        output.append(#","shell_retention_hours":"#, shellRetentionHours)
        output.append(#","tmux_poll_interval_ms":"#, tmuxPollIntervalMilliseconds)
        output.append(UInt8(ascii: "}"))
    }
}
