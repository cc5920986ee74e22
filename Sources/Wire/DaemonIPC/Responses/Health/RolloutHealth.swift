import Bytes
import Fleet

/// How far routing has proved itself (daemon-ipc §2.1.2). Whoever makes it owes the formulas of §6.8.
public struct RolloutHealth: Equatable, Sendable {
    /// The rate of agreement to reach.
    public var agreementGateTarget: Double
    public var minComparisonsRequired: UInt64
    public var minWindowHoursRequired: UInt64
    public var comparisons: UInt64
    public var volumeGateMet: Bool
    public var windowGateMet: Bool
    /// From 0 to 1; `nil` before the first comparison.
    public var statusAgreementRate: Double?
    /// From 0 to 1; `nil` before the first comparison.
    public var targetAgreementRate: Double?
    public var firstComparisonAt: Timestamp?
    public var lastComparisonAt: Timestamp?
    /// Whole hours from the first comparison to the last.
    public var windowElapsedHours: UInt64?
    /// Also written as `status_row_default_ready`, which is the same.
    public var statusGateMet: Bool
    public var targetGateMet: Bool

    public init(
        agreementGateTarget: Double = 0.995, minComparisonsRequired: UInt64 = 1000,
        minWindowHoursRequired: UInt64 = 168, comparisons: UInt64 = 0, volumeGateMet: Bool = false,
        windowGateMet: Bool = false, statusAgreementRate: Double? = nil, targetAgreementRate: Double? = nil,
        firstComparisonAt: Timestamp? = nil, lastComparisonAt: Timestamp? = nil, windowElapsedHours: UInt64? = nil,
        statusGateMet: Bool = false, targetGateMet: Bool = false
    ) {
        self.agreementGateTarget = agreementGateTarget
        self.minComparisonsRequired = minComparisonsRequired
        self.minWindowHoursRequired = minWindowHoursRequired
        self.comparisons = comparisons
        self.volumeGateMet = volumeGateMet
        self.windowGateMet = windowGateMet
        self.statusAgreementRate = statusAgreementRate
        self.targetAgreementRate = targetAgreementRate
        self.firstComparisonAt = firstComparisonAt
        self.lastComparisonAt = lastComparisonAt
        self.windowElapsedHours = windowElapsedHours
        self.statusGateMet = statusGateMet
        self.targetGateMet = targetGateMet
    }

    /// The row of states may rest on routing.
    public var statusRowDefaultReady: Bool { statusGateMet }
    /// The launcher may rest on routing.
    public var launcherDefaultReady: Bool { statusGateMet && targetGateMet }
}

extension RolloutHealth: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            agreementGateTarget: try fields.number("agreement_gate_target", atLeast: 0),
            minComparisonsRequired: try fields.number("min_comparisons_required"),
            minWindowHoursRequired: try fields.number("min_window_hours_required"),
            comparisons: try fields.number("comparisons"), volumeGateMet: try fields.bool("volume_gate_met"),
            windowGateMet: try fields.bool("window_gate_met"),
            statusAgreementRate: try fields.optionalDouble("status_agreement_rate"),
            targetAgreementRate: try fields.optionalDouble("target_agreement_rate"),
            firstComparisonAt: try fields.optionalRFC3339("first_comparison_at"),
            lastComparisonAt: try fields.optionalRFC3339("last_comparison_at"),
            windowElapsedHours: try fields.optionalNumber("window_elapsed_hours"),
            statusGateMet: try fields.bool("status_gate_met"), targetGateMet: try fields.bool("target_gate_met"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"agreement_gate_target":"#, agreementGateTarget)
        output.append(#","min_comparisons_required":"#, minComparisonsRequired)
        output.append(#","min_window_hours_required":"#, minWindowHoursRequired)
        output.append(#","comparisons":"#, comparisons)
        output.append(#","volume_gate_met":"#, volumeGateMet)
        output.append(#","window_gate_met":"#, windowGateMet)
        output.append(ifAny: #","status_agreement_rate":"#, statusAgreementRate)
        output.append(ifAny: #","target_agreement_rate":"#, targetAgreementRate)
        output.append(ifAny: #","first_comparison_at":"#, firstComparisonAt)
        output.append(ifAny: #","last_comparison_at":"#, lastComparisonAt)
        output.append(ifAny: #","window_elapsed_hours":"#, windowElapsedHours)
        output.append(#","status_gate_met":"#, statusGateMet)
        output.append(#","target_gate_met":"#, targetGateMet)
        output.append(#","status_row_default_ready":"#, statusRowDefaultReady)
        output.append(#","launcher_default_ready":"#, launcherDefaultReady)
        output.append(UInt8(ascii: "}"))
    }
}
