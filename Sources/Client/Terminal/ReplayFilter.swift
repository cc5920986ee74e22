/// Takes out of recorded output what must not happen a second time when it is shown again.
///
/// A terminal answers questions ("where is the cursor?") by typing; the answers to old questions would land in the
/// program's input. Old bells and clipboard writes are no news either.
public struct ReplayFilter: Sendable {
    private var scanner = EscapeScanner()

    public init() {}

    public mutating func feed(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        scanner.feed(bytes) { token in
            switch token {
            case .text(let bytes): output += bytes
            case .control(let byte): if byte != 0x05 && byte != 0x07 { output.append(byte) }
            case .escape(let bytes): if bytes != [0x1B, UInt8(ascii: "Z")] { output += bytes }
            case .csi(let bytes): if !Self.isQuestion(bytes) { output += bytes }
            case .string(let bytes): if !Self.hasEffects(bytes) { output += bytes }
            }
        }
        return output
    }

    /// Sequences that a terminal answers.
    private static func isQuestion(_ bytes: [UInt8]) -> Bool {
        guard let sequence = ControlSequence(bytes) else { return false }
        switch sequence.final {
        // Device attributes; DECREQTPARM; status reports; XTVERSION.
        case UInt8(ascii: "c"), UInt8(ascii: "x"), UInt8(ascii: "n"): return sequence.intermediates.isEmpty
        case UInt8(ascii: "q"): return sequence.prefix == UInt8(ascii: ">")
        // Which keyboard protocol; which mode.
        case UInt8(ascii: "u"): return sequence.isPrivate
        case UInt8(ascii: "p"): return sequence.intermediates == [UInt8(ascii: "$")]
        // Window reports: sizes and titles. 22 and 23, push and pop, answer nothing.
        case UInt8(ascii: "t"): return sequence.intermediates.isEmpty && (11...21) ~= sequence.first(orDefault: 0)
        default: return false
        }
    }

    /// Strings that are answered (`OSC 11 ; ?`, XTGETTCAP, DECRQSS), or that reach beyond the screen: the clipboard,
    /// notifications.
    private static func hasEffects(_ bytes: [UInt8]) -> Bool {
        switch bytes[1] {
        case UInt8(ascii: "]"):
            let number = Int(String(decoding: bytes[2...].prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)) ?? -1
            if number == 52 || number == 9 || number == 99 || number == 777 { return true }
            return (4...19) ~= number && bytes.contains(UInt8(ascii: "?"))
        case UInt8(ascii: "P"):
            return bytes.count > 3 && bytes[3] == UInt8(ascii: "q")
                && (bytes[2] == UInt8(ascii: "+") || bytes[2] == UInt8(ascii: "$"))
        default: return false
        }
    }
}
