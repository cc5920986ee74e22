import Fleet

/// The commands that type a text into a pane and submit it (runtime-rpc §5), each list for a process of its own.
///
/// tmux 3.3a crashes, with all its sessions, when something is pasted into a pane whose program has ended. So the server
/// itself decides in the same turn in which it would paste: no program can end in between.
struct PasteScript {
    var pane: PaneID
    var buffer: String

    /// What is said instead of pasting into a pane that would not get it.
    static let refusal = Array("refused\n".utf8)

    private static let takesNothing = "#{||:#{pane_dead},#{pane_input_off}}"

    /// Leaves any mode, not only copy mode (`send-keys -X cancel` knows that one alone and fails in none), loads the text from
    /// stdin and pastes it: `-p` in brackets if asked for, `-r` with its line feeds, `-d` the buffer is gone.
    var paste: [[String]] {
        [
            leaveMode,
            ["load-buffer", "-b", buffer, "-"],
            unlessRefused(
                "paste-buffer -p -r -d -b \(TmuxArgument.quoted(buffer)) -t \(pane.rawValue)",
                otherwise: "\(TmuxArgument.line(cleanUp)) ; "),
        ]
    }

    /// One Enter. In a synchronised window the key would go to the panes that did not get the text, so it is pasted.
    var enter: [[String]] {
        let name = TmuxArgument.quoted(buffer)
        let pasted = "set-buffer -b \(name) \"\\r\" ; paste-buffer -r -d -b \(name) -t \(pane.rawValue)"
        let key = "send-keys -t \(pane.rawValue) Enter"
        let words = ["if-shell", "-F", "-t", pane.rawValue, "#{pane_synchronized}", pasted, key]
        return [leaveMode, unlessRefused(TmuxArgument.line(words))]
    }

    /// Takes the text away when it was not pasted.
    var cleanUp: [String] { ["delete-buffer", "-b", buffer] }

    private var leaveMode: [String] { ["copy-mode", "-q", "-t", pane.rawValue] }

    private func unlessRefused(_ command: String, otherwise before: String = "") -> [String] {
        let refuse = before + "display-message -p refused"
        return ["if-shell", "-F", "-t", pane.rawValue, Self.takesNothing, refuse, command]
    }
}
