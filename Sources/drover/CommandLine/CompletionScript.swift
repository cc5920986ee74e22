/// Completion scripts, made from the specs of the verbs.
///
/// Sessions are asked for at the moment of completing (`drover __complete sessions`), all else stands in the script.
enum CompletionScript {
    enum Shell: String, CaseIterable, Sendable {
        case bash
        case zsh
        case fish
    }

    static func text(for shell: Shell) -> String {
        switch shell {
        case .bash: return bash
        case .zsh: return zsh
        case .fish: return fish
        }
    }

    private static var specs: [CommandSpec] { Catalog.specs }

    // MARK: - bash

    private static var bash: String {
        var lines = [
            "# Completion of drover for bash. In ~/.bashrc: source <(drover completion bash)",
            "_drover() {",
            "    local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"",
            "    local verb=\"${COMP_WORDS[1]}\"",
            "    COMPREPLY=()",
            "    if [[ $COMP_CWORD -eq 1 ]]; then",
            "        COMPREPLY=($(compgen -W '\(specs.map(\.word).joined(separator: " "))' -- \"$word\"))",
            "        return",
            "    fi",
            "    case \"$verb\" in",
        ]
        for spec in specs {
            lines.append("    \(spec.word))")
            let valued = spec.allOptions.filter { $0.value != nil }
            if !valued.isEmpty {
                lines.append("        case \"$previous\" in")
                for option in valued {
                    let names = ["--\(option.name)"] + (option.short.map { ["-\($0)"] } ?? [])
                    lines.append("        \(names.joined(separator: "|"))) \(bashAction(option.completion)); return ;;")
                }
                lines.append("        esac")
            }
            lines.append("        if [[ $word == -* ]]; then")
            let options = spec.allOptions.map { "--\($0.name)" }.joined(separator: " ")
            lines.append("            COMPREPLY=($(compgen -W '\(options)' -- \"$word\"))")
            lines.append("        else")
            lines.append("            \(bashAction(spec.positionals.first?.completion ?? .none))")
            lines += ["        fi", "        ;;"]
        }
        lines += ["    esac", "}", "complete -F _drover drover"]
        return lines.joined(separator: "\n")
    }

    private static func bashAction(_ completion: Completion) -> String {
        func reply(_ generator: String) -> String { "COMPREPLY=($(compgen \(generator) -- \"$word\"))" }
        switch completion {
        case .none: return ":"
        case .sessions: return reply(bashAsking("sessions"))
        case .liveSessions: return reply(bashAsking("live"))
        case .approvals: return reply(bashAsking("approvals"))
        case .chats: return reply(bashAsking("chats"))
        case .files: return reply("-f")
        case .directories: return reply("-d")
        case .commands: return reply("-c")
        case .verbs: return reply("-W '\(specs.map(\.word).joined(separator: " "))'")
        case .words(let words): return reply("-W '\(words.joined(separator: " "))'")
        }
    }

    private static func bashAsking(_ what: String) -> String {
        "-W \"$(drover __complete \(what) 2>/dev/null | cut -f1)\""
    }

    // MARK: - zsh

    private static var zsh: String {
        var lines = [
            "#compdef drover",
            "# Completion of drover for zsh. In ~/.zshrc, after compinit: source <(drover completion zsh)",
            "_drover_ask() {",
            "    local -a found",
            "    found=(${(f)\"$(drover __complete $1 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')\"})",
            "    _describe -t $1 $1 found",
            "}",
            "_drover_verbs() {",
            "    local -a verbs",
            "    verbs=(",
        ]
        lines += specs.map { "        '\($0.word):\(zshQuoted($0.summary))'" }
        lines += [
            "    )", "    _describe -t verbs verb verbs", "}", "_drover() {",
            "    if (( CURRENT == 2 )); then", "        _drover_verbs", "        return", "    fi",
            "    local verb=$words[2]", "    shift words", "    (( CURRENT-- ))", "    case $verb in",
        ]
        for spec in specs {
            lines.append("    \(spec.word))")
            var arguments = spec.allOptions.map(zshOption)
            for positional in spec.positionals {
                let isMany = positional.count == .many || positional.count == .optionalMany
                let action = zshAction(positional.completion)
                arguments.append(isMany ? "'*:\(positional.name):\(action)'" : "':\(positional.name):\(action)'")
            }
            lines.append("        _arguments -s \\")
            for (index, argument) in arguments.enumerated() {
                lines.append("            \(argument)" + (index == arguments.count - 1 ? "" : " \\"))
            }
            lines.append("        ;;")
        }
        lines += [
            "    esac", "}",
            "if [[ $funcstack[1] == _drover ]]; then _drover \"$@\"; else compdef _drover drover; fi",
        ]
        return lines.joined(separator: "\n")
    }

