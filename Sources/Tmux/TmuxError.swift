/// Why tmux gave no answer. None of these says that something is empty or absent: only an answer does.
public enum TmuxError: Error, Equatable, Sendable {
    /// There is no `tmux` on the PATH.
    case notInstalled
    /// tmux is installed, and its server does not run, or ended while it was asked.
    case noServer
    /// tmux answered with an error, in its own words, trimmed.
    case failed(stderr: String)
    /// No answer came in time. Whether tmux did what it was told is not known.
    case timedOut
    /// Too many questions wait already; this one was not asked.
    case overloaded
    /// ``TmuxServer/close()`` was called.
    case closed
}

extension TmuxError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notInstalled: return "tmux is not on the PATH; install it"
        case .noServer: return "no tmux server is running; start one with `tmux new-session`"
        case .failed(let stderr): return "tmux refused: \(stderr)"
        case .timedOut: return "tmux did not answer in time; is its server stopped or very busy?"
        case .overloaded: return "too many questions to tmux are waiting; try again in a moment"
        case .closed: return "tmux is not asked any more, because the daemon is stopping"
        }
    }
}

extension TmuxError {
    /// Reads what a client of tmux that failed left on stderr, or in an error block of control mode.
    init(stderr: [UInt8], otherwise reason: @autoclosure () -> String) {
        let text = Self.trimmed(stderr)
        if text.isEmpty {
            self = .failed(stderr: reason())
        } else if Self.meansNoServer(text) {
            self = .noServer
        } else {
            self = .failed(stderr: text)
        }
    }

    /// How tmux 3.3a says that there is no server: the socket is missing, nobody listens, or the server ended meanwhile.
    private static func meansNoServer(_ text: String) -> Bool {
        if text.hasPrefix("no server running on ") || text.hasPrefix("server exited") || text == "lost server" {
            return true
        }
        return text.hasPrefix("error connecting to ")
            && (text.hasSuffix("(No such file or directory)") || text.hasSuffix("(Connection refused)"))
    }

    static func trimmed(_ bytes: [UInt8]) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        var text = bytes.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text = text.dropLast(1) }
        return String(decoding: text, as: UTF8.self)
    }
}
