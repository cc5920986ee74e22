/// Why hooks of an agent are silent, or that nothing speaks against their being heard.
public struct HookStatus: Equatable, Sendable {
    /// One thing that was found out.
    public struct Finding: Equatable, Sendable {
        public enum Weight: String, Sendable {
            case fine
            /// Worth knowing.
            case notice
            /// Hooks are silent because of it.
            case broken
        }

        public var weight: Weight
        /// A word for programs: `blocked_by_policy`.
        public var code: String
        /// What is so.
        public var sentence: String
        /// What to do about it.
        public var fix: String?

        init(_ weight: Weight, _ code: String, _ sentence: String, fix: String? = nil) {
            self.weight = weight
            self.code = code
            self.sentence = sentence
            self.fix = fix
        }
    }

    public var agent: WatchedAgent
    /// The file in which the hooks stand, or would.
    public var path: String
    public var isInstalled: Bool
    public var findings: [Finding]

    public var isWell: Bool { isInstalled && !findings.contains { $0.weight == .broken } }
}
