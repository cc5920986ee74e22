import Fleet

/// A window of tmux that was made for a session to run in.
struct TmuxWindow: Equatable {
    var address: PaneAddress
    private var paneID: String
    private var program: String

    /// The session that is made when there is none to add a window to.
    static let sessionName = "drover"
    private static let format = "#{pane_id} #{session_name}:#{window_index}.#{pane_index}"

    /// Makes a window in the background: in the tmux session this terminal belongs to, otherwise in one named `drover`.
    ///
    /// Inside tmux its own session is the right one; outside of it nobody can tell which, so there is one for this.
    static func make(
        name: String, directory: String, size: TerminalSize?, environment: Environment
    ) throws(CommandFailure) -> TmuxWindow {
        guard let program = programPath("tmux", in: environment) else {
            throw CommandFailure(
                "tmux is not installed, or not in PATH.",
                hints: [
                    "Install it, or run without it: --headless, or a terminal of the daemon's own: drover run -- COMMAND"
                ])
        }
        let window = ["-d", "-P", "-F", format, "-n", literal(name), "-c", literal(directory)]
        if environment["TMUX"] != nil { return try TmuxWindow(program, ["new-window"] + window) }
        if ProgramOutput(of: program, ["has-session", "-t", "=\(sessionName)"])?.status == 0 {
            return try TmuxWindow(program, ["new-window", "-t", "=\(sessionName):"] + window)
        }
        let dimensions = size.map { ["-x", "\($0.columns)", "-y", "\($0.rows)"] } ?? []
        return try TmuxWindow(program, ["new-session", "-s", sessionName] + window + dimensions)
    }

    /// Names and directories are formats to tmux, which may even run commands: a number sign is doubled to mean itself.
    private static func literal(_ text: String) -> String {
        text.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "##")
    }

    private init(_ program: String, _ arguments: [String]) throws(CommandFailure) {
        guard let said = ProgramOutput(of: program, arguments) else {
            throw CommandFailure("tmux cannot be started: \(program).")
        }
        let words = said.line.split(separator: " ", maxSplits: 1)
        guard said.status == 0, words.count == 2, let address = PaneAddress(String(words[1])) else {
            let reason = said.errors.split(separator: "\n").first ?? "it said \"\(said.line)\""
            throw CommandFailure("tmux makes no window: \(harmless(String(reason))).")
        }
        self.program = program
        self.address = address
        paneID = String(words[0])
    }

    /// Takes the window away again, when nothing came of it.
    func remove() { _ = ProgramOutput(of: program, ["kill-pane", "-t", paneID]) }
}

extension PaneAddress {
    /// What brings a person there.
    var visit: String { "tmux attach -t '=\(session):\(window)'" }
}
