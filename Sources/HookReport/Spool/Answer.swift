import Bytes

/// What the daemon said to an event, as far as its sender must know.
public enum Answer: Equatable, Sendable {
    case accepted
    /// It will never be taken: keeping it is of no use.
    case refused(code: String)
    /// Not now: it is sent again later.
    case later(code: String)

    /// Reads an answer's line; `nil` when it is none.
    public init?(line: [UInt8]) {
        guard let json = try? JSON(parsing: line), let isOK = json["ok"]?.bool else { return nil }
        if isOK {
            self = .accepted
            return
        }
        let code = json["error"]?["code"]?.string ?? "unknown"
        self = Self.passing.contains(code) ? .later(code: code) : .refused(code: code)
    }

    /// Codes that say something of the moment and nothing of the event (daemon-ipc §10).
    private static let passing: Set<String> = [
        "too_many_connections", "read_timeout", "read_error", "empty_request", "sessions_error", "serialization_error",
    ]
}
