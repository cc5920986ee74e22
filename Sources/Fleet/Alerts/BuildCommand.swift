/// A command that builds, compiles or lints (control-plane §7.8).
public enum BuildCommand: String, Sendable {
    case build, lint

    /// What a simple command does, or `nil` if it is neither.
    public init?(_ command: SimpleCommand) {
        var command = command
        for _ in 0..<4 {
            if let kind = Self.recognise(command) {
                self = kind
                return
            }
            guard let inner = command.wrapped else { return nil }
            command = inner
        }
        return nil
    }

    private static let compilers: Set<String> = [
        "tsc", "webpack", "rollup", "esbuild", "tsup", "gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "javac",
        "kotlinc", "swiftc", "ninja", "xcodebuild", "msbuild",
    ]
    private static let linters: Set<String> = [
        "eslint", "prettier", "stylelint", "biome", "oxlint", "ruff", "flake8", "pylint", "mypy", "pyright", "black",
        "golangci-lint", "staticcheck", "rubocop", "swiftlint", "shellcheck", "hadolint", "clang-tidy", "ktlint",
    ]
    /// Subcommands that build, by program.
    private static let subcommands: [String: Set<String>] = [
        "swift": ["build"], "cargo": ["build", "b", "check", "c", "rustc"], "go": ["build", "install"],
        "vite": ["build"], "next": ["build"], "nuxt": ["build"], "astro": ["build"], "docker": ["build"],
        "podman": ["build"], "bazel": ["build"], "meson": ["compile"], "zig": ["build"], "mix": ["compile"],
        "dotnet": ["build", "publish"], "gradle": ["build", "assemble"], "gradlew": ["build", "assemble"],
        "mvn": ["compile", "package", "install"], "mvnw": ["compile", "package", "install"],
    ]

    private static func recognise(_ command: SimpleCommand) -> BuildCommand? {
        let arguments = command.arguments[...]
        let plain = SimpleCommand.skipOptions(arguments, SimpleCommand.runnerOptions)
        if compilers.contains(command.program) { return .build }
        if linters.contains(command.program) { return .lint }
        switch command.program {
        case "npm", "pnpm", "yarn", "bun":
            guard var script = plain.first else { return nil }
            if script == "run" || script == "run-script" {
                script = plain.dropFirst().first ?? ""
            } else if command.program == "npm" {
                return nil
            }
            if ["build", "compile", "bundle"].contains(where: script.hasPrefix) { return .build }
            return ["lint", "typecheck", "type-check", "format:check"].contains(where: script.hasPrefix) ? .lint : nil
        case "make", "gmake":
            let targets = SimpleCommand.skipOptions(arguments, ["-C", "-f", "-I", "-o", "-W"])
                .filter { !$0.hasPrefix("-") && !$0.contains("=") }
            if targets.contains("lint") { return .lint }
            let others: Set<String> = [
                "test", "check", "clean", "distclean", "install", "help", "run", "fmt", "format",
            ]
            return targets.isEmpty || targets.contains { !others.contains($0) } ? .build : nil
        case "cmake": return arguments.contains("--build") ? .build : nil
        case "cargo" where plain.first == "clippy" || plain.first == "fmt": return .lint
        case "go" where plain.first == "vet": return .lint
        case "mvn", "mvnw", "gradle", "gradlew":
            let builds = subcommands[command.program] ?? []
            let isBuild = arguments.contains { word in
                builds.contains(word) || builds.contains { word.hasSuffix(":" + $0) }
            }
            return isBuild ? .build : nil
        default:
            guard let first = plain.first, let builds = subcommands[command.program] else { return nil }
            return builds.contains(first) ? .build : nil
        }
    }
}
