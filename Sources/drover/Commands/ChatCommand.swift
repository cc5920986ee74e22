import Client
import Glibc
import RuntimeClient

/// Talks to the daemon's own agent.
struct ChatCommand: Command {
    static let spec = CommandSpec(
        word: "chat",
        summary: "Talk to the daemon's own agent",
        discussion: """
            At a terminal, without a TEXT, it is a conversation, which goes on with the session that changed last unless \
            --new or --session says otherwise. A backslash at the end of a line asks for another one. /help lists the \
            commands. Ctrl-C ends the answer, a second one leaves.

            With a TEXT, or with something piped in, it asks once, in a new session unless --session names one, and prints \
            the answer: live at a terminal, as plain text into a pipe, as lines of JSON with --json. A TEXT of a single dash \
            is read from stdin.

            sessions lists the conversations, show ID prints one, delete ID removes one. A TEXT that is one of these words \
            goes after --.

            It ends with codes of its own: 0 an answer came, 2 the request is not valid, 3 the session is not known, 4 the \
            daemon has no time, 5 configuration or token are wrong, 10 the daemon cannot be reached, 11 the provider failed, \
            12 the turn ended with a tool that failed, 20 anything else, 130 after Ctrl-C.

            --bridge is for programs: frames of JSON, a line each, {"id", "command", "args"} in and {"id", "result"} or \
            {"id", "error"} out, with what streams say pushed between them.
            """,
        positionals: [
            PositionalSpec("TEXT", .optionalMany, completion: .words(["sessions", "show", "delete"]))
        ],
        options: [
            .value("session", short: "s", "ID", "Go on with this session, or begin one of this id", completion: .chats),
            .flag("new", short: "n", "Begin a new session"),
            .flag("bridge", "Answer frames on stdin and stdout instead"),
            .value("socket", "PATH", "With --bridge: listen at this Unix socket", completion: .files),
        ],
        examples: [
            .init("drover chat", "have a conversation"),
            .init("drover chat \"what changed here today?\"", "ask once"),
            .init("git diff | drover chat --json", "ask with what is piped in"),
            .init("drover chat sessions", "what was talked about"),
            .init("drover chat --session 3f0e show", "the word show, to a session"),
        ])

    private enum Work {
        case talk
        case ask(String)
        case list
        case show(String)
        case delete(String)
        case bridge(socket: String?)
    }

