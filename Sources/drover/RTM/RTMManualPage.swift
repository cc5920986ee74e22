/// The manual page of `rtm`, made from the specs of its commands.
enum RTMManualPage {
    static var text: String {
        var lines = [
            ".TH RTM 1 \"\" \"Drover \(DroverVersion.current)\" \"User Commands\"",
            ".SH NAME", "rtm \\- launch coding agents and account for every one of them",
            ".SH SYNOPSIS", ".B rtm", ".RI [ \\-\\-format \" json|human] COMMAND [\" OPTIONS \"] [\" ARGUMENTS ]",
            ".SH DESCRIPTION",
            ManualPage.roff(
                "rtm launches runtimes such as claude and codex, without a terminal or in a pane of tmux, watches them, and "
                    + "tells how each ended. It asks a daemon over a Unix socket; the daemon is Drover's, and drover(1) "
                    + "knows the same sessions. Results are JSON on stdout and failures JSON on stderr, unless "
                    + "--format human asks for text."),
            ".SH COMMANDS",
        ]
        for spec in RTM.specs { lines += ManualPage.page(of: spec) }
        lines += [".SH EXIT STATUS"]
        for (code, meaning) in [
            ("0", "Done."), ("1", "It failed; stderr says why."), ("2", "The words on the command line do not fit."),
        ] {
            lines += [".TP", ".B \(code)", meaning]
        }
        lines += [".SH ENVIRONMENT"]
        for (name, meaning) in [
            ("RTM_SOCKET_PATH", "The socket, as it is."),
            ("XDG_RUNTIME_DIR", "The socket is rtm/sock in there, when RTM_SOCKET_PATH is not set."),
            ("HOME", "The socket is .rtm/sock in there, when neither is set."),
            ("RTM_HOME", "Where the daemon keeps the logs of runtimes, instead of its home."),
            ("DROVER_HOME", "The daemon's home, instead of ~/.drover."),
        ] {
            lines += [".TP", ".B \(name)", ManualPage.roff(meaning)]
        }
        lines += [".SH SEE ALSO", ".BR drover (1)"]
        return lines.joined(separator: "\n")
    }
}
