import Bytes
import Fleet

/// What `get_health` answers (daemon-ipc §2.1).
public struct HealthReport: Equatable, Sendable {
    /// The daemon's process.
    public var pid: UInt32
    /// The product's version.
    public var version: String
    /// Seconds between two looks for sessions whose process is gone (§4.8).
    public var reconcileIntervalSeconds: UInt64
    public var security: SecurityHealth
    public var runtime: RuntimeHealth
    public var reconcile: ReconcileHealth
    public var hemShadow: HemShadow
    public var routing: RoutingHealth
    /// `nil` when its file is there and cannot be read.
    public var backoff: BackoffHealth?

    public init(
        pid: UInt32, version: String, reconcileIntervalSeconds: UInt64 = 15, security: SecurityHealth,
        runtime: RuntimeHealth, reconcile: ReconcileHealth, hemShadow: HemShadow = HemShadow(), routing: RoutingHealth,
        backoff: BackoffHealth?
    ) {
        self.pid = pid
        self.version = version
        self.reconcileIntervalSeconds = reconcileIntervalSeconds
        self.security = security
        self.runtime = runtime
        self.reconcile = reconcile
        self.hemShadow = hemShadow
        self.routing = routing
        self.backoff = backoff
    }
}

extension HealthReport: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            pid: try fields.number("pid"), version: try fields.string("version"),
            reconcileIntervalSeconds: try fields.number("dead_session_reconcile_interval_secs"),
            security: try fields.ipc("security"), runtime: try fields.ipc("runtime"),
            reconcile: try fields.ipc("dead_session_reconcile"), hemShadow: try fields.ipc("hem_shadow"),
            routing: try fields.ipc("routing"), backoff: try fields.optionalIPC("backoff"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"status":"ok","pid":"#, pid)
        output.append(#","version":"#, version)
        output.append(#","protocol_version":"#, IPCLimits.protocolVersion)
        output.append(#","dead_session_reconcile_interval_secs":"#, reconcileIntervalSeconds)
        output.append(#","security":"#, security)
        output.append(#","runtime":"#, runtime)
        output.append(#","dead_session_reconcile":"#, reconcile)
        output.append(#","hem_shadow":"#, hemShadow)
        output.append(#","routing":"#, routing)
        output.append(ifAny: #","backoff":"#, backoff)
        output.append(UInt8(ascii: "}"))
    }
}
