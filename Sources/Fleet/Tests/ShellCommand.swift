extension ShellWords {
    /// The simple commands of a shell text, each as its words: lists, pipelines, groups and newlines separate them.
    ///
    /// Good enough to tell what is run, not to run it: quotes and escapes are honoured, expansions stay as written,
    /// redirections are left out.
    public static func simpleCommands(in text: String) -> [[String]] {
        var commands: [[String]] = []
        var words: [String] = []
        var word: [UInt8]?
        var skipsNext = false
        var quote: UInt8 = 0
        let bytes = Array(text.utf8)
        var index = 0

        func endWord() {
            guard let bytes = word else { return }
            word = nil
            if skipsNext { skipsNext = false } else { words.append(String(decoding: bytes, as: UTF8.self)) }
        }
        func endCommand() {
            endWord()
            skipsNext = false
            if !words.isEmpty { commands.append(words) }
            words = []
        }

        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if quote != 0 {
                if byte == quote {
                    quote = 0
                } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), index < bytes.count,
                    [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`")].contains(
                        bytes[index])
                {
                    word?.append(bytes[index])
                    index += 1
                } else {
                    word?.append(byte)
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                quote = byte
                word = word ?? []
            case UInt8(ascii: "\\"):
                if index < bytes.count {
                    if bytes[index] != 10 { word = (word ?? []) + [bytes[index]] }
                    index += 1
                }
            case 0x20, 0x09: endWord()
            case 10, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"): endCommand()
            case UInt8(ascii: "&"):
                // `>&1` and `&>file` redirect; anything else ends a command.
                if index < bytes.count, bytes[index] == UInt8(ascii: ">") { endWord() } else { endCommand() }
            case UInt8(ascii: ">"), UInt8(ascii: "<"):
                // The number before it belongs to it.
                if let digits = word, digits.allSatisfy({ $0.isASCIIDigit }) { word = nil }
                endWord()
                while index < bytes.count,
                    [UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "&"), UInt8(ascii: "|")].contains(bytes[index])
                {
                    index += 1
                }
                skipsNext = true
            case UInt8(ascii: "#") where word == nil:
                while index < bytes.count, bytes[index] != 10 { index += 1 }
            default: word = (word ?? []) + [byte]
            }
        }
        endCommand()
        return commands
    }

    /// The simple commands of a process: those inside `sh -c '…'`, else the arguments themselves.
    public static func simpleCommands(of argv: [String]) -> [[String]] {
        guard let program = argv.first else { return [] }
        let name = baseName(program)
        if ["sh", "bash", "zsh", "dash", "ksh", "fish"].contains(name) {
            for (index, argument) in argv.enumerated().dropFirst() {
                guard argument.hasPrefix("-") else { break }
                // `-c`, and joined with others as in `-lc`; the word after it is the text.
                if !argument.hasPrefix("--"), argument.hasSuffix("c"), index + 1 < argv.count {
                    return simpleCommands(in: argv[index + 1])
                }
            }
        }
        return [argv]
    }

    static func baseName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

/// A simple command without what only stands before it: assignments, wrappers, paths.
struct BareCommand: Equatable, Sendable {
    /// The program, as its base name, and its arguments.
    var words: ArraySlice<String>

    var program: String { words.first.map(ShellWords.baseName) ?? "" }
    var arguments: ArraySlice<String> { words.dropFirst() }

    /// The arguments that are no options.
    var operands: [String] { arguments.filter { !$0.hasPrefix("-") && !$0.hasPrefix("+") } }

    init(_ words: [String]) {
        self.words = words[...]
        while let first = self.words.first, Self.isAssignment(first) { self.words.removeFirst() }
    }

    /// The command behind a wrapper, or `nil` when the first word is none.
    var unwrapped: BareCommand? {
        var inner = self
        switch program {
        case "npx", "bunx", "time", "sudo", "env", "nice", "nohup", "exec", "command", "caffeinate":
            inner.words.removeFirst()
        case "pnpm", "yarn", "bun", "npm":
            inner.words.removeFirst()
            inner.dropOptions()
            if let next = inner.words.first, ["exec", "run", "dlx", "x"].contains(next) { inner.words.removeFirst() }
        case "uv", "poetry", "pipenv", "rye", "hatch", "bundle":
            guard let next = words.dropFirst().first, ["run", "exec"].contains(next) else { return nil }
            inner.words.removeFirst(2)
        default: return nil
        }
        inner.dropOptions()
        return inner.words.isEmpty ? nil : inner
    }

    private mutating func dropOptions() {
        while let first = words.first, first.hasPrefix("-") || Self.isAssignment(first) { words.removeFirst() }
    }

    private static func isAssignment(_ word: String) -> Bool {
        guard let sign = word.utf8.firstIndex(of: UInt8(ascii: "=")), sign != word.startIndex else { return false }
        return word.utf8[..<sign].allSatisfy {
            $0.isASCIILetter || $0 == UInt8(ascii: "_") || $0.isASCIIDigit
        }
    }
}
