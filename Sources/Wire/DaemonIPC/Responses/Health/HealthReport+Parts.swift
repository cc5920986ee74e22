import Bytes
import Fleet

/// Who was turned away (daemon-ipc §1.3, §2.1). The mode is `same_user`, the only one there is.
public struct SecurityHealth: Hashable, Sendable {
    /// For too many connections or a wrong peer, since the daemon started.
    public var rejectedConnections: UInt64

    public init(rejectedConnections: UInt64) { self.rejectedConnections = rejectedConnections }
}

extension SecurityHealth: IPCValue {
    public init(json: JSON) throws(FieldError) {
        self.init(rejectedConnections: try Fields(json).number("rejected_connections"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"peer_auth_mode":"same_user","rejected_connections":"#, rejectedConnections)
        output.append(UInt8(ascii: "}"))
    }
}

/// How busy the daemon is, and what it was built from (daemon-ipc §2.1).
public struct RuntimeHealth: Hashable, Sendable {
    /// With the one that asks.
    public var activeConnections: UInt64
    public var maxActiveConnections: UInt64
    /// Not blank: of the environment, of the build, or the version.
    public var buildHash: String

    public init(
        activeConnections: UInt64, maxActiveConnections: UInt64 = UInt64(IPCLimits.connections), buildHash: String
    ) {
        self.activeConnections = activeConnections
        self.maxActiveConnections = maxActiveConnections
        self.buildHash = buildHash
    }
}

extension RuntimeHealth: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            activeConnections: try fields.number("active_connections"),
            maxActiveConnections: try fields.number("max_active_connections"),
            buildHash: try fields.string("build_hash"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"active_connections":"#, activeConnections)
        output.append(#","max_active_connections":"#, maxActiveConnections)
        output.append(#","build_hash":"#, buildHash)
        output.append(UInt8(ascii: "}"))
    }
}

/// What the looks for sessions whose process is gone have come to (daemon-ipc §2.1, §4.8).
public struct ReconcileHealth: Hashable, Sendable {
    public struct Counters: Hashable, Sendable {
        public var runs: UInt64
        /// In all runs together.
        public var repairedSessions: UInt64
        public var lastRunAt: Timestamp?
        /// The last run that repaired something.
        public var lastRepairAt: Timestamp?

        public init(
            runs: UInt64 = 0, repairedSessions: UInt64 = 0, lastRunAt: Timestamp? = nil, lastRepairAt: Timestamp? = nil
        ) {
            self.runs = runs
            self.repairedSessions = repairedSessions
            self.lastRunAt = lastRunAt
            self.lastRepairAt = lastRepairAt
        }
    }

    /// The run at the start, which has been made before the first answer.
    public var startup: Counters?
    /// Every 15 s; `nil` before the first.
    public var periodic: Counters?

    public init(startup: Counters?, periodic: Counters? = nil) {
        self.startup = startup
        self.periodic = periodic
    }
}

extension ReconcileHealth: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(startup: try fields.optionalIPC("startup"), periodic: try fields.optionalIPC("periodic"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        output.append(ifAny: #""startup":"#, startup)
        if startup != nil, periodic != nil { output.append(UInt8(ascii: ",")) }
        output.append(ifAny: #""periodic":"#, periodic)
        output.append(UInt8(ascii: "}"))
    }
}

extension ReconcileHealth.Counters: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            runs: try fields.number("runs"), repairedSessions: try fields.number("repaired_sessions"),
            lastRunAt: try fields.optionalRFC3339("last_run_at"),
            lastRepairAt: try fields.optionalRFC3339("last_repair_at"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"runs":"#, runs)
        output.append(#","repaired_sessions":"#, repairedSessions)
        output.append(#","last_run_at":"#, lastRunAt)
        output.append(#","last_repair_at":"#, lastRepairAt)
        output.append(UInt8(ascii: "}"))
    }
}
