import Bytes
import Fleet

/// What routing has done, and whether it agrees with the simple way (daemon-ipc §2.1.2, §6.7).
public struct RoutingHealth: Equatable, Sendable {
    /// `routing.enabled` of the configuration.
    public var enabled: Bool
    /// `routing.feature_flags.dual_run`, written twice (D-05).
    public var dualRun: Bool
    /// `routing.feature_flags.emit_diagnostics`.
    public var emitDiagnostics: Bool
    /// Successful `get_routing_snapshot` since the start.
    public var snapshotsEmitted: UInt64
    public var dualRunComparisons: UInt64
    /// Comparisons in which the status differed.
    public var statusMismatches: UInt64
    /// Comparisons in which the kind or the value of the target differed.
    public var targetMismatches: UInt64
    /// Of the emitted snapshots, by ``RoutingSnapshot/Confidence``.
    public var highConfidence: UInt64
    public var mediumConfidence: UInt64
    public var lowConfidence: UInt64
    public var lastSnapshotAt: Timestamp?
    public var rollout: RolloutHealth

    public init(
        enabled: Bool = false, dualRun: Bool = true, emitDiagnostics: Bool = false, snapshotsEmitted: UInt64 = 0,
        dualRunComparisons: UInt64 = 0, statusMismatches: UInt64 = 0, targetMismatches: UInt64 = 0,
        highConfidence: UInt64 = 0, mediumConfidence: UInt64 = 0, lowConfidence: UInt64 = 0,
        lastSnapshotAt: Timestamp? = nil, rollout: RolloutHealth = RolloutHealth()
    ) {
        self.enabled = enabled
        self.dualRun = dualRun
        self.emitDiagnostics = emitDiagnostics
        self.snapshotsEmitted = snapshotsEmitted
        self.dualRunComparisons = dualRunComparisons
        self.statusMismatches = statusMismatches
        self.targetMismatches = targetMismatches
        self.highConfidence = highConfidence
        self.mediumConfidence = mediumConfidence
        self.lowConfidence = lowConfidence
        self.lastSnapshotAt = lastSnapshotAt
        self.rollout = rollout
    }
}

extension RoutingHealth: IPCValue {
    /// Daemons that leave the flags out say by `dual_run_enabled` alone what is the case.
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let emitDiagnostics =
            fields.has("feature_flags")
            ? try fields.inside("feature_flags") { flags throws(FieldError) in
                try flags.optionalBool("emit_diagnostics")
            } : nil
        self.init(
            enabled: try fields.bool("enabled"), dualRun: try fields.bool("dual_run_enabled"),
            emitDiagnostics: emitDiagnostics ?? false, snapshotsEmitted: try fields.number("snapshots_emitted"),
            dualRunComparisons: try fields.number("dual_run_comparisons"),
            statusMismatches: try fields.number("legacy_vs_are_status_mismatch"),
            targetMismatches: try fields.number("legacy_vs_are_target_mismatch"),
            highConfidence: try fields.number("confidence_high"),
            mediumConfidence: try fields.number("confidence_medium"),
            lowConfidence: try fields.number("confidence_low"),
            lastSnapshotAt: try fields.optionalRFC3339("last_snapshot_at"), rollout: try fields.ipc("rollout"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"enabled":"#, enabled)
        output.append(#","dual_run_enabled":"#, dualRun)
        output.append(#","feature_flags":{"dual_run":"#, dualRun)
        output.append(#","emit_diagnostics":"#, emitDiagnostics)
        output.append(#"},"snapshots_emitted":"#, snapshotsEmitted)
        output.append(#","dual_run_comparisons":"#, dualRunComparisons)
        output.append(#","legacy_vs_are_status_mismatch":"#, statusMismatches)
        output.append(#","legacy_vs_are_target_mismatch":"#, targetMismatches)
        output.append(#","confidence_high":"#, highConfidence)
        output.append(#","confidence_medium":"#, mediumConfidence)
        output.append(#","confidence_low":"#, lowConfidence)
        output.append(ifAny: #","last_snapshot_at":"#, lastSnapshotAt)
        output.append(#","rollout":"#, rollout)
        output.append(UInt8(ascii: "}"))
    }
}
