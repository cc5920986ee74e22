/// Who looks at a tmux session, of what tmux says of its clients.
public struct TmuxClient: Equatable, Sendable {
    public var session: String
    /// The device of the terminal.
    public var tty: String
    /// Type and name of the client's terminal.
    public var terminal: String

    /// Stands between the fields: unlikely in names, and unlike TAB printed in every locale (daemon-ipc §6.9).
    static let separator = "__DROVER__"
    /// For `list-clients -F`: a line for each client.
    public static let format =
        "#{client_activity}\(separator)#{client_control_mode}\(separator)#{session_name}\(separator)#{client_tty}"
        + "\(separator)#{client_termtype} #{client_termname}"

    /// Takes the lines of all clients of a session; `nil` when nobody looks at it.
    ///
    /// Of several clients the one that was used last. Programs that attach in control mode, as the daemon does, have no
    /// terminal and do not look.
    public init?(list: [UInt8]) {
        var newest: (activity: Int, client: TmuxClient)?
        for line in list.split(separator: 0x0A) {
            guard let (activity, client) = Self.client(String(decoding: line, as: UTF8.self)) else { continue }
            if newest.map({ $0.activity < activity }) ?? true { newest = (activity, client) }
        }
        guard let newest else { return nil }
        self = newest.client
    }

    private init(session: String, tty: String, terminal: String) {
        self.session = session
        self.tty = tty
        self.terminal = terminal
    }

    private static func client(_ line: String) -> (activity: Int, client: TmuxClient)? {
        let fields = split(line)
        guard fields.count == 5, fields[1] != "1", !fields[2].isBlank, !fields[3].isBlank else { return nil }
        let client = TmuxClient(session: fields[2], tty: fields[3], terminal: fields[4].isBlank ? "" : fields[4])
        return (Int(fields[0]) ?? 0, client)
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
