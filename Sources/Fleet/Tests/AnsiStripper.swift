/// Takes escape sequences and control characters out of terminal output (ECMA-48), however it is cut.
///
/// What is left is text, tabs, line feeds and carriage returns.
public struct AnsiStripper: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case text
        case escape
        /// ESC and one byte of 0x20-0x2F: one more byte ends it.
        case intermediate
        case control
        /// OSC, DCS, SOS, PM, APC: up to BEL or ST.
        case string
        case stringEscape
    }

    private var state = State.text

    public init() {}

    /// Appends what is left of the bytes.
    public mutating func strip(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        for byte in bytes {
            switch state {
            case .text:
                if byte == 0x1B {
                    state = .escape
                } else if byte >= 0x20 && byte != 0x7F || byte == 9 || byte == 10 || byte == 13 {
                    output.append(byte)
                }
            case .escape:
                switch byte {
                case UInt8(ascii: "["): state = .control
                case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
                    state = .string
                case 0x20...0x2F: state = .intermediate
                case 0x1B: break
                default: state = .text
                }
            case .intermediate: if !(0x20...0x2F).contains(byte) { state = .text }
            case .control:
                switch byte {
                case 0x40...0x7E: state = .text
                case 0x1B: state = .escape
                // CAN and SUB end a sequence where it stands.
                case 0x18, 0x1A: state = .text
                default: break
                }
            case .string:
                if byte == 7 || byte == 0x18 || byte == 0x1A { state = .text }
                if byte == 0x1B { state = .stringEscape }
            case .stringEscape: state = byte == UInt8(ascii: "\\") ? .text : byte == 0x1B ? .stringEscape : .string
            }
        }
    }

    /// The text without its escape sequences.
    public static func strip(_ text: String) -> String {
        var stripper = AnsiStripper()
        var output: [UInt8] = []
        Array(text.utf8).withUnsafeBytes { stripper.strip($0, into: &output) }
        return String(decoding: output, as: UTF8.self)
    }
}

/// Puts stripped output together into lines, of which a carriage return begins the line anew, as on a screen.
struct OutputLines: Equatable, Sendable {
    /// Longer lines are no summaries; their rest is passed over.
    static let limit = 4096

    private var stripper = AnsiStripper()
    private var line: [UInt8] = []
    private var stripped: [UInt8] = []
    private var hasReturned = false

    /// Takes output and calls `body` with each line that is complete.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (String) -> Void) {
        stripped.removeAll(keepingCapacity: true)
        stripper.strip(bytes, into: &stripped)
        for byte in stripped {
            switch byte {
            case 10:
                body(String(decoding: line, as: UTF8.self))
                line.removeAll(keepingCapacity: true)
                hasReturned = false
            case 13: hasReturned = true
            default:
                if hasReturned {
                    line.removeAll(keepingCapacity: true)
                    hasReturned = false
                }
                if line.count < Self.limit { line.append(byte) }
            }
        }
    }

    /// The last line, which nothing ended.
    mutating func finish() -> String? {
        defer { line.removeAll() }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
