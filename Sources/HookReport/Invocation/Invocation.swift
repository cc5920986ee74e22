/// What the words on the command line ask for.
public enum Invocation: Equatable, Sendable {
    /// The JSON comes on stdin, or as the last word where the agent passes it so.
    case handle(Agent, json: String?)
    /// Missing words are found out from the environment.
    case cwd(path: String?, pid: String?, tty: String?)
    case version
    case help
    case misuse(String)

    /// Reads the words after the program's name.
    public init(_ words: [String]) {
        var rest = words[...]
        switch rest.popFirst() {
        case "handle": self = Self.handle(rest)
        case "cwd":
            guard rest.count <= 3 else {
                self = .misuse("cwd takes PATH, PID and TTY")
                return
            }
            let given = rest.map { $0.isEmpty ? nil : $0 }
            self = .cwd(
                path: given.first ?? nil, pid: given.count > 1 ? given[1] : nil, tty: given.count > 2 ? given[2] : nil)
        case "--version", "-V", "version": self = .version
        case "--help", "-h", "help": self = .help
        case nil: self = .misuse("it needs a sub-command")
        case let word?: self = .misuse("there is no sub-command \"\(word)\"")
        }
    }

    private static func handle(_ words: ArraySlice<String>) -> Invocation {
        var rest = words
        var agent = Agent.claude
        var json: String?
        while let word = rest.popFirst() {
            if word == "--agent" || word.hasPrefix("--agent=") {
                let name = word == "--agent" ? rest.popFirst() : String(word.dropFirst(8))
                guard let known = name.flatMap({ Agent(rawValue: $0) }) else {
                    return .misuse("--agent takes one of " + Agent.allCases.map(\.rawValue).joined(separator: ", "))
                }
                agent = known
            } else if word.hasPrefix("{"), rest.isEmpty {
                json = word
            }
            // Anything else is of a newer agent or installer, and no reason to lose the event.
        }
        return .handle(agent, json: json)
    }
}
