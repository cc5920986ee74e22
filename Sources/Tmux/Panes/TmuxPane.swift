import Fleet

/// One pane as tmux lists it. A window that is linked into several sessions has its panes listed once for each.
public struct TmuxPane: Equatable, Sendable {
    public var id: PaneID
    public var address: PaneAddress
    /// tmux's own name of the session, `$3`: it stays when the session is renamed.
    public var sessionID: String
    /// The server's pid and start: pane ids mean something within one server only.
    public var server: String
    /// Its program has ended and `remain-on-exit` keeps the pane.
    public var isDead: Bool
    /// It shows a mode (copy mode, a menu of tmux's) that swallows keys.
    public var isInMode: Bool
    /// What is typed or pasted into it is dropped (`select-pane -d`).
    public var isInputOff: Bool
    /// What is typed into it goes to the window's other panes too.
    public var isSynchronized: Bool
    /// Its program uses the alternate screen.
    public var isAlternate: Bool
    /// Lines of scrollback, without the visible screen.
    public var historySize: Int
    /// In cells.
    public var width: Int
    public var height: Int
    /// The process that tmux started in it.
    public var pid: Int32
    /// Where its foreground process is, and that process's name; empty when nobody knows.
    public var currentPath: String
    public var currentCommand: String
    /// The title that its program has set.
    public var title: String
    public var cursor: Cursor
    /// Unix seconds of the window's last output.
    public var windowActivity: Int64
    /// Clients attached to its session, without ours.
    public var sessionAttached: Int

    /// Where a cursor is, counted from 0 at the top left.
    public struct Cursor: Equatable, Sendable {
        public var column: Int
        public var row: Int
        public var isVisible: Bool

        public init(column: Int, row: Int, isVisible: Bool) {
            self.column = column
            self.row = row
            self.isVisible = isVisible
        }
    }
}

// MARK: - Reading

extension TmuxPane {
    /// What to ask tmux for, a field after the other with a space in between.
    ///
    /// Names and paths can hold anything, a line feed included; tmux 3.3a quotes them with backslashes (`q:`), the space and
    /// the percent sign too. So a space without one ends a field, and a line that begins with a percent sign begins a pane:
    /// no directory's name can pass itself off as another pane, or as the end of an answer in control mode.
    static let format = [
        "#{pane_id}", "#{session_id}", TmuxPane.serverFormat, "#{window_index}", "#{pane_index}", "#{pane_dead}",
        "#{pane_in_mode}",
        "#{pane_input_off}", "#{pane_synchronized}", "#{alternate_on}", "#{history_size}", "#{pane_width}",
        "#{pane_height}", "#{pane_pid}", "#{cursor_x}", "#{cursor_y}", "#{cursor_flag}", "#{window_activity}",
        "#{session_attached}", "#{q:session_name}", "#{q:pane_current_command}", "#{q:pane_title}",
        "#{q:pane_current_path}",
    ].joined(separator: " ")

    /// Reads the answer to `list-panes -F` with our format; `nil` when it is not one.
    static func list(_ answer: [UInt8]) -> [TmuxPane]? {
        if answer.isEmpty { return [] }
        guard answer.last == UInt8(ascii: "\n") else { return nil }
        var panes: [TmuxPane] = []
        var start = 0
        for index in answer.indices where answer[index] == UInt8(ascii: "\n") {
            let isLast = index == answer.count - 1
            guard isLast || answer[index + 1] == UInt8(ascii: "%") else { continue }
            guard let pane = TmuxPane(row: answer[start..<index]) else { return nil }
            panes.append(pane)
            start = index + 1
        }
        return panes
    }

    /// What to ask for when it matters only which panes live: asked for everything, tmux takes five times as long.
    static let lifeFormat = "#{pane_id} #{pane_dead} \(serverFormat)"

    /// What tells a server from the one before it.
    static let serverFormat = "#{pid}.#{start_time}"

