/// Colours and weights by their meaning.
enum Style: String, Sendable {
    case good = "32"
    case attention = "1;33"
    case bad = "31"
    case dim = "2"
    case strong = "1"
    case accent = "36"
    case plain = ""
}

extension Console {
    /// The text in that style, where results may have colours.
    func styled(_ text: String, _ style: Style) -> String {
        guard hasColours, style != .plain, !text.isEmpty else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}
