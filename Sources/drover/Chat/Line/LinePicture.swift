/// What a draft looks like on a terminal: rows that fit, and where the cursor stands in them.
struct LinePicture: Equatable {
    private(set) var rows: [String] = []
    private(set) var cursorRow = 0
    private(set) var cursorColumn = 0

    /// Lays out a draft behind its prompt; lines after the first are indented as far. Of a draft that is taller than the
    /// terminal the part around the cursor is shown.
    init(_ characters: [Character], cursor: Int, prompt: String, columns: Int, rows height: Int) {
        let columns = max(columns, displayWidth(prompt) + 2)
        let indent = String(repeating: " ", count: displayWidth(prompt))
        var row = prompt
        var column = displayWidth(prompt)
        func endRow(_ next: String) {
            rows.append(row)
            row = next
            column = displayWidth(next)
        }
        for (index, character) in characters.enumerated() {
            let shown = character == "\t" ? "  " : harmless(String(character))
            let width = character == "\n" ? 0 : displayWidth(shown)
            if column + width > columns { endRow("") }
            if index == cursor { (cursorRow, cursorColumn) = (rows.count, column) }
            if character == "\n" {
                endRow(indent)
            } else {
                row += shown
                column += width
            }
        }
        if cursor >= characters.count {
            // There is no column behind the last one to stand in.
            if column >= columns { endRow("") }
            (cursorRow, cursorColumn) = (rows.count, column)
        }
        rows.append(row)
        let height = max(1, height)
        if rows.count > height {
            let first = min(max(0, cursorRow - height / 2), rows.count - height)
            rows = Array(rows[first..<(first + height)])
            cursorRow -= first
        }
    }

    /// What draws it over an earlier picture, whose cursor is where it was left.
    func drawing(over earlier: LinePicture?) -> String {
        var output = ""
        if let earlier, earlier.cursorRow > 0 { output += "\u{1B}[\(earlier.cursorRow)A" }
        output += "\r\u{1B}[J" + rows.joined(separator: "\r\n")
        let up = rows.count - 1 - cursorRow
        if up > 0 { output += "\u{1B}[\(up)A" }
        return output + "\r" + (cursorColumn > 0 ? "\u{1B}[\(cursorColumn)C" : "")
    }

    /// What leaves it standing, with the cursor on a line of its own below.
    var leaving: String {
        let down = rows.count - 1 - cursorRow
        return (down > 0 ? "\u{1B}[\(down)B" : "") + "\r\n"
    }
}