    /// Reads the answer to ``placementFormat``.
    static func placement(_ answer: [UInt8]) -> PanePlacement? {
        var fields = Fields(answer.prefix { $0 != UInt8(ascii: "\n") })
        guard let server = fields.text(), let pid = fields.number().flatMap({ UInt32(exactly: $0) }), fields.isAtEnd
        else { return nil }
        return PanePlacement(server: server, pid: pid)
    }

    static let placementFormat = "\(serverFormat) #{pane_pid}"

    /// Reads the answer to `list-panes -F` with that format; `nil` when it is not one.
    static func living(_ answer: [UInt8]) -> [PaneID: String]? {
        var living: [PaneID: String] = [:]
        for row in answer.split(separator: UInt8(ascii: "\n")) {
            var fields = Fields(row)
            guard let id = fields.text().map(PaneID.init(rawValue:)), id.isWellFormed, let isDead = fields.number(),
                let server = fields.text(), fields.isAtEnd
            else { return nil }
            if isDead == 0 { living[id] = server }
        }
        return living
    }

    init?(row: ArraySlice<UInt8>) {
        var fields = Fields(row)
        guard let id = fields.text(), let session = fields.text(), let server = fields.text(),
            let window = fields.index(),
            let pane = fields.index(), let isDead = fields.number(), let modes = fields.number(),
            let isInputOff = fields.number(), let isSynchronized = fields.number(), let isAlternate = fields.number(),
            let history = fields.number(), let width = fields.number(), let height = fields.number(),
            let pid = fields.number(), let column = fields.number(), let row = fields.number(),
            let isCursorVisible = fields.number(), let activity = fields.number(), let attached = fields.number(),
            let name = fields.text(), !name.isEmpty, let command = fields.text(), let title = fields.text(),
            let path = fields.text(), fields.isAtEnd, PaneID(rawValue: id).isWellFormed
        else { return nil }
        self.init(
            id: PaneID(rawValue: id), address: PaneAddress(session: name, window: window, pane: pane),
            sessionID: session, server: server, isDead: isDead != 0, isInMode: modes != 0, isInputOff: isInputOff != 0,
            isSynchronized: isSynchronized != 0, isAlternate: isAlternate != 0, historySize: history, width: width,
            height: height, pid: Int32(truncatingIfNeeded: pid), currentPath: path, currentCommand: command,
            title: title, cursor: Cursor(column: column, row: row, isVisible: isCursorVisible != 0),
            windowActivity: Int64(activity), sessionAttached: attached)
    }

    /// Whether this is the pane at an address, and its program runs. Names are compared byte for byte, which Swift's `==` does not.
    func isAlive(at address: PaneAddress) -> Bool {
        !isDead && self.address.window == address.window && self.address.pane == address.pane
            && self.address.session.utf8.elementsEqual(address.session.utf8)
    }
}

extension PaneID {
    /// Whether it is a percent sign and digits. tmux would take other words for names.
    var isWellFormed: Bool {
        let digits = rawValue.utf8.dropFirst()
        return rawValue.utf8.first == UInt8(ascii: "%") && (1...10).contains(digits.count)
            && digits.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
}

/// The fields of a row: separated by spaces, with a backslash before what is meant literally.
struct Fields {
    private var rest: ArraySlice<UInt8>?

    init(_ row: ArraySlice<UInt8>) { rest = row }

    var isAtEnd: Bool { rest == nil }

    mutating func text() -> String? {
        guard let row = rest else { return nil }
        var field: [UInt8] = []
        var index = row.startIndex
        while index < row.endIndex, row[index] != UInt8(ascii: " ") {
            if row[index] == UInt8(ascii: "\\"), index + 1 < row.endIndex { index += 1 }
            field.append(row[index])
            index += 1
        }
        rest = index < row.endIndex ? row[(index + 1)...] : nil
        return String(decoding: field, as: UTF8.self)
    }

    mutating func number() -> Int? { text().flatMap { Int($0) } }
    mutating func index() -> UInt32? { text().flatMap { UInt32($0) } }
}
