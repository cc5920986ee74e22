/// The row of one launched runtime (runtime-rpc §2.3, §11), with what only we remember.
public struct RuntimeLifecycle: Hashable, Sendable {
    public var sessionID: SessionID
    /// The name of its launcher, such as `claude`.
    public var runtime: String
    public var state: RuntimeState
    public var target: RuntimeTarget
    /// The pane itself, so that it is found when its address moves (D-28).
    public var paneID: PaneID?
    public var shimPID: UInt32?
    public var runtimePID: UInt32?
    public var startTime: PreciseTime?
    /// Clock ticks after boot at which the runtime started, with the boot they count from (D-11); `nil` when they could not be read.
    public var startTicks: UInt64?
    public var bootID: String?
    public var spawnedAt: PreciseTime
    /// Changes with every transition.
    public var updatedAt: PreciseTime
    /// What the shim reported after the runtime was declared lost (D-12).
    public var lateExit: RuntimeExit?
    /// What its pane was when it was put there; `nil` for one without, and when nobody could say.
    public var placement: PanePlacement?

    public init(
        sessionID: SessionID, runtime: String, state: RuntimeState = .forking, target: RuntimeTarget,
        paneID: PaneID? = nil, shimPID: UInt32? = nil, runtimePID: UInt32? = nil, startTime: PreciseTime? = nil,
        startTicks: UInt64? = nil, bootID: String? = nil, spawnedAt: PreciseTime, updatedAt: PreciseTime? = nil,
        lateExit: RuntimeExit? = nil, placement: PanePlacement? = nil
    ) {
        self.sessionID = sessionID
        self.runtime = runtime
        self.state = state
        self.target = target
        self.paneID = paneID
        self.shimPID = shimPID
        self.runtimePID = runtimePID
        self.startTime = startTime
        self.startTicks = startTicks
        self.bootID = bootID
        self.spawnedAt = spawnedAt
        self.updatedAt = updatedAt ?? spawnedAt
        self.lateExit = lateExit
        self.placement = placement
    }
}
