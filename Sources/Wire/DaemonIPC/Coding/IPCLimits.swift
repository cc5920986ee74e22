/// What the protocol is held to (daemon-ipc §1, §2.9, §3.1).
public enum IPCLimits {
    public static let protocolVersion = 1
    /// Requests that are answered at the same time.
    public static let connections = 64
    /// Bytes of a request, its line feed included; one more is too large (§1.2).
    public static let requestBytes = 1_048_576
    /// Unicode scalars of an event's id (D-28).
    public static let eventIDScalars = 128
    /// Rows of `get_activity` when nothing usable is asked for, and at most.
    public static let activityRows = 100
    public static let mostActivityRows = 1000
}
