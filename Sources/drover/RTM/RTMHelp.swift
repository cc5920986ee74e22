/// The pages that `rtm --help` shows.
enum RTMHelp {
    static var overview: String {
        let width = RTM.specs.map(\.word.count).max() ?? 0
        var lines = [
            "Launches coding agents on this machine, watches them, and accounts for every one of them.", "",
            "Usage: rtm [--format json|human] COMMAND [OPTIONS] [ARGUMENTS]", "", "Commands:",
        ]
        for spec in RTM.specs { lines.append(line(spec, width)) }
        lines += [
            "", "Options:", "  --format FORMAT  json (the default) or human: how results and failures are written",
            "  -h, --help       this help; rtm COMMAND --help tells about a command",
            "  -V, --version    the version", "", "Environment:",
            "  RTM_SOCKET_PATH  the socket of rtmd; otherwise $XDG_RUNTIME_DIR/rtm/sock, otherwise ~/.rtm/sock",
            "  RTM_HOME         where the logs of headless runtimes are kept, below logs/ (default ~/.drover)", "",
            "Exit codes: 0 done, 1 failed, 2 the words do not fit.",
        ]
        return lines.joined(separator: "\n")
    }

    static var daemon: String {
        let specs = RTM.specs.filter { $0.word.hasPrefix("daemon ") }
        let width = specs.map(\.word.count).max() ?? 0
        return
            (["The daemon, rtmd.", "", "Usage: rtm daemon COMMAND", "", "Commands:"] + specs.map { line($0, width) })
            .joined(separator: "\n")
    }

    static func page(of spec: CommandSpec, on console: Console) -> String { Help.page(of: spec, on: console) }

    private static func line(_ spec: CommandSpec, _ width: Int) -> String {
        "  " + spec.word + String(repeating: " ", count: width + 2 - spec.word.count) + spec.summary
    }
}
