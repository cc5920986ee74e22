import Bytes
import Fleet

/// What `get_process_liveness` answers (daemon-ipc §2.3). Start times are epoch seconds.
public enum ProcessLivenessReport: Hashable, Sendable {
    /// No accepted event had that process, or it has been forgotten.
    case notFound(pid: UInt32)
    case found(Liveness)

    public struct Liveness: Hashable, Sendable {
        public var pid: UInt32
        /// When the process that the events meant was started.
        public var procStarted: UInt64?
        /// When the process that has the number now was started; `nil` when there is none.
        public var currentStartTime: UInt64?
        /// The time of the last event of it.
        public var lastSeenAt: Timestamp
        /// Whether any process has the number.
        public var isAlive: Bool
        /// Whether it is still the same; `nil` unless both start times are known.
        public var identityMatches: Bool?

        public init(
            pid: UInt32, procStarted: UInt64? = nil, currentStartTime: UInt64? = nil, lastSeenAt: Timestamp,
            isAlive: Bool, identityMatches: Bool? = nil
        ) {
            self.pid = pid
            self.procStarted = procStarted
            self.currentStartTime = currentStartTime
            self.lastSeenAt = lastSeenAt
            self.isAlive = isAlive
            self.identityMatches = identityMatches
        }
    }
}

extension ProcessLivenessReport: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let pid: UInt32 = try fields.number("pid")
        if try fields.optionalBool("found") == false {
            self = .notFound(pid: pid)
            return
        }
        self = .found(
            Liveness(
                pid: pid, procStarted: try fields.optionalNumber("proc_started"),
                currentStartTime: try fields.optionalNumber("current_start_time"),
                lastSeenAt: try fields.rfc3339("last_seen_at"), isAlive: try fields.bool("is_alive"),
                identityMatches: try fields.optionalBool("identity_matches")))
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .notFound(let pid): output.append(#"{"found":false,"pid":"#, pid)
        case .found(let liveness):
            output.append(#"{"pid":"#, liveness.pid)
            output.append(ifAny: #","proc_started":"#, liveness.procStarted)
            output.append(ifAny: #","current_start_time":"#, liveness.currentStartTime)
            output.append(#","last_seen_at":"#, liveness.lastSeenAt)
            output.append(#","is_alive":"#, liveness.isAlive)
            output.append(ifAny: #","identity_matches":"#, liveness.identityMatches)
        }
        output.append(UInt8(ascii: "}"))
    }
}
