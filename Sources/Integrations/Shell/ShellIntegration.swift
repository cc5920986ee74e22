/// What a shell runs at its prompt so that Drover knows where it is (daemon-ipc §9.4).
public enum ShellKind: String, CaseIterable, Sendable {
    case bash
    case zsh
    case fish
}

/// The lines that shells read at their start, put in and taken out.
public struct ShellIntegration: Sendable {
    public let shell: ShellKind
    let home: String
    let variable: @Sendable (String) -> String?

    public init(_ shell: ShellKind, home: String, variable: @escaping @Sendable (String) -> String?) {
        self.shell = shell
        self.home = home
        self.variable = variable
    }

    static let start = "# >>> drover shell integration >>>"
    static let end = "# <<< drover shell integration <<<"

    /// The file that the shell reads. fish reads a folder, so there it is a file of our own.
    public var path: String {
        switch shell {
        case .bash: return home + "/.bashrc"
        case .zsh: return (variable("ZDOTDIR") ?? home) + "/.zshrc"
        case .fish: return (variable("XDG_CONFIG_HOME") ?? home + "/.config") + "/fish/conf.d/drover.fish"
        }
    }

    // MARK: - Planning

    public func planInstall(
        program: String, keeper: ChangeKeeper
    ) throws(IntegrationError) -> ChangeKeeper.Change {
        try keeper.planInstall(path) { (before) throws(IntegrationError) in
            var text = before ?? []
            let block = Array((Self.start + "\n" + body(program: HookCommand.quoted(program)) + Self.end + "\n").utf8)
            if let place = try place(in: text) {
                text.replaceSubrange(place, with: block)
                return text
            }
            if shell == .fish, before != nil { throw .foreign(path: path) }
            if let last = text.last, last != 0x0A { text.append(0x0A) }
            return text + block
        }
    }

    public func planUninstall(keeper: ChangeKeeper) throws(IntegrationError) -> ChangeKeeper.Change {
        try keeper.planUninstall(path) { (text, original) throws(IntegrationError) in
            guard let place = try place(in: text) else { return text }
            var text = text
            text.removeSubrange(place)
            return text.isEmpty && (shell == .fish || original == nil) ? nil : text
        }
    }

    /// Whether our lines are there, and whether they are the ones we would write now.
    public func state(of text: [UInt8]?, program: String) throws(IntegrationError) -> State {
        guard let text, let place = try place(in: text) else { return .missing }
        let block = Self.start + "\n" + body(program: HookCommand.quoted(program)) + Self.end + "\n"
        return text[place].elementsEqual(block.utf8) ? .installed : .outdated
    }

    public enum State: String, Sendable {
        case installed
        case outdated
        case missing
    }

    public func read() throws(IntegrationError) -> [UInt8]? { try SettingsFile(path).read() }

    /// Where our lines are, from the first mark to the end of the second's line.
    private func place(in text: [UInt8]) throws(IntegrationError) -> Range<Int>? {
        var offset = 0
        var begun: Int?
        var number = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            var content = line
            if content.last == 0x0D { content = content.dropLast() }
            if content.elementsEqual(Self.start.utf8) {
                begun = offset
            } else if content.elementsEqual(Self.end.utf8), let begun {
                return begun..<min(text.count, offset + line.count + 1)
            }
            offset += line.count + 1
        }
        guard begun == nil else {
            throw .unreadable(path: path, line: number, reason: "the line \"\(Self.end)\" is missing")
        }
        return nil
    }

    // MARK: - The lines

    // Each runs the reporter in the background and unseen, only where there is a terminal, and leaves the status of the
    // last command as it was.
    private func body(program: String) -> String {
        switch shell {
        case .bash:
            // In a subshell, or bash would print a line about the job at every prompt.
            return """
                if [[ $- == *i* && -t 0 && -x \(program) ]]; then
                  __drover_tty=$(tty 2>/dev/null)
                  __drover_cwd() {
                    local status=$?
                    (\(program) cwd "$PWD" "$$" "$__drover_tty" </dev/null >/dev/null 2>&1 &)
                    return $status
                  }
                  if [[ ${PROMPT_COMMAND[*]-} != *__drover_cwd* ]]; then
                    PROMPT_COMMAND="__drover_cwd${PROMPT_COMMAND:+; $PROMPT_COMMAND}"
                  fi
                fi

                """
        case .zsh:
            return """
                if [[ -o interactive && -t 0 && -x \(program) ]]; then
                  __drover_cwd() {
                    \(program) cwd "$PWD" "$$" "$TTY" </dev/null >/dev/null 2>&1 &!
                  }
                  typeset -ga precmd_functions
                  if (( ! ${precmd_functions[(Ie)__drover_cwd]} )); then
                    precmd_functions+=(__drover_cwd)
                  fi
                fi

                """
        case .fish:
            // At every prompt, so that a shell is known before its first command.
            return """
                if status is-interactive; and isatty stdin; and test -x \(program)
                  set -g __drover_tty (tty)
                  function __drover_cwd --on-event fish_prompt
                    \(program) cwd $PWD $fish_pid $__drover_tty </dev/null >/dev/null 2>&1 &
                    disown 2>/dev/null
                  end
                end

                """
        }
    }
}