    private let work: Work
    private let session: String?
    private let isNew: Bool
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        session = arguments.option("session")
        isNew = arguments.flag("new")
        asJSON = arguments.flag("json")
        guard session == nil || !isNew else {
            throw UsageError("--session and --new exclude each other.", verb: "chat")
        }
        guard session != "" else { throw UsageError("--session is empty.", verb: "chat") }
        let words = arguments.optionalRest()
        let socket = arguments.option("socket")
        if arguments.flag("bridge") {
            guard words.isEmpty else { throw UsageError("--bridge takes no TEXT.", verb: "chat") }
            work = .bridge(socket: socket)
            return
        }
        guard socket == nil else { throw UsageError("--socket is for --bridge.", verb: "chat") }
        // With a session or --new the words can only be a message.
        let isMessage = session != nil || isNew || arguments.hadTerminator
        switch (words.first, words.count) {
        case (nil, _): work = .talk
        case ("sessions"?, 1) where !isMessage: work = .list
        case ("show"?, 2) where !isMessage: work = .show(words[1])
        case ("delete"?, 2) where !isMessage: work = .delete(words[1])
        case ("show"?, 1) where !isMessage, ("delete"?, 1) where !isMessage:
            throw UsageError("It needs the ID of a session.", verb: "chat")
        default: work = .ask(words.joined(separator: " "))
        }
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let runtime = try ChatRuntime(context)
        let records = ChatSessionList(runtime: runtime, context: context, asJSON: asJSON)
        switch work {
        case .list: return try records.list()
        case .show(let id): return try records.show(id)
        case .delete(let id): return try records.delete(id)
        case .bridge(let socket?): return try BridgeSocket(at: absolutePath(socket), runtime).run()
        case .bridge(nil):
            let transport = DescriptorTransport(
                input: context.input, output: STDOUT_FILENO, ownsDescriptors: false)
            BridgeServer(runtime.adapter, over: transport, defaultBaseURL: runtime.baseURL).run()
            return .ok
        case .ask(let text): return try ask(text == "-" ? try Self.input(of: context) : text, runtime, context)
        case .talk:
            guard isatty(context.input) == 1 else { return try ask(try Self.input(of: context), runtime, context) }
            guard context.console.output.isTerminal, !asJSON else {
                throw CommandFailure(
                    "It needs a TEXT, unless it talks to a person at a terminal.",
                    hints: ["drover chat \"what is this repository about?\""], exit: .chatInvalid)
            }
            return try talk(runtime, context)
        }
    }

    private func ask(_ text: String, _ runtime: ChatRuntime, _ context: Context) throws(CommandFailure) -> ExitCode {
        do {
            let id = try sessionID(runtime, context)
            return try ChatOneShot(runtime: runtime, context: context, asJSON: asJSON).run(text, session: id)
        } catch {
            if asJSON {
                context.console.printLine([
                    "event": "error", "code": .string(Self.code(of: error.exit)),
                    "message": .string(error.sentence),
                ])
            }
            throw error
        }
    }

    /// What failed before there was a stream, in the words of the client's codes.
    private static func code(of exit: ExitCode) -> String {
        switch exit {
        case .chatInvalid: return "invalid_request"
        case .chatNotFound: return RuntimeClientError.Code.notFound.rawValue
        case .chatUnavailable: return RuntimeClientError.Code.serverError.rawValue
        case .chatConfig: return RuntimeClientError.Code.unauthorized.rawValue
        case .chatNetwork: return RuntimeClientError.Code.networkUnavailable.rawValue
        default: return RuntimeClientError.Code.unknown.rawValue
        }
    }

    /// The session that `--session` means: a known one by its beginning, otherwise the id as it is, which is then begun.
    private func sessionID(_ runtime: ChatRuntime, _ context: Context) throws(CommandFailure) -> String? {
        guard let session else { return nil }
        if session.utf8.count >= 36 { return session }
        return try runtime.find(session, in: context)?.id ?? session
    }

    private func talk(_ runtime: ChatRuntime, _ context: Context) throws(CommandFailure) -> ExitCode {
        let console = context.console
        var id = try sessionID(runtime, context)
        if id == nil, !isNew {
            let newest = try runtime.ask(in: context) { adapter, base throws(RuntimeClientError) in
                try await adapter.listSessions(base).first
            }
            if let newest, !newest.messages.isEmpty {
                id = newest.id
                let last = fitted(newest.title, to: max(16, (console.width() ?? 80) - 40))
                console.remark(console.styled("[going on with \(newest.label): \(last)]", .dim))
            }
        } else {
            // So that nobody types into the void.
            _ = try runtime.ask(in: context) { adapter, base throws(RuntimeClientError) in
                try await adapter.health(base)
            }
        }
        console.remark(console.styled("[/help lists the commands, /new begins anew, Ctrl-D leaves]", .dim))
        guard let terminal = ChatTerminal(on: console) else {
            throw CommandFailure("This terminal cannot be talked at.", exit: .chatInvalid)
        }
        return ChatConversation(runtime, context: context, terminal: terminal, session: id).run()
    }

    private static func input(of context: Context) throws(CommandFailure) -> String {
        let path = context.input == STDIN_FILENO ? "/dev/stdin" : "/dev/fd/\(context.input)"
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: messageLimit + 1) } catch {
            throw CommandFailure("stdin cannot be read: \(error.reason).", exit: .chatInvalid)
        }
        guard bytes.count <= messageLimit else {
            throw CommandFailure("A message has at most 1 MiB.", exit: .chatInvalid)
        }
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// The contract's (§1.8).
    private static let messageLimit = 1 << 20
}
