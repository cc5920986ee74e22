/// What tmux says of the client that shows a pane, in one line.
public struct TmuxClient: Equatable, Sendable {
    public var session: String
    /// Empty when nobody is attached.
    public var tty: String
    /// Type and name of the client's terminal.
    public var terminal: String

    /// Stands between the fields: unlikely in names, and unlike TAB printed in every locale (daemon-ipc §6.9).
    static let separator = "__DROVER__"
    public static let format =
        "#{session_name}\(separator)#{client_tty}\(separator)#{client_termtype} #{client_termname}"

    public init?(line: [UInt8]) {
        let text = String(decoding: line.prefix { $0 != 0x0A }, as: UTF8.self)
        let fields = Self.split(text)
        guard fields.count == 3, !fields[0].isBlank else { return nil }
        session = fields[0]
        tty = fields[1]
        terminal = fields[2].isBlank ? "" : fields[2]
    }

    private static func split(_ text: String) -> [String] {
        var fields: [String] = []
        var rest = Array(text.utf8)[...]
        let mark = Array(separator.utf8)
        while let start = rest.indices.first(where: { rest[$0...].starts(with: mark) }) {
            fields.append(String(decoding: rest[..<start], as: UTF8.self))
            rest = rest[(start + mark.count)...]
        }
        fields.append(String(decoding: rest, as: UTF8.self))
        return fields
    }
}
