/// What was counted of routes: the object `routing` of `get_health` (daemon-ipc §2.1.2).
public struct RoutingCounters: Hashable, Sendable {
    // Since the last start.
    public private(set) var snapshotsEmitted: UInt64 = 0
    public private(set) var confidenceHigh: UInt64 = 0
    public private(set) var confidenceMedium: UInt64 = 0
    public private(set) var confidenceLow: UInt64 = 0
    /// Since ever: the row of the table `routing_rollout_state`.
    public private(set) var rollout: RoutingRollout

    public init(_ rollout: RoutingRollout = RoutingRollout()) { self.rollout = rollout }

    /// Counts a route that was given out, compared with the older rules' where both run.
    ///
    /// The caller stores ``rollout`` when this says so.
    public mutating func emitted(_ route: TerminalRoute, legacy: LegacyRoute?) -> Bool {
        snapshotsEmitted += 1
        switch route.confidence {
        case .high: confidenceHigh += 1
        case .medium: confidenceMedium += 1
        case .low: confidenceLow += 1
        }
        rollout.lastSnapshotAt = route.updatedAt
        guard let legacy else { return false }
        rollout.compared(route, with: legacy)
        return true
    }
}

/// How far newer and older rules agree (§6.7, §6.8).
public struct RoutingRollout: Hashable, Sendable {
    public var comparisons: UInt64
    public var statusMismatches: UInt64
    public var targetMismatches: UInt64
    public var firstComparisonAt: Timestamp?
    public var lastComparisonAt: Timestamp?
    public var lastSnapshotAt: Timestamp?

    /// Times in the wrong order, as a row may have them, are exchanged.
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
        if let first = firstComparisonAt, let last = lastComparisonAt, first > last {
            self.firstComparisonAt = last
            self.lastComparisonAt = first
        }
    }

    mutating func compared(_ route: TerminalRoute, with legacy: LegacyRoute) {
        comparisons += 1
        if route.status != legacy.status { statusMismatches += 1 }
        if route.target != legacy.target { targetMismatches += 1 }
        firstComparisonAt = firstComparisonAt.map { min($0, route.updatedAt) } ?? route.updatedAt
        lastComparisonAt = lastComparisonAt.map { max($0, route.updatedAt) } ?? route.updatedAt
    }
}

/// Whether the newer rules may become the default (§6.8).
public struct RolloutGates: Hashable, Sendable {
    public static let agreementTarget = 0.995
    public static let comparisonsRequired: UInt64 = 1000
    public static let hoursRequired: UInt64 = 168

    /// `nil` before the first comparison.
    public var statusAgreementRate: Double?
    public var targetAgreementRate: Double?
    /// Whole hours between the first and the last comparison; `nil` when unknown.
    public var windowElapsedHours: UInt64?
    public var isVolumeMet: Bool
    public var isWindowMet: Bool
    public var isStatusMet: Bool
    public var isTargetMet: Bool

    public init(_ rollout: RoutingRollout, isDualRunEnabled: Bool) {
        func rate(_ mismatches: UInt64) -> Double? {
            let count = rollout.comparisons
            return count == 0 ? nil : Double(count - min(mismatches, count)) / Double(count)
        }
        statusAgreementRate = rate(rollout.statusMismatches)
        targetAgreementRate = rate(rollout.targetMismatches)
        if let first = rollout.firstComparisonAt, let last = rollout.lastComparisonAt {
            windowElapsedHours = UInt64(max(0, last - first) / 3_600_000)
        }
        isVolumeMet = rollout.comparisons >= Self.comparisonsRequired
        isWindowMet = windowElapsedHours.map { $0 >= Self.hoursRequired } ?? false
        let mayBeMet = isDualRunEnabled && isVolumeMet && isWindowMet
        isStatusMet = mayBeMet && (statusAgreementRate ?? 0) >= Self.agreementTarget
        isTargetMet = mayBeMet && (targetAgreementRate ?? 0) >= Self.agreementTarget
    }

    /// Whether the status row may go by the newer rules, and the launcher.
    public var isStatusRowReady: Bool { isStatusMet }
    public var isLauncherReady: Bool { isStatusMet && isTargetMet }
}
