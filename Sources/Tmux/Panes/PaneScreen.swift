/// What a pane shows at one moment.
public struct PaneScreen: Equatable, Sendable {
    /// A line a row, each with its line feed; escapes kept.
    public var content: [UInt8]
    public var columns: Int
    public var rows: Int
    public var cursor: TmuxPane.Cursor
    /// The program uses the alternate screen.
    public var isAlternate: Bool
    public var isDead: Bool
    /// Lines of scrollback above it.
    public var historySize: Int

    static let format =
        "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y} #{cursor_flag} #{alternate_on} #{pane_dead} #{history_size}"

    /// Reads a line of our format and the rows after it.
    init?(answer: [UInt8]) {
        guard let end = answer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        var fields = Fields(answer[..<end])
        guard let columns = fields.number(), let rows = fields.number(), let column = fields.number(),
            let row = fields.number(), let isCursorVisible = fields.number(), let isAlternate = fields.number(),
            let isDead = fields.number(), let history = fields.number(), fields.isAtEnd
        else { return nil }
        content = Array(answer[(end + 1)...])
        self.columns = columns
        self.rows = rows
        cursor = TmuxPane.Cursor(column: column, row: row, isVisible: isCursorVisible != 0)
        self.isAlternate = isAlternate != 0
        self.isDead = isDead != 0
        historySize = history
    }
}
