import Glibc

/// The terminal at stdin, switched to raw so that every key reaches the program, and always switched back.
///
/// Also when this program crashes: the handlers of fatal signals put the terminal right before they die of them.
final class RawTerminal {
    private var saved = termios()
    private var isRaw = false

    /// What to put right in an emergency. Allocated once, so that a signal handler only reads it.
    nonisolated(unsafe) private static let emergency = UnsafeMutablePointer<termios>.allocate(capacity: 1)
    nonisolated(unsafe) private static var hasEmergency = false

    private static let fatalSignals = [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP]

    /// `nil` when stdin is no terminal.
    init?() {
        guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return nil }
        Self.emergency.initialize(to: saved)
        for number in Self.fatalSignals {
            signal(number) { number in
                if RawTerminal.hasEmergency { tcsetattr(STDIN_FILENO, TCSANOW, RawTerminal.emergency) }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    deinit { leave() }

    func enter() {
        guard !isRaw else { return }
        var raw = saved
        cfmakeraw(&raw)
        // The result is undone by `leave`, also when exit() is called from elsewhere.
        Self.hasEmergency = true
        isRaw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0
        atexit { if RawTerminal.hasEmergency { tcsetattr(STDIN_FILENO, TCSANOW, RawTerminal.emergency) } }
    }

    func leave() {
        guard isRaw else { return }
        isRaw = false
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
        Self.hasEmergency = false
    }
}
