import Client
import Glibc
import RuntimeClient

/// A conversation at a terminal: a prompt, a live answer, and commands that begin with a slash.
final class ChatConversation {
    private let runtime: ChatRuntime
    private let context: Context
    private let terminal: ChatTerminal
    private let signals: Signals
    private let history: ChatHistory
    private var editor: LineEditor
    private var session: String?
    private var picture: LinePicture?
    /// What was typed while an answer was coming.
    private var typedAhead: [UInt8] = []
    /// Ctrl-C was pressed with nothing typed; once more leaves.
    private var isLeaving = false

    private static let typeAheadLimit = 64 << 10

    private var console: Console { context.console }
    private var prompt: String { console.isUTF8 ? "› " : "> " }

    init(_ runtime: ChatRuntime, context: Context, terminal: ChatTerminal, session: String?) {
        self.runtime = runtime
        self.context = context
        self.terminal = terminal
        self.session = session
        signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT])
        history = ChatHistory(home: context.environment.droverHome)
        editor = LineEditor(history: history.load()) { draft in SlashHint.hints(for: draft).map(\.completion) }
    }

    /// Goes on until the person leaves.
    func run() -> ExitCode {
        defer { terminal.leave() }
        while true {
            let reading = read()
            terminal.enter(.watching)
            switch reading {
            case .left: return .ok
            case .signalled(let number): return ExitCode(rawValue: 128 + number)
            case .text(let text): if let exit = take(text) { return exit }
            }
        }
    }

    // MARK: - Reading

    private enum Reading {
        case text(String)
        case left
        case signalled(Int32)
    }

    private func read() -> Reading {
        terminal.enter(.editing)
        picture = nil
        var waiting = typedAhead
        typedAhead = []
        draw()
        while true {
            if !waiting.isEmpty, let reading = feed(&waiting) { return reading }
            let ready = Poll.readable([STDIN_FILENO, signals.descriptor], timeout: nil)
            for signal in signals.take() {
                switch signal {
                case SIGWINCH: draw()
                case SIGCONT:
                    terminal.enter(.editing)
                    picture = nil
                    draw()
                case SIGTSTP: suspend()
                case SIGINT:
                    guard case .interrupt(let hadDraft) = editor.interrupt() else { break }
                    if interrupted(hadDraft: hadDraft) { return .left }
                default:
                    finishPicture()
                    return .signalled(signal)
                }
            }
            guard ready[0] else { continue }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else {
                finishPicture()
                return .left
            }
            waiting += buffer[..<count]
        }
    }

    /// Feeds what was typed up to the first message; the rest is for the next prompt.
    private func feed(_ waiting: inout [UInt8]) -> Reading? {
        while !waiting.isEmpty {
            // Line by line, so that what follows an Enter is not lost with it. A paste may have many.
            let end = waiting.firstIndex { $0 == 0x0D || $0 == 0x0A }.map { $0 + 1 } ?? waiting.count
            let piece = Array(waiting[..<end])
            waiting.removeFirst(end)
            for action in editor.feed(piece) {
                switch action {
                case .changed: isLeaving = false
                case .bell: if waiting.isEmpty { terminal.write("\u{07}") }
                case .clearScreen: clearScreen()
                case .suspend: suspend()
                case .candidates(let candidates): tellHints(candidates)
                case .interrupt(let hadDraft): if interrupted(hadDraft: hadDraft) { return .left }
                case .end:
                    finishPicture()
                    return .left
                case .submit(let text):
                    isLeaving = false
                    typedAhead = waiting
                    waiting = []
                    draw(Array(text))
                    finishPicture()
                    return .text(text)
                }
            }
        }
        draw()
        return nil
    }

    /// Says how to leave, unless there was a draft to be thrown away; true when the person has been told.
    private func interrupted(hadDraft: Bool) -> Bool {
        finishPicture()
        if isLeaving { return true }
        if !hadDraft {
            isLeaving = true
            console.remark(console.styled("(Ctrl-C again leaves, and so does Ctrl-D)", .dim))
        }
        draw()
        return false
    }

    private func suspend() {
        finishPicture()
        terminal.leave()
        raise(SIGSTOP)
    }

    private func tellHints(_ candidates: [String]) {
        finishPicture()
        for hint in SlashHint.all where candidates.contains(hint.completion) {
            console.remark(console.styled("\(hint.usage) - \(hint.description)", .dim))
        }
        draw()
    }

    private func clearScreen() {
        terminal.write("\u{1B}[H\u{1B}[2J")
        picture = nil
        draw()
    }

    // MARK: - Drawing

    private func draw(_ text: [Character]? = nil) {
        let size = TerminalSize.current ?? TerminalSize(columns: 80, rows: 24)
        let new = LinePicture(
            text ?? editor.characters, cursor: text?.count ?? editor.cursor, prompt: prompt, columns: size.columns,
            rows: size.rows - 1)
        if new != picture { terminal.write(new.drawing(over: picture)) }
        picture = new
    }

    private func finishPicture() {
        if let picture { terminal.write(picture.leaving) }
        picture = nil
    }

    // MARK: - What was typed

    private func take(_ text: String) -> ExitCode? {
        switch ChatInput(text) {
        case .nothing: return nil
        case .mistake(let sentence):
            // Both are what people try; the contract has neither.
            let word = text.split(whereSeparator: \.isWhitespace).joined().lowercased()
            if word == "/quit" || word == "/exit" { return .ok }
            console.remark(console.styled(sentence, .bad))
            editor.restore(text)
            return nil
        case .message(let message):
            history.add(text)
            return send(message, keeping: text)
        case .command(let command):
            history.add(text)
            do throws(CommandFailure) {
                try carryOut(command)
            } catch {
                tell(error)
            }
            return nil
        }
    }

    private func tell(_ failure: CommandFailure) {
        console.remark(console.styled(failure.sentence, .bad))
        for hint in failure.hints { console.remark(console.styled(hint, .dim)) }
    }

    private func send(_ message: String, keeping draft: String) -> ExitCode? {
        let printer = ChatPrinter(.terminal, on: console)
        let streaming = ChatStreaming(runtime, signals: signals, context: context)
        let turn = streaming.run(
            ChatRequest(message: message, sessionID: session), input: STDIN_FILENO,
            typed: { [self] bytes in typedAhead += bytes.prefix(max(0, Self.typeAheadLimit - typedAhead.count)) },
            suspended: { [self] in terminal.leave() }, resumed: { [self] in terminal.enter(.watching) },
            show: { printer.show($0) },
            isAtLineStart: { printer.isAtLineStart })
        printer.finish(turn, at: runtime.baseURL)
        if let id = turn.sessionID { session = id }
        if let signal = streaming.signalled { return ExitCode(rawValue: 128 + signal) }
        if streaming.wantsOut { return .chatInterrupted }
        if streaming.wasInterrupted {
            console.remark(console.styled("[cancelled]", .dim))
        } else if let failure = turn.failure(at: runtime.baseURL) {
            tell(failure)
            // What never reached a session can be sent again.
            if turn.sessionID == nil { editor.restore(draft) }
        }
        return nil
    }

    // MARK: - Commands

    private func carryOut(_ command: SlashCommand) throws(CommandFailure) {
        switch command {
        case .help: tellCommands()
        case .model:
            let list = ModelList(try config())
            say("\(list.provider) \(list.current)")
        case .models:
            let list = ModelList(try config())
            for model in list.models { say((model == list.current ? "* " : "  ") + model) }
        case .setModel(let model): try setModel(model)
        case .new: try beginAnew()
        case .compact: try compact()
        case .clear: terminal.write("\u{1B}[H\u{1B}[2J")
        case .sessions: _ = try ChatSessionList(runtime: runtime, context: context, asJSON: false).list()
        }
    }

    private func say(_ text: String) { console.print(harmless(text)) }

    private func tellCommands() {
        let all = SlashHint.all.map { ($0.usage, $0.description) } + [("/quit", "leave, as Ctrl-D does")]
        let width = all.map(\.0.count).max() ?? 0
        for (usage, description) in all {
            console.print(usage + String(repeating: " ", count: width - usage.count) + " - " + description)
        }
        console.print("A message that begins with a slash is written with two: //etc/hosts")
    }

    private func ask<Value: Sendable>(
        _ question: @escaping @Sendable (HTTPAdapter, String) async throws(RuntimeClientError) -> Value
    ) throws(CommandFailure) -> Value {
        try runtime.ask(in: context, signals: signals, question)
    }

    private func config() throws(CommandFailure) -> ConfigState {
        try ask { adapter, base throws(RuntimeClientError) in try await adapter.config(base) }
    }

    private func setModel(_ model: String) throws(CommandFailure) {
        let state = try config()
        let list = ModelList(state)
        guard model != list.current else { return say("\(model) answers already.") }
        guard let change = list.change(to: model, in: state) else {
            throw CommandFailure(
                "\"\(harmless(model))\" is none of the models of \(list.provider).", hints: ["See them with: /models"])
        }
        _ = try ask { adapter, base throws(RuntimeClientError) in try await adapter.applyConfig(base, change) }
        say("\(model) answers from now on.")
    }

    private func beginAnew() throws(CommandFailure) {
        let new = try ask { adapter, base throws(RuntimeClientError) in try await adapter.createSession(base) }
        session = new.id
        console.remark(console.styled("[a new session: \(new.label)]", .dim))
    }

    private func compact() throws(CommandFailure) {
        guard let old = session else { return try beginAnew() }
        let messages = try ask { adapter, base throws(RuntimeClientError) in try await adapter.session(base, old) }
            .messages
        try beginAnew()
        guard let digest = ConversationDigest.text(of: messages) else { return }
        _ = send(digest, keeping: "")
    }
}
