/// Aligned columns, cut to the width of the terminal.
struct Table {
    enum Alignment: Sendable {
        case left
        case right
    }

    struct Column: Sendable {
        var title: String
        var alignment = Alignment.left
        /// May give up columns down to this width when the terminal is narrow; `nil` for one that is always whole.
        var shrinksTo: Int?

        init(_ title: String, _ alignment: Alignment = .left, shrinksTo: Int? = nil) {
            self.title = title
            self.alignment = alignment
            self.shrinksTo = shrinksTo
        }
    }

    struct Cell {
        var text: String
        var style = Style.plain

        init(_ text: String, _ style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    private static let gap = "  "

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// The lines, titles first. Columns without any text are left out.
    func lines(on console: Console) -> [String] {
        let kept = columns.indices.filter { index in rows.contains { !$0[index].text.isEmpty } }
        let mark = console.isUTF8 ? "…" : "~"
        let widths = widths(kept, in: console.width())
        func line(_ cells: [Cell], isTitle: Bool) -> String {
            var line = ""
            for (position, index) in kept.enumerated() {
                let text = fitted(cells[index].text, to: widths[position], mark: mark)
                let padding = String(repeating: " ", count: max(0, widths[position] - displayWidth(text)))
                let styled = console.styled(text, isTitle ? .dim : cells[index].style)
                if position > 0 { line += Self.gap }
                if columns[index].alignment == .right {
                    line += padding + styled
                } else {
                    line += position == kept.count - 1 ? styled : styled + padding
                }
            }
            return line
        }
        return [line(columns.map { Cell($0.title) }, isTitle: true)] + rows.map { line($0, isTitle: false) }
    }

    private func widths(_ kept: [Int], in terminal: Int?) -> [Int] {
        var widths = kept.map { index in
            rows.reduce(displayWidth(columns[index].title)) { max($0, displayWidth($1[index].text)) }
        }
        guard let terminal else { return widths }
        var excess = widths.reduce(0, +) + Self.gap.count * (kept.count - 1) - terminal
        // The last columns give way first: they hold the longest and least needed text.
        for (position, index) in kept.enumerated().reversed() where excess > 0 {
            guard let least = columns[index].shrinksTo else { continue }
            let given = min(excess, max(0, widths[position] - least))
            widths[position] -= given
            excess -= given
        }
        return widths
    }
}
