import Bytes
import Fleet

/// What a hook call becomes (daemon-ipc §9.1).
public enum HookRules {
    /// What the process knows beside what the agent tells.
    public struct Surroundings: Sendable {
        public var now: Timestamp
        /// The agent's process, where it was found.
        public var pid: UInt32?
        public var random: UInt64
        /// Reads an environment variable.
        public var variable: @Sendable (String) -> String?

        public init(now: Timestamp, pid: UInt32?, random: UInt64, variable: @escaping @Sendable (String) -> String?) {
            self.now = now
            self.pid = pid
            self.random = random
            self.variable = variable
        }
    }

    public enum Decision: Equatable, Sendable {
        case send(Report)
        /// Nothing is to be reported; the reason is for the log.
        case nothing(String)
    }

    /// Decides on the call of a hook.
    public static func decide(_ input: HookInput, of agent: Agent, in surroundings: Surroundings) -> Decision {
        guard let name = input.text("hook_event_name") ?? notification(input, of: agent) else {
            return .nothing("the input names no event")
        }
        guard var kind = EventKind(name, of: agent) else { return .nothing("the event \(name) is not known") }
        guard let session = input.text("session_id") ?? input.text("thread-id") else {
            return .nothing("\(name) names no session")
        }
        if kind.name == "stop", input.text("agent_id") != nil {
            return .nothing("a sub-agent stopped, which is no news of its session")
        }
        if agent == .gemini, kind.name == "post_tool_use", failed(input) { kind = EventKind("post_tool_use_failure") }

        var report = Report(kind, at: surroundings.now, pid: surroundings.pid, random: surroundings.random)
        report.sessionID = session
        report.cwd = directory(input, of: agent, in: surroundings)
        if report.cwd == nil, kind.name != "session_end" { return .nothing("\(name) has no directory") }
        switch kind.name {
        case "pre_tool_use", "permission_request":
            report.tool = input.text("tool_name")
            report.filePath = input.text("tool_input.file_path") ?? input.text("tool_input.path")
        case "post_tool_use", "post_tool_use_failure":
            report.tool = input.text("tool_name")
            report.filePath =
                input.text("tool_input.file_path") ?? input.text("tool_input.path")
                ?? input.text("tool_response.filePath")
        case "notification":
            guard let type = notificationType(input, of: agent) else { return .nothing("\(name) has no type") }
            report.notificationType = type
        case "stop": report.stopHookActive = input["stop_hook_active"]?.bool ?? false
        default: break
        }
        let tie = surroundings.variable("DROVER_SESSION_ID") ?? surroundings.variable("RTM_SESSION_ID")
        report.metadata = Metadata.of(input, kind: kind, session: tie.flatMap { usable($0) }, agent: agent)
        return .send(report)
    }

    /// A directory without the slashes at its end.
    public static func trimmed(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - Where agents differ

    /// Codex's older notification names its event `type`.
    private static func notification(_ input: HookInput, of agent: Agent) -> String? {
        agent == .codex ? input.text("type") : nil
    }

    private static func failed(_ input: HookInput) -> Bool {
        input.present.contains("tool_response.error") && input.fields["tool_response.error"]?.isNull != true
    }

    private static func directory(_ input: HookInput, of agent: Agent, in surroundings: Surroundings) -> String? {
        if let cwd = input.text("cwd") { return trimmed(cwd) }
        let names = agent == .gemini ? ["GEMINI_CWD", "GEMINI_PROJECT_DIR"] : []
        for name in names + ["CLAUDE_PROJECT_DIR", "PWD"] {
            if let path = surroundings.variable(name), !path.isBlank { return trimmed(path) }
        }
        return nil
    }

    private static func notificationType(_ input: HookInput, of agent: Agent) -> String? {
        switch agent {
        // Its question stands before the person until it is answered.
        case .opencode: return input.text("notification_type") ?? "elicitation_dialog"
        case .gemini:
            let type = input.text("notification_type")
            return type == "ToolPermission" ? "permission_prompt" : type
        case .claude, .codex: return input.text("notification_type")
        }
    }

    /// An id of ours is short and has nothing to hide in it.
    private static func usable(_ id: String) -> String? {
        id.isBlank || id.utf8.count > 128 || !id.utf8.allSatisfy { (0x21...0x7E) ~= $0 } ? nil : id
    }
}
