import Bytes
import Fleet

/// How a snapshot came about: what `get_routing_diagnostics` answers (daemon-ipc §2.5).
public struct RoutingDiagnostics: Equatable, Sendable {
    /// Complete (§6.6).
    public enum Conflict: String, CaseIterable, Sendable {
        case routingConflictDetected = "ROUTING_CONFLICT_DETECTED"
        case routingScopeAmbiguous = "ROUTING_SCOPE_AMBIGUOUS"
    }

    /// Complete (§6.3, §6.6).
    public enum Scope: String, CaseIterable, Sendable {
        case workspaceBindingExact = "workspace_binding_exact"
        case workspaceBindingPattern = "workspace_binding_pattern"
        case pathExact = "path_exact"
        case sessionNameExact = "session_name_exact"
        case pathParent = "path_parent"
        case globalFallback = "global_fallback"
        case workspaceAmbiguous = "workspace_ambiguous"
    }

    public var snapshot: RoutingSnapshot
    /// Milliseconds since any client of tmux was seen.
    public var tmuxClientAgeMilliseconds: UInt64?
    /// Milliseconds since any shell was heard, `nil` also when none was asked.
    public var shellCwdAgeMilliseconds: UInt64?
    /// In the order in which they were weighed, the same more than once perhaps.
    public var candidateTargets: [RoutingTarget]
    public var conflicts: [Conflict]
    public var scopeResolution: Scope

    public init(
        snapshot: RoutingSnapshot, tmuxClientAgeMilliseconds: UInt64? = nil, shellCwdAgeMilliseconds: UInt64? = nil,
        candidateTargets: [RoutingTarget] = [], conflicts: [Conflict] = [], scopeResolution: Scope
    ) {
        self.snapshot = snapshot
        self.tmuxClientAgeMilliseconds = tmuxClientAgeMilliseconds
        self.shellCwdAgeMilliseconds = shellCwdAgeMilliseconds
        self.candidateTargets = candidateTargets
        self.conflicts = conflicts
        self.scopeResolution = scopeResolution
    }
}

extension RoutingDiagnostics: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let ages = try fields.fields("signal_ages_ms")
        var conflicts: [Conflict] = []
        for (index, text) in try fields.strings("conflicts").enumerated() {
            guard let conflict = Conflict(rawValue: text) else {
                throw FieldError(path: "conflicts[\(index)]", message: Fields.oneOf(Conflict.self))
            }
            conflicts.append(conflict)
        }
        self.init(
            snapshot: try fields.ipc("snapshot"),
            tmuxClientAgeMilliseconds: try Self.age("tmux_client", ages),
            shellCwdAgeMilliseconds: try Self.age("shell_cwd", ages),
            candidateTargets: try fields.ipc("candidate_targets"), conflicts: conflicts,
            scopeResolution: try fields.choice("scope_resolution"))
    }

    private static func age(_ key: String, _ ages: Fields) throws(FieldError) -> UInt64? {
        do { return try ages.optionalNumber(key) } catch { throw error.inside("signal_ages_ms") }
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"snapshot":"#, snapshot)
        output.append(literal: #","signal_ages_ms":{"#)
        output.append(ifAny: #""tmux_client":"#, tmuxClientAgeMilliseconds)
        if tmuxClientAgeMilliseconds != nil, shellCwdAgeMilliseconds != nil { output.append(UInt8(ascii: ",")) }
        output.append(ifAny: #""shell_cwd":"#, shellCwdAgeMilliseconds)
        output.append(#"},"candidate_targets":"#, candidateTargets)
        output.append(#","conflicts":"#, texts: conflicts.map(\.rawValue))
        output.append(#","scope_resolution":"#, scopeResolution.rawValue)
        output.append(UInt8(ascii: "}"))
    }
}
