/// A command that runs tests (control-plane §7.7).
struct TestCommand: Equatable, Sendable {
    /// Whose summary is read.
    enum Family: Hashable, CaseIterable, Sendable {
        /// Also vitest.
        case jest
        case pytest, unittest, go, cargo
        /// XCTest and Swift Testing, which one run has both of.
        case swift
        /// A script: whatever it runs.
        case any
        /// The exit code says everything.
        case other
    }

    var family: Family
    /// Arguments that look like paths.
    var files: [String]

    /// What a simple command tests, or `nil` if it does not test.
    init?(_ command: SimpleCommand) {
        var command = command
        // At most a few wrappers stand in each other: `pnpm exec npx jest`.
        for _ in 0..<4 {
            if let (family, rest) = Self.recognise(command) {
                guard !rest.contains(where: Self.onlyTells.contains) else { return nil }
                self.family = family
                files = Self.paths(in: rest)
                return
            }
            guard let inner = command.wrapped else { return nil }
            command = inner
        }
        return nil
    }

    // MARK: - Recognition

    private static let onlyTells: Set<String> = [
        "--help", "-h", "--version", "--collect-only", "--co", "--list", "--listTests", "--list-tests", "--no-run",
    ]

    /// The family, and the arguments after what names the test.
    private static func recognise(_ command: SimpleCommand) -> (Family, ArraySlice<String>)? {
        let arguments = command.arguments[...]
        let plain = SimpleCommand.skipOptions(arguments, SimpleCommand.runnerOptions)
        let rest = plain.dropFirst()
        switch command.program {
        case "npm", "pnpm", "yarn", "bun":
            guard let first = plain.first else { return nil }
            if first == "run" || first == "run-script" {
                let script = SimpleCommand.skipOptions(rest)
                return script.first?.hasPrefix("test") == true ? (.any, script.dropFirst()) : nil
            }
            let isTest =
                first == "test"
                || (command.program == "npm" ? first == "t" || first == "tst" : first.hasPrefix("test:"))
            return isTest ? (.any, rest) : nil
        case "jest": return (.jest, arguments)
        case "vitest": return ["bench", "list", "init"].contains(plain.first ?? "") ? nil : (.jest, arguments)
        case "mocha", "rspec", "phpunit", "ctest": return (.other, arguments)
        case "playwright": return plain.first == "test" ? (.other, rest) : nil
        case "pytest", "py.test": return (.pytest, arguments)
        case "go": return plain.first == "test" ? (.go, rest) : nil
        case "cargo":
            let plain = plain.first?.hasPrefix("+") == true ? rest : plain
            guard let first = plain.first, ["test", "t", "nextest"].contains(first) else { return nil }
            return first == "nextest" && plain.dropFirst().first == "list" ? nil : (.cargo, plain.dropFirst())
        case "swift": return plain.first == "test" && rest.first != "list" ? (.swift, rest) : nil
        case "mvn", "mvnw": return arguments.contains { $0 == "test" || $0 == "verify" } ? (.other, []) : nil
        case "gradle", "gradlew":
            return arguments.contains { $0 == "test" || $0.hasSuffix(":test") } ? (.other, []) : nil
        case "dotnet": return plain.first == "test" ? (.other, rest) : nil
        case "make", "gmake": return arguments.contains { $0 == "test" || $0 == "check" } ? (.any, []) : nil
        default: return recognisePython(command)
        }
    }

    private static func recognisePython(_ command: SimpleCommand) -> (Family, ArraySlice<String>)? {
        guard command.program.hasPrefix("python") || command.program == "py",
            let module = command.arguments.firstIndex(of: "-m"), module + 1 < command.arguments.count
        else { return nil }
        let rest = command.arguments[(module + 2)...]
        switch command.arguments[module + 1] {
        case "pytest": return (.pytest, rest)
        case "unittest": return (.unittest, rest)
        default: return nil
        }
    }

    // MARK: - Files

    /// Options whose value is no test file though it may look like one.
    private static let valued: Set<String> = [
        "-c", "--config", "-t", "--testNamePattern", "-k", "-m", "--rootdir", "-o", "--output", "--project", "-p",
        "--manifest-path", "--package-path", "--scratch-path", "--build-path", "--filter", "--skip", "-run", "--run",
        "--reporter", "--target-dir", "--coverprofile", "-coverprofile", "--xunit-output", "--junitxml",
    ]

    private static func paths(in arguments: ArraySlice<String>) -> [String] {
        var paths: [String] = []
        var skips = false
        for argument in arguments {
            defer { skips = valued.contains(argument) }
            if !skips, !argument.hasPrefix("-"), looksLikePath(argument) { paths.append(argument) }
        }
        return paths
    }

    private static func looksLikePath(_ word: String) -> Bool {
        guard !word.contains("://") else { return false }
        var path = Array(word.utf8)[...]
        // pytest names a test behind its file.
        for index in path.indices.dropLast()
        where path[index] == UInt8(ascii: ":") && path[index + 1] == UInt8(ascii: ":") {
            path = path[..<index]
            break
        }
        if path.contains(UInt8(ascii: "/")) { return true }
        guard let dot = path.lastIndex(of: UInt8(ascii: ".")), dot > path.startIndex else { return false }
        let suffix = path[(dot + 1)...]
        return (1...5).contains(suffix.count)
            && suffix.allSatisfy { ByteClass.table[Int($0)] & ByteClass.word != 0 }
            && suffix.contains { ByteClass.table[Int($0)] & ByteClass.digit == 0 }
    }
}
