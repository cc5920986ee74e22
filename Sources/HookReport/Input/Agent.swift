/// The agents whose hooks are understood.
public enum Agent: String, CaseIterable, Sendable {
    case claude
    case codex
    case gemini
    case opencode

    /// What the control plane calls it (control-plane §2.2).
    public var provider: String {
        switch self {
        case .claude: return "claude_code"
        case .gemini: return "gemini_cli"
        case .codex, .opencode: return rawValue
        }
    }
}
