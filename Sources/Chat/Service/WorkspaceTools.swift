import Models
import Settings
import Toolbox

/// The workspace of a configuration: its tools, its person, its memory, its skills (chat-runtime §5.1, §5.8, §8.2).
public struct WorkspaceTools: ChatTools {
    private let toolbox: Toolbox
    private let memory: MemorySearch
    private let log: MemoryLog
    private let library: Skills
    private let personality: PersonalityCache
    /// Whether the model hears its prompt. The mock model hears nothing but the last message.
    private let isHeard: Bool
    public let isSlowToPrepare: Bool

    /// - Parameters:
    ///   - protectedPaths: What no tool may touch.
    ///   - fetch: How `web_search` reaches the web.
    ///   - report: Is told, on some thread, when a tool server cannot be used, and why.
    public init(
        _ settings: ChatSettings, protectedPaths: [String], fetch: WebFetch? = nil,
        report: @escaping @Sendable (_ server: String, _ reason: String) -> Void = { _, _ in }
    ) {
        let root = settings.workspace
        personality = PersonalityCache(root: root, protectedPaths: protectedPaths)
        toolbox = Toolbox(
            root: root, settings: settings.tools, protectedPaths: protectedPaths, fetch: fetch, report: report)
        isHeard = settings.provider != .mock
        isSlowToPrepare = !settings.tools.servers.isEmpty
        memory = MemorySearch(root: root, protectedPaths: protectedPaths)
        log = MemoryLog(root: root)
        library = Skills(root: root)
    }

    /// Makes what the workspace lacks (§4.1). Blocks.
    public static func prepare(_ settings: ChatSettings) throws(ConfigurationProblem) {
        do throws(SandboxError) {
            try WorkspaceTree.prepare(root: settings.workspace)
        } catch {
            throw ConfigurationProblem(.key("workspace"), "\(error)")
        }
    }

    public func prepare(isCancelled: @escaping @Sendable () -> Bool) { toolbox.prepare(isCancelled: isCancelled) }

    public func close() { toolbox.close() }

    public var declarations: [ToolDeclaration] { toolbox.declarations }

    public func run(_ call: ToolCall, isCancelled: @escaping @Sendable () -> Bool) -> ToolOutcome {
        toolbox.run(call.name, call.arguments, isCancelled: isCancelled)
    }

    public func prompt(for message: String) throws(PromptFailure) -> String {
        let person: String
        do throws(PersonalityError) {
            person = try personality.prompt()
        } catch {
            throw PromptFailure(error.description)
        }
        guard isHeard else { return person }
        var parts = [person]
        let lines = memory.relevant(to: message)
        if !lines.isEmpty {
            parts.append(
                "# Relevant Memory Context\n"
                    + lines.map { "- \($0.path):\($0.line): \($0.snippet)" }.joined(separator: "\n"))
        }
        parts.append(library.prompt() ?? "")
        if let id = Skills.activated(by: message), let skill = library.skill(id) {
            parts.append(Skills.activation(of: skill))
        }
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    public func remember(message: String, answer: String) {
        // The turn is over; what its diary lacks is no reason to say that it failed.
        try? log.append(input: message, answer: answer, at: ChatTime.now)
    }

    public func skills() -> [ChatSkill] { library.list().map { ChatSkill($0) } }

    public func skill(_ id: String) -> (skill: ChatSkill, body: String)? {
        library.skill(id).map { (ChatSkill($0), $0.body) }
    }
}

extension ChatSkill {
    fileprivate init(_ skill: Skill) { self.init(id: skill.id, name: skill.name, description: skill.description) }
}
