/// Takes terminal output apart into text and control sequences (ECMA-48), however it was cut.
///
/// It knows where sequences begin and end, not what they mean. Eight-bit controls are left alone: in UTF-8 their
/// bytes are parts of letters.
public struct EscapeScanner: Sendable {
    public enum Token: Equatable, Sendable {
        /// Printable bytes.
        case text([UInt8])
        /// One of C0, or DEL.
        case control(UInt8)
        /// ESC, intermediates, final byte.
        case escape([UInt8])
        /// ESC [ and so on to the final byte.
        case csi([UInt8])
        /// OSC, DCS, APC, PM or SOS with its terminator; the second byte tells which.
        case string([UInt8])
    }

    /// A string longer than this is passed on in pieces and no longer understood; titles and answers are short.
    public static let limit = 65536

    private enum State: Sendable {
        case ground
        case escape
        case csi
        case string
        case stringEscape
        /// Within a string that has become too long to keep.
        case overlong
        case overlongEscape
    }

    private var state = State.ground
    private var pending: [UInt8] = []

    public init() {}

    /// Whether everything fed so far has been told: no sequence stands open.
    public var isComplete: Bool { state == .ground }

    /// Feeds bytes and tells what they complete.
    public mutating func feed(_ bytes: some Sequence<UInt8>, _ tell: (Token) -> Void) {
        var text: [UInt8] = []
        for byte in bytes {
            if state == .ground {
                if byte >= 0x20 && byte != 0x7F {
                    text.append(byte)
                    continue
                }
                if !text.isEmpty {
                    tell(.text(text))
                    text = []
                }
                if byte == 0x1B {
                    state = .escape
                    pending = [byte]
                } else {
                    tell(.control(byte))
                }
            } else {
                take(byte, tell)
            }
        }
        if !text.isEmpty { tell(.text(text)) }
    }

    private mutating func take(_ byte: UInt8, _ tell: (Token) -> Void) {
        switch state {
        case .ground: break
        case .escape, .csi:
            if byte == 0x1B {
                // A sequence begun anew: the old one is forgotten, as terminals do.
                pending = [byte]
                state = .escape
            } else if byte == 0x18 || byte == 0x1A {
                end()
            } else if byte < 0x20 {
                // Controls inside a sequence act at once.
                tell(.control(byte))
            } else if state == .escape {
                takeEscape(byte, tell)
            } else {
                pending.append(byte)
                if byte >= 0x40 && byte <= 0x7E {
                    tell(.csi(pending))
                    end()
                } else if pending.count > Self.limit {
                    end()
                }
            }
        case .string:
            if byte == 0x18 || byte == 0x1A { return end() }
            pending.append(byte)
            if byte == 0x1B {
                state = .stringEscape
            } else if byte == 0x07 && pending[1] == UInt8(ascii: "]") {
                tell(.string(pending))
                end()
            } else if pending.count > Self.limit {
                pending = []
                state = .overlong
            }
        case .stringEscape:
            if byte == UInt8(ascii: "\\") {
                pending.append(byte)
                tell(.string(pending))
                end()
            } else {
                // Not a terminator: the string is over all the same, and a new sequence has begun.
                pending = [0x1B]
                state = .escape
                take(byte, tell)
            }
        case .overlong:
            if byte == 0x1B { state = .overlongEscape } else if byte == 0x07 || byte == 0x18 { end() }
        case .overlongEscape:
            if byte == UInt8(ascii: "\\") { end() } else if byte != 0x1B { state = .overlong }
        }
    }

    private mutating func takeEscape(_ byte: UInt8, _ tell: (Token) -> Void) {
        pending.append(byte)
        if pending.count == 2 {
            switch byte {
            case UInt8(ascii: "["):
                state = .csi
                return
            case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"):
                state = .string
                return
            default: break
            }
        }
        if byte >= 0x30 && byte <= 0x7E {
            tell(.escape(pending))
            end()
        } else if byte > 0x7E || pending.count > 16 {
            end()
        }
    }

    private mutating func end() {
        pending = []
        state = .ground
    }
}
