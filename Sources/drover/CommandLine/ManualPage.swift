/// The manual page, made from the specs of the verbs, in the macros of man(7).
enum ManualPage {
    static var text: String {
        var lines = [
            ".TH DROVER 1 \"\" \"Drover \(DroverVersion.current)\" \"User Commands\"",
            ".SH NAME", "drover \\- mission control for coding agents",
            ".SH SYNOPSIS", ".B drover", ".RI [ VERB \" [\" OPTIONS \"] [\" ARGUMENTS ]]",
            ".SH DESCRIPTION",
            roff(
                "Drover launches coding agents and other programs, watches them, shows what each is doing, lets you "
                    + "approve or refuse risky actions, and keeps a durable record of it all. One daemon (drover up) does "
                    + "the work; the other verbs and a web page talk to it. Without a verb it tells what needs you."),
            ".PP", roff("A SESSION is an id, the beginning of one (4 characters or more), or a name."),
        ]
        for chapter in Catalog.chapters {
            lines.append(".SH \(chapter.title.uppercased())")
            for command in chapter.commands { lines += page(of: command.spec) }
        }
        lines += [
            ".SH OTHER NAMES", ".B rtm", ".PP",
            roff(
                "Called by the name rtm, the program has the command line of the runtime RPC: rtm --help lists its commands."
            ),
        ]
        lines += [".SH EXIT STATUS"]
        for (code, meaning) in [
            ("0", "All went well."), ("1", "It failed; stderr says why."),
            ("2", "The words on the command line do not fit."),
            ("3", "No daemon is running."),
        ] {
            lines += [".TP", ".B \(code)", meaning]
        }
        lines += [".SH ENVIRONMENT"]
        for (name, meaning) in environment { lines += [".TP", ".B \(name)", roff(meaning)] }
        lines += [
            ".SH FILES", ".TP", ".I ~/.drover", "Everything that Drover keeps, readable by you only.", ".TP",
            ".I ~/.drover/daemon.json", "Where the running daemon is, for the other verbs.",
        ]
        return lines.joined(separator: "\n")
    }

    private static let environment = [
        ("DROVER_URL", "The daemon's address, as --url says it."),
        ("DROVER_HOME", "Where Drover keeps everything, instead of ~/.drover."),
        ("DROVER_TOKEN", "The token to show to a daemon that asks for one."),
        ("DROVER_PORT, PORT", "Where drover up listens, when --port does not say."),
        (
            "RTM_SOCKET_PATH",
            "The socket of the runtime RPC, instead of rtm/sock in XDG_RUNTIME_DIR or, without one, ~/.rtm/sock."
        ),
        ("RTM_HOME", "Where the daemon keeps the logs of runtimes, instead of its home."),
        ("DROVER_DETACH_KEY", "The key that ends drover attach, as --detach-key says it."),
        ("NO_COLOR", "No colours, when it is set."),
        ("JWT_SECRET, DATABASE_URL, REDIS_URL", "Settings of the daemon; see its operations manual."),
    ]

    static func page(of spec: CommandSpec) -> [String] {
        var lines = [".SS \(roff(spec.usage))", roff(spec.summary) + "."]
        for paragraph in spec.discussion.split(separator: "\n\n") { lines += [".PP", roff(String(paragraph))] }
        for option in spec.allOptions where option.name != "help" {
            let short = option.short.map { "\\-\($0), " } ?? ""
            let placeholder = option.value ?? option.optionalValue.map { "[\($0.placeholder)]" }
            let value = placeholder.map { " \\fI\(roff($0))\\fB" } ?? ""
            lines += [".TP", ".B \(short)\\-\\-\(roff(option.name))\(value)", roff(option.help) + "."]
        }
        if !spec.examples.isEmpty {
            lines += [".PP", "Examples:"]
            for example in spec.examples { lines += [".TP", ".B \(roff(example.command))", roff(example.meaning)] }
        }
        return lines
    }

    /// What means something to roff, made to mean itself; no line begins with a control character.
    static func roff(_ text: String) -> String {
        var output = ""
        for character in text {
            switch character {
            case "\\": output += "\\e"
            case "-": output += "\\-"
            case "\n": output += " "
            case "'" where output.isEmpty, "." where output.isEmpty: output += "\\&\(character)"
            default: output.append(character)
            }
        }
        return output
    }
}
