/// Where agents look for their settings (agent-adapters §1, §3.3, §4, §5).
public struct AgentFiles: Sendable {
    let home: String
    let variable: @Sendable (String) -> String?

    public init(home: String, variable: @escaping @Sendable (String) -> String?) {
        self.home = home
        self.variable = variable
    }

    /// The folder of an agent's own settings.
    public func folder(of agent: WatchedAgent) -> String {
        switch agent {
        case .claude: return variable("CLAUDE_CONFIG_DIR") ?? home + "/.claude"
        case .codex: return variable("CODEX_HOME") ?? home + "/.codex"
        case .gemini: return home + "/.gemini"
        case .opencode:
            return variable("OPENCODE_CONFIG_DIR") ?? (variable("XDG_CONFIG_HOME") ?? home + "/.config") + "/opencode"
        }
    }

    /// The file in which the hooks stand: the user's, or one for a project alone.
    ///
    /// In a project it is the one that is not shared with others, since the path of our program is this machine's.
    public func hooks(of agent: WatchedAgent, project: String?) -> String {
        switch (agent, project) {
        case (.claude, let project?): return project + "/.claude/settings.local.json"
        case (.claude, nil): return folder(of: agent) + "/settings.json"
        case (.codex, let project?): return project + "/.codex/hooks.json"
        case (.codex, nil): return folder(of: agent) + "/hooks.json"
        case (.gemini, let project?): return project + "/.gemini/settings.json"
        case (.gemini, nil): return folder(of: agent) + "/settings.json"
        case (.opencode, let project?): return project + "/.opencode/plugins/drover.js"
        case (.opencode, nil): return folder(of: agent) + "/plugins/drover.js"
        }
    }

    /// Settings of Claude Code that can forbid hooks, with what people call that level.
    func policies(project: String?) -> [(level: String, path: String)] {
        let managed = variable("DROVER_CLAUDE_MANAGED_SETTINGS") ?? "/etc/claude-code/managed-settings.json"
        var files = [("managed", managed), ("user", folder(of: .claude) + "/settings.json")]
        if let project {
            files.append(("project", project + "/.claude/settings.json"))
            files.append(("local", project + "/.claude/settings.local.json"))
        }
        return files.map { (level: $0.0, path: $0.1) }
    }
}
