import Bytes
import Client

/// The command line `rtm`: from words to an exit code (runtime-rpc §10).
///
/// Results go to stdout, failures to stderr. Both are JSON unless `--format human` says otherwise.
struct RTM {
    var context: Context

    static let version = "runtime-matters \(DroverVersion.current)"

    static let commands: [any RTMCommand.Type] = [
        RTMDaemonStart.self, RTMDaemonStop.self, RTMDaemonStatus.self, RTMDaemonLogs.self, RTMSpawn.self,
        RTMValidateTarget.self, RTMKill.self, RTMNudge.self, RTMCapture.self, RTMStatus.self, RTMEvents.self,
        RTMVersion.self, RTMDoctor.self, RTMMCP.self, RTMInitDB.self,
    ]

    static let specs: [CommandSpec] = commands.map { $0.spec }

    static func command(_ word: String) -> (any RTMCommand.Type)? { commands.first { $0.spec.word == word } }

    func run(_ words: [String]) -> ExitCode {
        let format = Format(scanning: words)
        do {
            return try dispatch(words, format)
        } catch let error as UsageError {
            let command = error.verb.map { "rtm \($0)" } ?? "rtm"
            context.console.remark("error: \(error.message)\n\nFor more information, try '\(command) --help'.")
            return .usage
        } catch let failure as RTMFailure {
            report(failure, format)
            return failure.exit
        } catch {
            preconditionFailure("commands throw usage errors and failures, and this is neither: \(error)")
        }
    }

    private func dispatch(_ words: [String], _ format: Format) throws -> ExitCode {
        var words = words[...]
        // The format may stand before the command, too.
        var leading: [String] = []
        while let word = words.first, word == "--format" || word.hasPrefix("--format=") {
            leading.append(words.removeFirst())
            if word == "--format", let value = words.popFirst() { leading.append(value) }
        }
        guard let first = words.popFirst() else {
            guard leading.isEmpty else { throw UsageError("a command is needed behind \(leading[0])") }
            context.console.remark(RTMHelp.overview)
            return .usage
        }
        switch first {
        case "-h", "--help": return help([])
        case "help": return try helpOf(Array(words))
        case "-V", "--version":
            context.console.print(Self.version)
            return .ok
        default: break
        }
        var word = first
        if word == "daemon" {
            switch words.first {
            case nil:
                context.console.remark(RTMHelp.daemon)
                return .usage
            case "-h", "--help": return help(["daemon"])
            case let next?:
                word += " " + next
                words.removeFirst()
            }
        }
        guard let command = Self.command(word) else { throw Self.unknown(word) }
        let spec = command.spec
        var arguments = try Arguments(leading + words, for: spec)
        if arguments.flag("help") {
            context.console.print(RTMHelp.page(of: spec, on: context.console))
            return .ok
        }
        let runner = RTMContext(context: context, format: try Format(arguments))
        return try command.init(&arguments).run(in: runner)
    }

    private func help(_ words: [String]) -> ExitCode {
        context.console.print(words == ["daemon"] ? RTMHelp.daemon : RTMHelp.overview)
        return .ok
    }

    private func helpOf(_ words: [String]) throws(UsageError) -> ExitCode {
        if words.isEmpty || words == ["daemon"] { return help(words) }
        guard let command = Self.command(words.joined(separator: " ")) else {
            throw Self.unknown(words.joined(separator: " "))
        }
        context.console.print(RTMHelp.page(of: command.spec, on: context.console))
        return .ok
    }

    private static func unknown(_ word: String) -> UsageError {
        if word.hasPrefix("-") { return UsageError("unexpected argument '\(word)' found; the command comes first") }
        let near = closest(to: word, among: specs.map(\.word) + ["help"])
        return UsageError(
            "unrecognized subcommand '\(word)'" + (near.map { "; a similar subcommand exists: '\($0)'" } ?? ""))
    }

    private func report(_ failure: RTMFailure, _ format: Format) {
        switch format {
        case .human: context.console.remark("error: \(failure.message)")
        case .json:
            let json = JSON.omittingNil([
                "code": "runtime_error", "message": .string(failure.message),
                "details": failure.causes.isEmpty ? nil : ["causes": .strings(failure.causes)],
            ])
            context.console.remark(String(decoding: json.indented(), as: UTF8.self))
        }
    }
}

// MARK: - Format

extension RTM {
    /// How results and failures are written.
    enum Format: String, CaseIterable {
        case json
        case human

        /// What failures go by: they may come before the words are understood.
        init(scanning words: [String]) {
            let isHuman = words.indices.contains { index in
                words[index] == "--format=human"
                    || (words[index] == "--format" && words.dropFirst(index + 1).first == "human")
            }
            self = isHuman ? .human : .json
        }

        init(_ arguments: Arguments) throws(UsageError) {
            guard let text = arguments.option("format") else {
                self = .json
                return
            }
            guard let format = Format(rawValue: text) else {
                throw UsageError(
                    "invalid value '\(text)' for '--format'; possible values: json, human", verb: arguments.spec.word)
            }
            self = format
        }
    }
}