    private static func zshOption(_ option: OptionSpec) -> String {
        let help = zshQuoted(option.help).replacing("[", with: "\\[").replacing("]", with: "\\]")
        let many = option.repeats ? "*" : ""
        let value = option.value.map { ":\(zshQuoted($0)):\(zshAction(option.completion))" } ?? ""
        guard let short = option.short else { return "'\(many)--\(option.name)[\(help)]\(value)'" }
        let names = "{-\(short),--\(option.name)}"
        let exclusion = option.repeats ? "'*'" : "'(-\(short) --\(option.name))'"
        return "\(exclusion)\(names)'[\(help)]\(value)'"
    }

    private static func zshAction(_ completion: Completion) -> String {
        switch completion {
        case .none: return " "
        case .sessions: return "{_drover_ask sessions}"
        case .liveSessions: return "{_drover_ask live}"
        case .approvals: return "{_drover_ask approvals}"
        case .chats: return "{_drover_ask chats}"
        case .files: return "_files"
        case .directories: return "_files -/"
        case .commands: return "_command_names -e"
        case .verbs: return "_drover_verbs"
        case .words(let words): return "(\(words.joined(separator: " ")))"
        }
    }

    /// Within single quotes, and with no colon of its own.
    private static func zshQuoted(_ text: String) -> String {
        text.replacing("'", with: "'\\''").replacing(":", with: "\\:")
    }

    // MARK: - fish

    private static var fish: String {
        var lines = [
            "# Completion of drover for fish: drover completion fish > ~/.config/fish/completions/drover.fish",
            "complete -c drover -f",
        ]
        for spec in specs {
            lines.append(
                "complete -c drover -n __fish_use_subcommand -a \(spec.word) -d \(fishQuoted(spec.summary))")
        }
        for spec in specs {
            let condition = "-n '__fish_seen_subcommand_from \(spec.word)'"
            for option in spec.allOptions {
                let short = option.short.map { " -s \($0)" } ?? ""
                let value = option.value == nil ? "" : " -x" + fishAction(option.completion)
                lines.append(
                    "complete -c drover \(condition)\(short) -l \(option.name) -d \(fishQuoted(option.help))\(value)")
            }
            let action = fishAction(spec.positionals.first?.completion ?? .none)
            if !action.isEmpty { lines.append("complete -c drover \(condition)\(action)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func fishAction(_ completion: Completion) -> String {
        switch completion {
        case .none: return ""
        case .sessions: return " -a '(drover __complete sessions 2>/dev/null)'"
        case .liveSessions: return " -a '(drover __complete live 2>/dev/null)'"
        case .approvals: return " -a '(drover __complete approvals 2>/dev/null)'"
        case .chats: return " -a '(drover __complete chats 2>/dev/null)'"
        case .files: return " -F"
        case .directories: return " -a '(__fish_complete_directories)'"
        case .commands: return " -a '(__fish_complete_command)'"
        case .verbs: return " -a '\(specs.map(\.word).joined(separator: " "))'"
        case .words(let words): return " -a '\(words.joined(separator: " "))'"
        }
    }

    private static func fishQuoted(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

extension String {
    /// The text with every occurrence of one piece replaced.
    fileprivate func replacing(_ piece: String, with other: String) -> String {
        split(separator: piece, omittingEmptySubsequences: false).joined(separator: other)
    }
}
