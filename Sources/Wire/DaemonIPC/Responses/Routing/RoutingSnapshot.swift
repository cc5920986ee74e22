import Bytes
import Fleet

/// Which terminal a project is in: what `get_routing_snapshot` answers (daemon-ipc §2.4).
public struct RoutingSnapshot: Equatable, Sendable {
    public enum Status: String, CaseIterable, Sendable {
        /// Somebody looks at it.
        case attached
        case detached
        case unavailable
    }

    public enum Confidence: String, CaseIterable, Sendable {
        case high
        case medium
        case low
    }

    /// Complete (§6.6).
    public enum ReasonCode: String, CaseIterable, Sendable {
        case tmuxClientAttached = "TMUX_CLIENT_ATTACHED"
        case tmuxSessionDetached = "TMUX_SESSION_DETACHED"
        case shellFallbackActive = "SHELL_FALLBACK_ACTIVE"
        case shellFallbackStale = "SHELL_FALLBACK_STALE"
        case noTrustedEvidence = "NO_TRUSTED_EVIDENCE"
    }

    /// The given one, or what §6.2 computes.
    public var workspaceID: String
    /// Canonical.
    public var projectPath: String
    public var status: Status
    public var target: RoutingTarget
    public var confidence: Confidence
    public var reasonCode: ReasonCode
    /// The same for people.
    public var reason: String
    /// What the target rests on, the best first.
    public var evidence: [RoutingEvidence]
    /// When it was found out.
    public var updatedAt: Timestamp

    public init(
        workspaceID: String, projectPath: String, status: Status, target: RoutingTarget, confidence: Confidence,
        reasonCode: ReasonCode, reason: String, evidence: [RoutingEvidence], updatedAt: Timestamp
    ) {
        self.workspaceID = workspaceID
        self.projectPath = projectPath
        self.status = status
        self.target = target
        self.confidence = confidence
        self.reasonCode = reasonCode
        self.reason = reason
        self.evidence = evidence
        self.updatedAt = updatedAt
    }
}

extension RoutingSnapshot: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            workspaceID: try fields.string("workspace_id"), projectPath: try fields.string("project_path"),
            status: try fields.choice("status"), target: try fields.ipc("target"),
            confidence: try fields.choice("confidence"), reasonCode: try fields.choice("reason_code"),
            reason: try fields.string("reason"), evidence: try fields.ipc("evidence"),
            updatedAt: try fields.rfc3339("updated_at"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"version":1,"workspace_id":"#, workspaceID)
        output.append(#","project_path":"#, projectPath)
        output.append(#","status":"#, status.rawValue)
        output.append(#","target":"#, target)
        output.append(#","confidence":"#, confidence.rawValue)
        output.append(#","reason_code":"#, reasonCode.rawValue)
        output.append(#","reason":"#, reason)
        output.append(#","evidence":"#, evidence)
        output.append(#","updated_at":"#, updatedAt)
        output.append(UInt8(ascii: "}"))
    }
}
