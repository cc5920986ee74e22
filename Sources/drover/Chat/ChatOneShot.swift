import Glibc
import RuntimeClient

/// One message, one answer, and an exit code that tells how it went.
struct ChatOneShot {
    let runtime: ChatRuntime
    let context: Context
    let asJSON: Bool

    func run(_ message: String, session: String?) throws(CommandFailure) -> ExitCode {
        let console = context.console
        guard !message.allSatisfy(\.isWhitespace) else {
            throw CommandFailure("The message is empty.", exit: .chatInvalid)
        }
        let style: ChatPrinter.Style = asJSON ? .json : console.output.isTerminal ? .terminal : .plain
        let printer = ChatPrinter(style, on: console)
        let signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP])
        let streaming = ChatStreaming(runtime, signals: signals, context: context)
        let turn = streaming.run(
            ChatRequest(message: message, sessionID: session), input: nil, typed: { _ in }, suspended: {}, resumed: {},
            show: { printer.show($0) }, isAtLineStart: { printer.isAtLineStart })
        printer.finish(turn, at: runtime.baseURL)
        if let signal = streaming.signalled { return ExitCode(rawValue: 128 + signal) }
        if let failure = turn.failure(at: runtime.baseURL) {
            if streaming.wasInterrupted { return .chatInterrupted }
            if asJSON { return failure.exit }
            throw failure
        }
        if style == .terminal, let session = turn.sessionID {
            console.remark(console.styled("[go on with: drover chat --session \(session.prefix(8))]", .dim))
        }
        return turn.exit
    }
}
