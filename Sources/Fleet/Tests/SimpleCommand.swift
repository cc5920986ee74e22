/// One program and its arguments, as a shell would run them: without assignments, path, and wrappers like `sudo`.
///
/// What shells are told with `-c` is taken apart. The number of simple commands is what `commandsRun` counts (§7.9).
public struct SimpleCommand: Equatable, Sendable {
    /// The last component of its path.
    public var program: String
    public var arguments: [String]

    public init(program: String, arguments: [String] = []) {
        self.program = program
        self.arguments = arguments
    }

    /// The simple commands of a shell's text, in order.
    public static func all(inShell text: String) -> [SimpleCommand] { all(inShell: text, depth: 0) }

    /// The simple commands of an argv: one, or those of the script when it is a shell with `-c`.
    public static func all(inArgv argv: [String]) -> [SimpleCommand] { all(inWords: argv[...], depth: 0) }

    /// What a package runner runs: `jest …` for `npx jest …`, `pytest` for `uv run pytest`. `nil` if it is none.
    public var wrapped: SimpleCommand? {
        switch program {
        case "npx", "bunx", "pnpx": return Self.command(Self.skipOptions(arguments[...], ["-p", "--package"]))
        case "npm", "pnpm", "yarn", "bun":
            var words = Self.skipOptions(arguments[...], Self.runnerOptions)
            if let first = words.first, ["exec", "dlx", "x", "run"].contains(first) {
                words = Self.skipOptions(words.dropFirst(), ["--package"])
            } else if program == "npm" {
                return nil
            }
            return Self.command(words)
        case "uv", "poetry", "pipenv", "pdm", "hatch", "rye":
            guard let place = arguments.firstIndex(of: "run") else { return nil }
            return Self.command(
                Self.skipOptions(
                    arguments[(place + 1)...], ["--with", "--python", "-p", "--extra", "--group", "--env-file"]))
        case "bundle":
            return arguments.first == "exec" ? Self.command(arguments.dropFirst()) : nil
        case "node":
            guard let script = Self.command(Self.skipOptions(arguments[...], ["-r", "--require", "--import"])) else {
                return nil
            }
            let name = script.program.split(separator: ".").first.map(String.init) ?? ""
            return SimpleCommand(program: name, arguments: script.arguments)
        default: return nil
        }
    }

    /// Options of package managers that take the next word.
    static let runnerOptions: Set<String> = [
        "--prefix", "-C", "--dir", "--filter", "-F", "--workspace", "-w", "--cwd", "--config",
    ]

    /// The words from the first on that is neither an option nor the value of one of these.
    static func skipOptions(_ words: ArraySlice<String>, _ valued: Set<String> = []) -> ArraySlice<String> {
        var words = words
        while let word = words.first, word.hasPrefix("-"), word != "-" {
            words = words.dropFirst()
            if word == "--" { return words }
            if valued.contains(word) { words = words.dropFirst() }
        }
        return words
    }

    // MARK: - Private

    private static let shells: Set<String> = ["sh", "bash", "zsh", "dash", "ksh", "fish", "ash"]
    private static let keywords: Set<String> = ["if", "then", "elif", "else", "while", "until", "do", "!", "{"]

    /// Programs that run another one, with their options that take the next word.
    private static let wrappers: [String: Set<String>] = [
        "sudo": ["-u", "-g", "-h", "-p", "-C", "-D"], "doas": ["-u"], "time": ["-o", "-f"], "env": ["-u", "-C", "-S"],
        "nice": ["-n"], "ionice": ["-c", "-n"], "nohup": [], "setsid": [], "command": [], "exec": ["-a"],
        "builtin": [], "stdbuf": ["-o", "-i", "-e"], "xvfb-run": ["-s", "-n"], "timeout": ["-k", "-s"],
        "gtimeout": ["-k", "-s"], "chronic": [], "caffeinate": [],
    ]

    private static func all(inShell text: String, depth: Int) -> [SimpleCommand] {
        ShellText.commands(in: text).flatMap { all(inWords: $0[...], depth: depth) }
    }

    private static func all(inWords argv: ArraySlice<String>, depth: Int) -> [SimpleCommand] {
        var words = argv
        while let word = words.first {
            if word.isEmpty { return [] }
            if keywords.contains(word) || isAssignment(word) {
                words = words.dropFirst()
                continue
            }
            let name = basename(word)
            if let valued = wrappers[name] {
                words = skipOptions(words.dropFirst(), valued)
                if name == "timeout" || name == "gtimeout" { words = words.dropFirst() }
                continue
            }
            if depth < 4 {
                if shells.contains(name), let script = script(words.dropFirst()) {
                    return all(inShell: script, depth: depth + 1)
                }
                if name == "eval" { return all(inShell: words.dropFirst().joined(separator: " "), depth: depth + 1) }
            }
            return [SimpleCommand(program: name, arguments: Array(words.dropFirst()))]
        }
        return []
    }

    /// What a shell is told with `-c`, also as in `-lc` and after `-o pipefail`.
    private static func script(_ arguments: ArraySlice<String>) -> String? {
        var words = arguments
        while let word = words.first, word.hasPrefix("-") || word.hasPrefix("+") {
            words = words.dropFirst()
            guard !word.hasPrefix("--") else { continue }
            if word.hasPrefix("-"), word.contains("c") { return skipOptions(words).first }
            if word.hasSuffix("o") { words = words.dropFirst() }
        }
        return nil
    }

    private static func command(_ words: ArraySlice<String>) -> SimpleCommand? {
        guard let first = words.first else { return nil }
        return SimpleCommand(program: basename(first), arguments: Array(words.dropFirst()))
    }

    private static func basename(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")), equals > word.startIndex else { return false }
        let name = word.utf8[..<equals]
        let isName = name.allSatisfy { ByteClass.table[Int($0)] & (ByteClass.word | ByteClass.underscore) != 0 }
        return isName && name.first.map { ByteClass.table[Int($0)] & ByteClass.digit == 0 } == true
    }
}
