import Fleet

/// The counters of the dual run that outlive the daemon (daemon-ipc §6.7): the row of `routing_rollout_state`.
public struct RoutingRolloutRecord: Equatable, Sendable {
    public var comparisons: UInt64
    /// Comparisons in which the status differed.
    public var statusMismatches: UInt64
    /// Comparisons in which the kind or the value of the target differed.
    public var targetMismatches: UInt64
    public var firstComparisonAt: Timestamp?
    public var lastComparisonAt: Timestamp?
    public var lastSnapshotAt: Timestamp?

    public init(
        comparisons: UInt64 = 0, statusMismatches: UInt64 = 0, targetMismatches: UInt64 = 0,
        firstComparisonAt: Timestamp? = nil, lastComparisonAt: Timestamp? = nil, lastSnapshotAt: Timestamp? = nil
    ) {
        self.comparisons = comparisons
        self.statusMismatches = statusMismatches
        self.targetMismatches = targetMismatches
        self.firstComparisonAt = firstComparisonAt
        self.lastComparisonAt = lastComparisonAt
        self.lastSnapshotAt = lastSnapshotAt
    }
}
