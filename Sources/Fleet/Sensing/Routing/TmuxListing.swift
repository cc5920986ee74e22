/// Reads the lists that a poll asks tmux for (daemon-ipc §6.9).
public enum TmuxListing {
    /// Stands between the fields of a line. A tab does too, where tmux has not made something else of it.
    public static let delimiter = "__CAP_DELIM__"
    /// Formats for `list-clients -F` and `list-panes -a -F`.
    public static let clientFormat = "#{client_tty}\(delimiter)#{session_name}\(delimiter)#{pane_current_path}"
    public static let paneFormat = "#{session_name}\(delimiter)#{pane_current_path}"

    /// Makes a poll's answer of both lists; `at` is the time before the first was asked for.
    public static func answer(clients: String, panes: String, at: Timestamp) -> TmuxPoll {
        .answered(clients: self.clients(clients, at: at), sessions: sessions(panes, at: at))
    }

    /// Tells a server that does not run from a failure, by what tmux left on stderr.
    public static func failure(status: Int32, stderr: String) -> TmuxPoll {
        let text = stderr.trimmingBlanks
        let lowercased = text.lowercased()
        if status != 0, lowercased.contains("no server running") || lowercased.contains("error connecting") {
            return .noServer
        }
        return .failed("tmux failed with status \(status): \(text.isEmpty ? "no reason given" : text)")
    }

    /// Lines that are not what was asked for are left out.
    static func clients(_ text: String, at: Timestamp) -> [SensedTmuxClient] {
        lines(text).compactMap { fields in
            guard fields.count >= 2, !fields[0].isEmpty, !fields[1].isEmpty else { return nil }
            return SensedTmuxClient(
                tty: fields[0], sessionName: fields[1], panePath: fields.count > 2 ? path(fields[2]) : nil,
                capturedAt: at)
        }
    }

    static func sessions(_ text: String, at: Timestamp) -> [SensedTmuxSession] {
        var paths: [String: Set<String>] = [:]
        for fields in lines(text) where fields.count >= 2 && !fields[0].isEmpty {
            if let path = path(fields[1]) { paths[fields[0], default: []].insert(path) }
        }
        return paths.map { name, paths in
            SensedTmuxSession(name: name, panePaths: paths.sorted { $0.precedesByBytes($1) }, capturedAt: at)
        }
        .sorted { $0.name.precedesByBytes($1.name) }
    }

    /// A directory that is gone is nobody's (§6.9).
    private static func path(_ field: String) -> String? {
        field.isEmpty || field.hasSuffix(" (deleted)") ? nil : field
    }

    private static func lines(_ text: String) -> [[String]] {
        text.utf8.split(separator: 10).map { line in fields(Array(line)).map(\.trimmingBlanks) }
    }

    private static func fields(_ line: [UInt8]) -> [String] {
        let mark = Array(delimiter.utf8)
        var fields: [[UInt8]] = [[]]
        var index = 0
        while index < line.count {
            if line[index] == 9 {
                fields.append([])
                index += 1
            } else if line[index] == mark[0], line[index...].starts(with: mark) {
                fields.append([])
                index += mark.count
            } else {
                fields[fields.count - 1].append(line[index])
                index += 1
            }
        }
        return fields.map { String(decoding: $0, as: UTF8.self) }
    }
}
