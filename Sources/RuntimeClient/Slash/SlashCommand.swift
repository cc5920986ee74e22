/// What a person may ask of the client itself (§7.3). Nothing of it reaches the server as a command.
public enum SlashCommand: Equatable, Sendable {
    case help
    case model
    case models
    case setModel(String)
    case new
    case compact
    case clear
    case sessions
}

/// What a person typed, once it is known for what it is.
///
/// A plain value, made from the draft alone.
public enum ChatInput: Equatable, Sendable {
    /// Nothing but white space.
    case nothing
    /// A message for the server.
    case message(String)
    case command(SlashCommand)
    /// No command: the sentence says why, and the draft is to be kept.
    case mistake(String)

    /// Tells messages from commands: what begins with one slash is a command, `//` begins a message with a slash.
    public init(_ draft: String) {
        let text = Self.trimmed(draft)
        guard let first = text.unicodeScalars.first else {
            self = .nothing
            return
        }
        guard first == "/" else {
            self = .message(text)
            return
        }
        let rest = text.dropFirst()
        if rest.hasPrefix("/") {
            self = .message(String(rest))
            return
        }
        let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let name = words.first else {
            self = .mistake("A slash alone is no command; /help lists them.")
            return
        }
        self = Self.command(name.lowercased(), Array(words.dropFirst()), text)
    }

    private static func command(_ name: String, _ words: [String], _ text: String) -> ChatInput {
        switch name {
        // For the server, which knows it as the beginning of a message.
        case "activate": return .message(text)
        case "models":
            switch (words.first?.lowercased(), words.count) {
            case (nil, _): return .command(.models)
            case ("set"?, 2): return .command(.setModel(words[1]))
            default: return .mistake("It is /models, or /models set and the id of one.")
            }
        default:
            guard let command = simple[name] else { return .mistake("There is no command /\(name); /help lists them.") }
            guard words.isEmpty else { return .mistake("/\(name) stands alone. Begin a message with // for a slash.") }
            return .command(command)
        }
    }

    private static let simple: [String: SlashCommand] = [
        "help": .help, "model": .model, "new": .new, "compact": .compact, "clear": .clear, "sessions": .sessions,
    ]

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

/// A command as a person is told of it.
public struct SlashHint: Equatable, Sendable {
    /// `/models set <id>`
    public var usage: String
    public var description: String
    /// What a draft becomes that takes the hint.
    public var completion: String

    /// All commands, in the order in which they are told.
    public static let all = [
        SlashHint("/help", "list the commands"),
        SlashHint("/model", "say which provider and model answer"),
        SlashHint("/models", "list the models of the provider"),
        SlashHint("/models set <id>", "change the model", completion: "/models set "),
        SlashHint("/new", "begin a new session"),
        SlashHint("/compact", "go on in a new session, with a digest of this one"),
        SlashHint("/clear", "throw away what is typed"),
        SlashHint("/sessions", "list the sessions"),
        SlashHint("/activate <id>", "use a skill for this turn", completion: "/activate "),
    ]

    private init(_ usage: String, _ description: String, completion: String? = nil) {
        self.usage = usage
        self.description = description
        self.completion = completion ?? usage
    }

    /// Those that a draft may become: while it begins with a single slash and has no space after the name.
    public static func hints(for draft: String) -> [SlashHint] {
        guard draft.hasPrefix("/"), !draft.hasPrefix("//"), !draft.contains(where: \.isWhitespace) else { return [] }
        return all.filter { $0.usage.hasPrefix(draft.lowercased()) }
    }
}
