/// Takes the escape sequences out of terminal output, for whoever reads it as text: detectors, not viewers.
///
/// Removes CSI, OSC, DCS and the other strings, charset selections and C0 controls, wherever the bytes are cut.
/// `\n` and `\t` stay, `\r\n` becomes `\n`; a `\r` alone becomes `\n` too, since what follows overwrites the line; a backspace
/// takes back the byte before it if it is still here. Sequences that move the cursor to another line become `\n`, those
/// that move it on within the line a space, so that words on different places do not run together.
public struct AnsiStripper: Sendable {
    private enum State: Sendable {
        case text
        /// After `\r`: a `\n` belongs to it.
        case carriageReturn
        case escape
        /// After ESC and an intermediate byte (charsets): one more byte.
        case designation
        case control
        /// In OSC, DCS, SOS, PM or APC, until BEL or ST.
        case string
        case stringEscape
    }

    private var state = State.text

    public init() {}

    /// Takes the next bytes, and returns the text in them.
    public mutating func feed(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        feed(bytes, into: &text)
        return text
    }

    /// Takes the next bytes, and appends the text in them.
    public mutating func feed(_ bytes: [UInt8], into text: inout [UInt8]) {
        text.reserveCapacity(text.count + bytes.count)
        bytes.withUnsafeBufferPointer { buffer in
            var index = 0
            while index < buffer.count {
                if state == .text {
                    let start = index
                    while index < buffer.count, Self.isText(buffer[index]) { index += 1 }
                    if index > start { text.append(contentsOf: buffer[start..<index]) }
                    guard index < buffer.count else { return }
                }
                accept(buffer[index], into: &text)
                index += 1
            }
        }
    }

    @inline(__always)
    private static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x0A || byte == 0x09 }

    private mutating func accept(_ byte: UInt8, into text: inout [UInt8]) {
        switch state {
        case .text:
            acceptControl(byte, into: &text)
        case .carriageReturn:
            // However many there are, they are one end of a line.
            if byte == 0x0D { return }
            state = .text
            text.append(0x0A)
            if byte != 0x0A { accept(byte, into: &text) }
        case .escape:
            switch byte {
            case UInt8(ascii: "["): state = .control
            case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
                state = .string
            case 0x20...0x2F: state = .designation
            case 0x1B: break
            default: state = .text
            }
        case .designation:
            switch byte {
            case 0x20...0x2F: break
            case 0x1B: state = .escape
            default: state = .text
            }
        case .control:
            switch byte {
            case 0x40...0x7E:
                state = .text
                if let space = Self.space(for: byte) { text.append(space) }
            case 0x1B: state = .escape
            case 0x18, 0x1A: state = .text
            default: break
            }
        case .string:
            switch byte {
            case 0x07, 0x18, 0x1A: state = .text
            case 0x1B: state = .stringEscape
            default: break
            }
        case .stringEscape:
            state = .text
            if byte != UInt8(ascii: "\\") {
                state = .escape
                accept(byte, into: &text)
            }
        }
    }

    private mutating func acceptControl(_ byte: UInt8, into text: inout [UInt8]) {
        switch byte {
        case 0x1B: state = .escape
        case 0x0D: state = .carriageReturn
        case 0x08: if let last = text.last, last != 0x0A { text.removeLast() }
        case 0x0B, 0x0C: text.append(0x0A)
        case 0x00..<0x20, 0x7F: break
        default: text.append(byte)
        }
    }

    /// What a movement of the cursor reads as.
    private static func space(for final: UInt8) -> UInt8? {
        switch final {
        case UInt8(ascii: "A"), UInt8(ascii: "B"), UInt8(ascii: "E"), UInt8(ascii: "F"), UInt8(ascii: "H"),
            UInt8(ascii: "d"), UInt8(ascii: "f"):
            return 0x0A
        case UInt8(ascii: "C"), UInt8(ascii: "G"): return 0x20
        default: return nil
        }
    }
}
