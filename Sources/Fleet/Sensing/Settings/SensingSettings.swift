/// The times that the rules of sensing go by, in milliseconds.
public struct SensingSettings: Hashable, Sendable {
    /// How long a working, waiting or compacting record is shown without news (daemon-ipc §4.7).
    public var activeTTL: Int64 = 1_200_000
    public var readyTTL: Int64 = 1_800_000
    public var idleTTL: Int64 = 600_000
    /// How long a living process keeps its record beyond the above (D-17).
    public var hardCap: Int64 = 86_400_000
    /// How long a stop is shown as working, in case work goes on (§4.6, D-15). The contract's 20 s would hide what a
    /// person waits for: that the agent is done.
    public var stopGateGrace: Int64 = 3_000
    /// After which silence a finished task without tools counts as ready (§4.6).
    public var autoReady: Int64 = 60_000
    /// The same after a tool that has ended, whatever the counter says.
    public var autoReadyAfterTool: Int64 = 300_000
    /// How far behind its record an event may be (§4.2), in whole seconds.
    public var staleTolerance: Int64 = 5_000
    public var tombstoneTTL: Int64 = 60_000
    /// How far ahead of the clock an event's time is believed (D-27).
    public var futureTolerance: Int64 = 300_000
    /// How old a shell must be before its process is asked for (§2.2, D-18).
    public var shellGrace: Int64 = 300_000
    /// How often dead processes are looked for (§4.8).
    public var reconcileInterval: Int64 = 15_000
    /// How long a shell is kept at all, and a pid that no session refers to (§7.4).
    public var retention: Int64 = 86_400_000
    /// Which claims are shown beside the one that a state rests on.
    public var evidenceWindow: Int64 = 300_000

    public init() {}

    /// The time to live of a state (§4.7).
    public func timeToLive(of state: SensedState) -> Int64 {
        switch state {
        case .working, .waiting, .compacting: return activeTTL
        case .ready: return readyTTL
        case .idle: return idleTTL
        }
    }
}
