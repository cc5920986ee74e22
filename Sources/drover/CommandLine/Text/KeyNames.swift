/// What a terminal sends for a key, by the names that tmux uses.
enum KeyNames {
    private static let named: [String: String] = [
        "enter": "\r", "return": "\r", "escape": "\u{1B}", "esc": "\u{1B}", "tab": "\t", "btab": "\u{1B}[Z",
        "space": " ", "backspace": "\u{7F}", "bspace": "\u{7F}", "delete": "\u{1B}[3~", "dc": "\u{1B}[3~",
        "insert": "\u{1B}[2~", "up": "\u{1B}[A", "down": "\u{1B}[B", "right": "\u{1B}[C", "left": "\u{1B}[D",
        "home": "\u{1B}[H", "end": "\u{1B}[F", "pageup": "\u{1B}[5~", "pgup": "\u{1B}[5~",
        "pagedown": "\u{1B}[6~", "pgdn": "\u{1B}[6~", "f1": "\u{1B}OP", "f2": "\u{1B}OQ", "f3": "\u{1B}OR",
        "f4": "\u{1B}OS", "f5": "\u{1B}[15~", "f6": "\u{1B}[17~", "f7": "\u{1B}[18~", "f8": "\u{1B}[19~",
        "f9": "\u{1B}[20~", "f10": "\u{1B}[21~", "f11": "\u{1B}[23~", "f12": "\u{1B}[24~",
    ]

    /// `nil` when there is no such key. A single character is itself.
    static func bytes(of name: String) -> [UInt8]? {
        let lowered = name.lowercased()
        if let text = named[lowered] { return Array(text.utf8) }
        if lowered.hasPrefix("m-") || lowered.hasPrefix("alt-") {
            let rest = String(name.drop { $0 != "-" }.dropFirst())
            return rest.isEmpty ? nil : bytes(of: rest).map { [0x1B] + $0 }
        }
        var control: Substring?
        if lowered.hasPrefix("c-") { control = name.dropFirst(2) }
        if lowered.hasPrefix("ctrl-") { control = name.dropFirst(5) }
        if name.count == 2 && name.hasPrefix("^") { control = name.dropFirst() }
        if let control {
            if control.lowercased() == "space" { return [0] }
            guard control.count == 1, let code = Character(control.uppercased()).asciiValue else { return nil }
            if code == UInt8(ascii: "?") { return [0x7F] }
            return (0x40...0x5F) ~= code ? [code & 0x1F] : nil
        }
        return name.count == 1 ? Array(name.utf8) : nil
    }
}
