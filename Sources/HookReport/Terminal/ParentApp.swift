/// Which terminal or editor a shell runs in, by what it left in the environment (daemon-ipc §9.3).
public enum ParentApp {
    /// The id of the terminal program. `tmuxClient` is what tmux says of the client's terminal, type and name.
    public static func detect(tmuxClient: String?, variable: (String) -> String?) -> String {
        let program = variable("TERM_PROGRAM")?.lowercased() ?? ""
        if program != "tmux", let known = of(program: program, variable: variable) { return known }
        if variable("TMUX") != nil || program == "tmux" {
            return tmuxClient.flatMap { of(clientTerminal: $0) } ?? "tmux"
        }
        if let known = of(terminal: variable("TERM") ?? "") { return known }
        if variable("GNOME_TERMINAL_SCREEN") != nil { return "gnome-terminal" }
        if variable("KONSOLE_VERSION") != nil { return "konsole" }
        if variable("TILIX_ID") != nil { return "tilix" }
        if variable("WEZTERM_PANE") != nil { return "wezterm" }
        if variable("TERMINAL_EMULATOR")?.lowercased().contains("jetbrains") == true { return "jetbrains" }
        if variable("VTE_VERSION") != nil { return "vte" }
        if variable("XTERM_VERSION") != nil { return "xterm" }
        return "unknown"
    }

    private static func of(program: String, variable: (String) -> String?) -> String? {
        switch program {
        case "ghostty", "kitty", "alacritty", "wezterm", "foot", "tilix", "zed", "warp", "cursor", "konsole":
            return program
        case "iterm.app", "iterm2": return "iterm2"
        case "apple_terminal": return "terminal"
        case "warpterminal": return "warp"
        case "gnome-terminal": return "gnome-terminal"
        case "vscode":
            if variable("CURSOR_TRACE_ID") != nil { return "cursor" }
            return variable("TERM_PROGRAM_VERSION")?.contains("insider") == true ? "vscode-insiders" : "vscode"
        default: return nil
        }
    }

    private static func of(terminal: String) -> String? {
        let terminal = terminal.lowercased()
        for name in ["kitty", "alacritty", "ghostty", "wezterm"] where terminal.contains(name) { return name }
        return terminal == "foot" || terminal.hasPrefix("foot-") ? "foot" : nil
    }

    /// `kitty(0.35.2) xterm-kitty`, as tmux reports its clients.
    private static func of(clientTerminal text: String) -> String? {
        let text = text.lowercased()
        for name in ["ghostty", "kitty", "alacritty", "wezterm", "iterm2", "foot", "konsole", "warp"]
        where text.contains(name) {
            return name
        }
        if text.hasPrefix("vte") { return "vte" }
        if text.hasPrefix("xterm(") { return "xterm" }
        return nil
    }
}
