/// What a verb is and takes, said once: parsing, help and completion are all made from it.
struct CommandSpec: Sendable {
    /// The name under which the program is called.
    var program = "drover"
    var word: String
    /// One line without a full stop, as it stands in the list of verbs.
    var summary: String
    /// A paragraph or two for `--help`.
    var discussion = ""
    var positionals: [PositionalSpec] = []
    var options: [OptionSpec] = []
    var examples: [Example] = []
    /// What follows the first positional belongs to another program: `drover run ls -l`.
    var endsOptionsAtPositional = false
    /// Takes `--url`.
    var asksDaemon = true
    /// Takes `--json`.
    var printsResult = true

    struct Example: Sendable {
        var command: String
        var meaning: String

        init(_ command: String, _ meaning: String) {
            self.command = command
            self.meaning = meaning
        }
    }

    /// All options, with those that many verbs share.
    var allOptions: [OptionSpec] {
        var all = options
        if printsResult { all.append(.flag("json", "Print JSON, for programs")) }
        if asksDaemon { all.append(.value("url", "URL", "The daemon's address (also DROVER_URL)")) }
        all.append(.flag("help", short: "h", "Show this help"))
        return all
    }

    func option(long name: String) -> OptionSpec? { allOptions.first { $0.name == name } }
    func option(short letter: Character) -> OptionSpec? { allOptions.first { $0.short == letter } }

    /// `drover stop [--wait] SESSION...`
    var usage: String {
        var words = ["\(program) \(word)"]
        if !options.isEmpty { words.append("[OPTIONS]") }
        words += positionals.map(\.usage)
        return words.joined(separator: " ")
    }
}

/// An option: `--name VALUE`, or `--name` alone.
struct OptionSpec: Sendable {
    var name: String
    var short: Character?
    /// The placeholder of its value; `nil` for a flag.
    var value: String?
    var help: String
    var completion = Completion.none
    /// May stand several times.
    var repeats = false
    /// For a flag that may have a value, too: its placeholder, and what the next word must look like to be one.
    var optionalValue: OptionalValue?

    struct OptionalValue: Sendable {
        var placeholder: String
        var accepts: @Sendable (String) -> Bool
    }

    /// `--tmux`, `--tmux agents:2.1` or `--tmux=agents:2.1`.
    static func flag(
        _ name: String, or placeholder: String, _ help: String, accepts: @escaping @Sendable (String) -> Bool
    ) -> OptionSpec {
        var option = flag(name, help)
        option.optionalValue = OptionalValue(placeholder: placeholder, accepts: accepts)
        return option
    }

    static func flag(_ name: String, short: Character? = nil, _ help: String) -> OptionSpec {
        OptionSpec(name: name, short: short, value: nil, help: help)
    }

    static func value(
        _ name: String, short: Character? = nil, _ value: String, _ help: String, completion: Completion = .none,
        repeats: Bool = false
    ) -> OptionSpec {
        OptionSpec(name: name, short: short, value: value, help: help, completion: completion, repeats: repeats)
    }
}

/// A word that stands by itself.
struct PositionalSpec: Sendable {
    enum Count: Sendable {
        case one
        case optional
        case many
        case optionalMany
    }

    var name: String
    var count = Count.one
    var completion = Completion.none

    init(_ name: String, _ count: Count = .one, completion: Completion = .none) {
        self.name = name
        self.count = count
        self.completion = completion
    }

    var usage: String {
        switch count {
        case .one: return name
        case .optional: return "[\(name)]"
        case .many: return "\(name)..."
        case .optionalMany: return "[\(name)...]"
        }
    }

    static let session = PositionalSpec("SESSION", completion: .sessions)
    /// For verbs that mean something only while the program lives.
    static let liveSession = PositionalSpec("SESSION", completion: .liveSessions)
    static let liveSessions = PositionalSpec("SESSION", .many, completion: .liveSessions)
}

/// What a shell may offer for a word.
enum Completion: Sendable, Equatable {
    case none
    case sessions
    case liveSessions
    case approvals
    case chats
    case files
    case directories
    case commands
    case verbs
    case words([String])
}
