import Client
import Glibc
import RuntimeClient

/// Sends one message and follows its answer, while a person may interrupt.
///
/// The first Ctrl-C asks the daemon to end the turn; the second leaves it alone and ends the waiting.
final class ChatStreaming {
    private enum News: Sendable {
        case event(ChatEvent)
        case ended(RuntimeClientError?)
        /// Whether the daemon took the order to cancel.
        case cancelAnswered(RuntimeClientError?)
    }

    private let runtime: ChatRuntime
    private let mailbox = ChatMailbox<News>()
    private let signals: Signals
    private let progress: Progress
    private var turn = ChatTurn()
    private var stream: Task<Void, Never>?
    private var interrupts = 0
    /// When a turn that was cancelled is waited for no longer.
    private var givesUpAt: ContinuousClock.Instant?

    /// So long the daemon has to end a turn that it was asked to cancel.
    private static let patience = Duration.seconds(10)

    /// A signal that means the end of the program, if one came.
    private(set) var signalled: Int32?
    /// Whether the person wanted out, and not only an end of the turn.
    private(set) var wantsOut = false
    var wasInterrupted: Bool { interrupts > 0 }

    init(_ runtime: ChatRuntime, signals: Signals, context: Context) {
        self.runtime = runtime
        self.signals = signals
        progress = Progress("waiting for the model", on: context.console)
    }

    /// `show` is told every event, and must say whether the cursor is at the beginning of a line. `input` is read meanwhile,
    /// for `typed`.
    func run(
        _ request: ChatRequest, input: Int32?, typed: ([UInt8]) -> Void, suspended: () -> Void, resumed: () -> Void,
        show: (ChatEvent) -> Void, isAtLineStart: () -> Bool
    ) -> ChatTurn {
        let (adapter, base, mailbox) = (runtime.adapter, runtime.baseURL, mailbox)
        stream = Task {
            do throws(RuntimeClientError) {
                try await adapter.chatStream(base, request) { mailbox.post(.event($0.event)) }
                mailbox.post(.ended(nil))
            } catch {
                mailbox.post(.ended(error))
            }
        }
        var input = input
        defer { progress.finish() }
        while true {
            let ready = Poll.readable(
                [mailbox.descriptor, signals.descriptor] + (input.map { [$0] } ?? []), timeout: .milliseconds(100))
            for news in mailbox.take() {
                switch news {
                case .event(let event):
                    progress.finish()
                    turn.took(event)
                    show(event)
                case .ended(let error):
                    turn.streamEnded(error)
                    return turn
                case .cancelAnswered(let error):
                    // A daemon that cannot cancel finishes the turn without us.
                    if error != nil { stream?.cancel() }
                }
            }
            for signal in signals.take() { handle(signal, suspended, resumed) }
            if let descriptor = input, ready.count == 3, ready[2], !read(descriptor, typed) { input = nil }
            if let givesUpAt, ContinuousClock.now >= givesUpAt { stream?.cancel() }
            if !wasInterrupted, isAtLineStart() { progress.tick() }
        }
    }

    private func handle(_ signal: Int32, _ suspended: () -> Void, _ resumed: () -> Void) {
        switch signal {
        case SIGINT: interrupt()
        case SIGWINCH: break
        case SIGTSTP:
            suspended()
            raise(SIGSTOP)
        case SIGCONT: resumed()
        default:
            signalled = signal
            stream?.cancel()
        }
    }

    private func interrupt() {
        interrupts += 1
        guard interrupts == 1, let session = turn.sessionID else {
            wantsOut = interrupts > 1
            stream?.cancel()
            return
        }
        givesUpAt = .now + Self.patience
        let (adapter, base, mailbox) = (runtime.adapter, runtime.baseURL, mailbox)
        Task {
            do throws(RuntimeClientError) {
                try await adapter.cancelTurn(base, session)
                mailbox.post(.cancelAnswered(nil))
            } catch {
                mailbox.post(.cancelAnswered(error))
            }
        }
    }

    /// False at the end of the input.
    private func read(_ descriptor: Int32, _ typed: ([UInt8]) -> Void) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count > 0 { typed(Array(buffer[..<count])) }
        return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN))
    }
}
