import Bytes
import Fleet

/// The place of a second engine, which Drover does not have (daemon-ipc §2.1.1, D-12).
///
/// All keys are there, since clients look for them, and say that nothing was ever evaluated.
public struct HemShadow: Hashable, Sendable {
    public enum Mode: String, CaseIterable, Sendable {
        case primary
        case shadow
    }

    /// Where the engine would learn what an agent can do.
    public enum Strategy: String, CaseIterable, Sendable {
        case runtimeHandshake = "runtime_handshake"
        case configOnly = "config_only"
    }

    /// Whether the engine runs. Ours says no.
    public var enabled: Bool
    /// As configured.
    public var mode: Mode
    public var strategy: Strategy

    public init(enabled: Bool = false, mode: Mode = .primary, strategy: Strategy = .runtimeHandshake) {
        self.enabled = enabled
        self.mode = mode
        self.strategy = strategy
    }
}

extension HemShadow: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            enabled: try fields.bool("enabled"), mode: try fields.choice("mode"),
            strategy: try fields.inside("capability_status") { status throws(FieldError) in
                try status.choice("strategy")
            })
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"enabled":"#, enabled)
        output.append(#","mode":"#, mode.rawValue)
        output.append(#","capability_status":{"strategy":"#, strategy.rawValue)
        output.append(literal: #","handshake_seen":false,"confidence_penalty_factor":1.0,"unknown_count":0"#)
        output.append(literal: #","misdeclared_count":0,"warning_count":0}"#)
        output.append(literal: #","events_evaluated":0,"projects_evaluated":0,"mismatches_total":0"#)
        output.append(literal: #","mismatches_by_category":{},"mismatches_by_severity":{}"#)
        output.append(literal: #","gate_blocking_mismatches":0,"gate_critical_mismatches":0"#)
        output.append(literal: #","gate_important_mismatches":0,"stable_state_samples":0,"stable_state_matches":0"#)
        output.append(literal: #","stable_state_agreement_rate":0.0,"stable_state_agreement_gate_target":0.995"#)
        output.append(literal: #","stable_state_agreement_gate_met":false,"shadow_gate_ready":false"#)
        output.append(literal: #","blocking_mismatch_rate":0.0}"#)
    }
}
