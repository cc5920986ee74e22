/// What a pane shows and has shown (runtime-rpc §6).
public struct PaneCapture: Equatable, Sendable {
    /// A line a row, each with its line feed; escapes kept, wrapped lines not joined, blank rows at the end included.
    public var content: [UInt8]
    /// tmux's `#{history_size}`: lines of scrollback that exist, whatever was asked for.
    public var historySize: Int

    public init(content: [UInt8], historySize: Int) {
        self.content = content
        self.historySize = historySize
    }

    /// Reads the captured rows and the line after them that says the size of the history.
    init?(answer: [UInt8]) {
        guard answer.last == UInt8(ascii: "\n") else { return nil }
        let rows = answer.dropLast()
        let start = rows.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard let historySize = Int(String(decoding: rows[start...], as: UTF8.self)), historySize >= 0 else {
            return nil
        }
        self.init(content: Array(answer[..<start]), historySize: historySize)
    }

    /// What tmux is told to begin with: beyond 32 bits it would silently leave the history out (D-29).
    static func start(scrollback: Int) -> String { "-\(max(0, min(scrollback, 1_000_000)))" }
}
