import Bytes
import Models
import Settings
import Toolbox

/// What turns go by at one moment: settings, tools, and what a model is told of its person and its memory. An apply makes
/// a new one; turns under way keep theirs (chat-runtime §2.8, §4.6).
public struct ChatAgent: Sendable {
    public var settings: ChatSettings
    public var tools: any ChatTools

    public init(settings: ChatSettings, tools: any ChatTools) {
        self.settings = settings
        self.tools = tools
    }
}

/// The workspace as turns see it. Every function may block and is called on a worker's thread, several at a time.
public protocol ChatTools: Sendable {
    /// Whether `prepare` may take seconds.
    var isSlowToPrepare: Bool { get }

    /// Starts what tools need that are programs of their own, and waits for it.
    func prepare(isCancelled: @escaping @Sendable () -> Bool)

    /// Those that can be used now, sorted by name. Does not block.
    var declarations: [ToolDeclaration] { get }

    /// Ends what `prepare` started. No tool is run afterwards.
    func close()

    /// Runs a tool. Asks now and then whether the turn has ended meanwhile.
    func run(_ call: ToolCall, isCancelled: @escaping @Sendable () -> Bool) -> ToolOutcome

    /// The system message of a turn: person, memory and skills (§5.1, §8.2). Empty when there is nothing to say.
    func prompt(for message: String) throws(PromptFailure) -> String

    /// Notes a turn that used no tools in the memory (§5.1). What goes wrong is of no account.
    func remember(message: String, answer: String)

    func skills() -> [ChatSkill]
    /// `nil` when there is no such skill.
    func skill(_ id: String) -> (skill: ChatSkill, body: String)?
}

/// The personality cannot be read, and without it nothing is asked (§2.5).
public struct PromptFailure: Error, Equatable, Sendable {
    public var message: String
    public init(_ message: String) { self.message = message }
}

/// A skill as it is listed (§8.2).
public struct ChatSkill: Equatable, Sendable {
    public var id: String
    public var name: String
    public var description: String

    public init(id: String, name: String, description: String) {
        self.id = id
        self.name = name
        self.description = description
    }

    var json: JSON { ["id": .string(id), "name": .string(name), "description": .string(description)] }
}
