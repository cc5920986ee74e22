import Glibc

/// The terminal of a conversation: keys come one by one, but lines still end as lines do.
final class ChatTerminal {
    enum Mode {
        /// Every key is ours.
        case editing
        /// Keys wait, and Ctrl-C interrupts.
        case watching
    }

    private let raw: RawTerminal
    private let console: Console
    private(set) var mode = Mode.watching

    /// `nil` when stdin is no terminal.
    init?(on console: Console) {
        guard let raw = RawTerminal() else { return nil }
        self.raw = raw
        self.console = console
    }

    func enter(_ mode: Mode) {
        self.mode = mode
        raw.enter()
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
        settings.c_oflag |= tcflag_t(OPOST)
        if mode == .watching {
            settings.c_lflag |= tcflag_t(ISIG)
        } else {
            settings.c_lflag &= ~tcflag_t(ISIG)
        }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
        // Pastes are told from typing only while they are for us.
        write(mode == .editing ? "\u{1B}[?2004h" : "\u{1B}[?2004l")
    }

    func leave() {
        write("\u{1B}[?2004l")
        raw.leave()
    }

    func write(_ text: String) { console.write(Array(text.utf8)) }
}
