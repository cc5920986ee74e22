import Fleet

/// The panes of a tmux session in which a project is, asked of tmux itself at this moment.
struct ProjectPanes: Equatable {
    /// What somebody sees there first: the active pane of the active window before others.
    private(set) var addresses: [PaneAddress] = []

    private static let format =
        "#{window_active}#{pane_active} #{window_index}.#{pane_index} #{pane_current_path}"

    /// - Parameter path: The project, with its links resolved. Panes in folders below it count, too.
    init(of session: String, in path: String, _ environment: Environment) {
        let said = programPath("tmux", in: environment).flatMap { program in
            ProgramOutput(
                of: program, ["list-panes", "-s", "-t", "=\(session)", "-F", Self.format], patience: .seconds(2))
        }
        self.init(listed: said?.status == 0 ? said?.output ?? "" : "", of: session, in: path)
    }

    init(listed text: String, of session: String, in path: String) {
        var found: [(rank: Int, address: PaneAddress)] = []
        let below = path == "/" ? "/" : path + "/"
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, let address = PaneAddress("\(session):\(fields[1])") else { continue }
            let folder = String(fields[2])
            guard folder == path || folder.hasPrefix(below) else { continue }
            let rank = fields[0] == "11" ? 0 : fields[0].first == "1" ? 1 : fields[0].last == "1" ? 2 : 3
            found.append((rank, address))
        }
        addresses = found.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element.address)
    }
}
