import Bytes
import Glibc

/// Where a command writes: results to one side, remarks to the other.
///
/// It knows what the reader can show: colours on a terminal unless `NO_COLOR` says otherwise, symbols in UTF-8.
final class Console {
    /// What is known of one of the two sides.
    struct Side {
        var write: ([UInt8]) -> Void
        var isTerminal: Bool
    }

    let output: Side
    let errors: Side
    let isUTF8: Bool
    let hasColours: Bool
    /// Columns, when results go to a terminal.
    let width: () -> Int?

    init(output: Side, errors: Side, isUTF8: Bool, hasColours: Bool, width: @escaping () -> Int?) {
        self.output = output
        self.errors = errors
        self.isUTF8 = isUTF8
        self.hasColours = hasColours
        self.width = width
    }

    /// That of this process.
    convenience init(environment: Environment) {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        self.init(
            output: Side(write: { Self.write($0, to: STDOUT_FILENO) }, isTerminal: isTerminal),
            errors: Side(write: { Self.write($0, to: STDERR_FILENO) }, isTerminal: isatty(STDERR_FILENO) == 1),
            isUTF8: environment.isUTF8,
            hasColours: isTerminal && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb",
            width: { isTerminal ? TerminalSize.of(STDOUT_FILENO)?.columns : nil })
    }

    // MARK: - Writing

    func print(_ text: String) {
        output.write(Array((text + "\n").utf8))
    }

    func write(_ bytes: [UInt8]) {
        if !bytes.isEmpty { output.write(bytes) }
    }

    /// A remark for the person at the keyboard, which is no part of the result.
    func remark(_ text: String) {
        errors.write(Array((text + "\n").utf8))
    }

    /// A result for programs, laid out so that people can read it too.
    func print(_ json: JSON) {
        var text = json.indented()
        text.append(UInt8(ascii: "\n"))
        output.write(text)
    }

    /// One of many results for programs: a line each.
    func printLine(_ json: JSON) {
        var text = json.encoded()
        text.append(UInt8(ascii: "\n"))
        output.write(text)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&polled, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}

/// Rows and columns.
struct TerminalSize: Equatable, Sendable {
    var columns: Int
    var rows: Int

    /// `nil` when the descriptor is no terminal, or one that does not know.
    static func of(_ descriptor: Int32) -> TerminalSize? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// That of the terminal this process sits at, whichever of its descriptors is one.
    static var current: TerminalSize? { of(STDOUT_FILENO) ?? of(STDIN_FILENO) ?? of(STDERR_FILENO) }
}
