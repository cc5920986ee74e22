/// A command that runs tests, recognised by its words (control-plane §7.7).
public struct TestCommand: Equatable, Sendable {
    /// Whose summary is looked for in the output.
    public enum Family: Equatable, Sendable {
        /// jest and vitest.
        case jest
        case pytest
        case go
        case cargo
        case swift
        /// A script of a project, behind which any of them may stand.
        case any
        /// Its exit code is all that is read.
        case exitCodeOnly
    }

    /// As it was written.
    public var text: String
    public var family: Family
    /// Arguments that look like paths; `nil` if there are none.
    public var testFiles: [String]?

    /// The first command of a process that runs tests, if one does.
    public init?(argv: [String]) {
        self.init(commands: ShellWords.simpleCommands(of: argv))
    }

    /// The first command of a shell text that runs tests, if one does.
    public init?(shell text: String) {
        self.init(commands: ShellWords.simpleCommands(in: text))
    }

    private init?(commands: [[String]]) {
        for words in commands {
            var command: BareCommand? = BareCommand(words)
            // A shell in a shell.
            if let bare = command, ["sh", "bash", "zsh", "dash"].contains(bare.program),
                bare.arguments.contains("-c") || bare.arguments.contains("-lc"),
                let inner = TestCommand(
                    commands: ShellWords.simpleCommands(of: Array(bare.words)).filter { $0 != words })
            {
                self = inner
                return
            }
            while let bare = command {
                if let (family, used) = Self.recognise(bare) {
                    self.init(words, bare, family, used)
                    return
                }
                command = bare.unwrapped
            }
        }
        return nil
    }

    private init(_ words: [String], _ bare: BareCommand, _ family: Family, _ used: Int) {
        text = words.joined(separator: " ")
        self.family = family
        let files = bare.operands.dropFirst(used).filter(Self.looksLikePath)
        testFiles = files.isEmpty ? nil : Array(files)
    }

    public var start: TestRunStart { TestRunStart(command: text, testFiles: testFiles) }

    /// The family, and how many operands belong to the name of the command.
    private static func recognise(_ command: BareCommand) -> (Family, Int)? {
        let operands = command.operands
        let first = operands.first ?? ""
        switch command.program {
        case "npm", "pnpm", "yarn", "bun":
            if first == "test" { return (.any, 1) }
            if first == "run", operands.dropFirst().first?.hasPrefix("test") == true { return (.any, 2) }
            return nil
        case "jest", "vitest": return (.jest, ["run", "watch", "related"].contains(first) ? 1 : 0)
        case "mocha", "rspec", "phpunit", "ctest": return (.exitCodeOnly, 0)
        case "playwright": return first == "test" ? (.exitCodeOnly, 1) : nil
        case "pytest", "py.test": return (.pytest, 0)
        case "go": return first == "test" ? (.go, 1) : nil
        case "cargo":
            if first == "test" || first == "nextest" { return (.cargo, first == "test" ? 1 : 2) }
            return nil
        case "swift": return first == "test" ? (.swift, 1) : nil
        case "mvn", "mvnw":
            return operands.contains { $0 == "test" || $0 == "verify" } ? (.exitCodeOnly, operands.count) : nil
        case "gradle", "gradlew": return operands.contains("test") ? (.exitCodeOnly, operands.count) : nil
        case "dotnet": return first == "test" ? (.exitCodeOnly, 1) : nil
        case "make", "gmake":
            return operands.contains { $0 == "test" || $0 == "check" } ? (.any, operands.count) : nil
        default:
            guard command.program == "python" || command.program.hasPrefix("python3") || command.program == "python2"
            else { return nil }
            let arguments = Array(command.arguments)
            guard let option = arguments.firstIndex(of: "-m"), option + 1 < arguments.count else { return nil }
            switch arguments[option + 1] {
            case "pytest": return (.pytest, 1)
            case "unittest": return (.exitCodeOnly, 1)
            default: return nil
            }
        }
    }

    private static func looksLikePath(_ word: String) -> Bool {
        guard !word.contains("..."), !word.contains("=") else { return false }
        if word.contains("/") { return true }
        // A name with an extension: letters after the last dot.
        guard let dot = word.utf8.lastIndex(of: UInt8(ascii: ".")), dot != word.startIndex else { return false }
        let ending = word.utf8[word.utf8.index(after: dot)...].prefix { $0 != UInt8(ascii: ":") }
        return (1...5).contains(ending.count) && ending.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit }
    }
}
