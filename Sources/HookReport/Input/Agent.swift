/// The agents whose hooks are understood.
public enum Agent: String, CaseIterable, Sendable {
    case claude
    case codex
    case gemini
    case opencode
}
