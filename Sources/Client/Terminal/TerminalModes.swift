/// Watches what a program does to the terminal, and knows how to put it right when the viewer leaves early.
///
/// It also knows how to do it again, for a viewer who comes late: a program asks for bracketed paste once, at its
/// start, and the tail of its output does not repeat it.
public struct TerminalModes: Sendable {
    private var scanner = EscapeScanner()
    private var modes = Modes()

    fileprivate struct Modes: Sendable {
        /// DEC private modes that are on although they are off in a fresh terminal, or the other way round.
        var changed: Set<Int> = []
        var hasKeypad = false
        var hasCharset = false
        var hasScrollRegion = false
        /// 0 is the terminal's own.
        var cursorShape = 0
        var modifyOtherKeys = 0
        /// What the program pushed on kitty's keyboard stack.
        var keyboard: [Int] = []
    }

    /// On in a fresh terminal: automatic wrap and the visible cursor.
    fileprivate static let onByDefault: Set<Int> = [7, 25]
    /// Modes that a shell would suffer from.
    fileprivate static let watched: Set<Int> = [
        1, 5, 6, 7, 9, 25, 47, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1047, 1049, 2004, 2026,
        2031,
    ]
    private static let alternateScreens: Set<Int> = [47, 1047, 1049]

    public init() {}

    /// Whether a full-screen program shows: what it drew cannot be understood from the tail of its output.
    public var isAlternateScreen: Bool { !modes.changed.isDisjoint(with: Self.alternateScreens) }

    public mutating func feed(_ bytes: some Sequence<UInt8>) {
        var modes = modes
        scanner.feed(bytes) { token in
            switch token {
            case .csi(let bytes): if let sequence = ControlSequence(bytes) { modes.take(sequence) }
            case .escape(let bytes): modes.takeEscape(bytes)
            case .text, .control, .string: break
            }
        }
        self.modes = modes
    }

    /// What to write so that a shell finds the terminal as it left it. The screen's text stays.
    public var restoring: [UInt8] {
        var text = ""
        if !modes.keyboard.isEmpty { text += "\u{1B}[<\(modes.keyboard.count)u" }
        if modes.modifyOtherKeys > 0 { text += "\u{1B}[>4m" }
        for mode in modes.changed.sorted() {
            text += "\u{1B}[?\(mode)" + (Self.onByDefault.contains(mode) ? "h" : "l")
        }
        if modes.hasScrollRegion { text += "\u{1B}7\u{1B}[r\u{1B}8" }
        if modes.hasKeypad { text += "\u{1B}>" }
        if modes.hasCharset { text += "\u{1B}(B\u{0F}" }
        if modes.cursorShape > 0 { text += "\u{1B}[0 q" }
        return Array((text + "\u{1B}[0m").utf8)
    }

    /// What to write to a fresh terminal so that it is as the program wants it. Nothing is drawn.
    public var establishing: [UInt8] {
        var text = ""
        for mode in modes.changed.sorted() {
            text += "\u{1B}[?\(mode)" + (Self.onByDefault.contains(mode) ? "l" : "h")
        }
        for flags in modes.keyboard { text += "\u{1B}[>\(flags)u" }
        if modes.modifyOtherKeys > 0 { text += "\u{1B}[>4;\(modes.modifyOtherKeys)m" }
        if modes.hasKeypad { text += "\u{1B}=" }
        if modes.cursorShape > 0 { text += "\u{1B}[\(modes.cursorShape) q" }
        return Array(text.utf8)
    }
}

extension TerminalModes.Modes {
    fileprivate mutating func take(_ sequence: ControlSequence) {
        switch sequence.final {
        case UInt8(ascii: "h") where sequence.isPrivate: set(sequence.parameters, on: true)
        case UInt8(ascii: "l") where sequence.isPrivate: set(sequence.parameters, on: false)
        case UInt8(ascii: "r") where sequence.prefix == nil: hasScrollRegion = sequence.parameters.contains { $0 > 0 }
        case UInt8(ascii: "q") where sequence.intermediates == [UInt8(ascii: " ")]:
            cursorShape = sequence.first(orDefault: 0)
        case UInt8(ascii: "m") where sequence.prefix == UInt8(ascii: ">"):
            if sequence.parameters.first == 4 {
                modifyOtherKeys = sequence.parameters.count > 1 ? sequence.parameters[1] : 0
            }
        case UInt8(ascii: "u") where sequence.prefix == UInt8(ascii: ">"):
            // Terminals bound their stack as well.
            if keyboard.count < 16 { keyboard.append(sequence.first(orDefault: 0)) }
        case UInt8(ascii: "u") where sequence.prefix == UInt8(ascii: "<"):
            keyboard.removeLast(min(keyboard.count, sequence.first(orDefault: 1)))
        case UInt8(ascii: "p") where sequence.intermediates == [UInt8(ascii: "!")]:
            // A soft reset leaves screens and mice alone.
            changed.subtract([1, 6, 7, 25])
            (hasKeypad, hasCharset, hasScrollRegion) = (false, false, false)
        default: break
        }
    }

    fileprivate mutating func takeEscape(_ bytes: [UInt8]) {
        switch Array(bytes.dropFirst()) {
        case [UInt8(ascii: "=")]: hasKeypad = true
        case [UInt8(ascii: ">")]: hasKeypad = false
        case [UInt8(ascii: "("), UInt8(ascii: "0")]: hasCharset = true
        case [UInt8(ascii: "("), UInt8(ascii: "B")]: hasCharset = false
        case [UInt8(ascii: "c")]: self = Self()
        default: break
        }
    }

    private mutating func set(_ numbers: [Int], on: Bool) {
        for mode in numbers where TerminalModes.watched.contains(mode) {
            if on == TerminalModes.onByDefault.contains(mode) { changed.remove(mode) } else { changed.insert(mode) }
        }
    }
}
