import Glibc

extension Toolbox {
    /// Where programs are looked for: not where the daemon's own environment says.
    private static let programDirectories = ["/usr/local/bin", "/usr/bin", "/bin"]
    /// Unicode scalars of the output (chat-runtime §5.8).
    private static let outputLimit = 8000

    /// `bash`: one of the allowed programs with arguments that stay in the workspace, without a shell.
    ///
    /// The arguments are checked first, which gives clear refusals; what holds in any case are the rules of Landlock. On
    /// a kernel without it only the programs whose options are known are run, and not those that look for files
    /// themselves.
    func bash(
        _ arguments: ToolArguments, _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(ToolFailure) -> ToolOutcome {
        let command = try arguments.string("command")
        let words: [String]
        do { words = try CommandWords.split(command) } catch { throw ToolFailure(error.description) }
        let name = words[0]
        guard settings.bashPrograms.contains(name), !name.contains("/"), !name.isEmpty else {
            throw ToolFailure(
                "\(name) is not one of the programs that may be run: \(settings.bashPrograms.joined(separator: " "))")
        }
        let sandbox = try sandbox()
        let rules = ProgramRules.standard[name]
        try check(Array(words.dropFirst()), rules, in: sandbox)
        let candidates = Self.programDirectories.map { "\($0)/\(name)" }
        guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw ToolFailure("\(name) is not installed here")
        }

        let root = sandbox.root.absoluteText
        var environment = ["PATH=" + Self.programDirectories.joined(separator: ":"), "HOME=\(root)", "LANG=C.UTF-8"]
        if let zone = getenv("TZ") { environment.append("TZ=" + String(cString: zone)) }
        let confinement =
            usesLandlock ? Confinement(for: sandbox, program: program, startsOthers: rules == nil) : nil
        if confinement == nil, rules == nil || name == "rg" {
            throw ToolFailure("\(name) cannot be confined to the workspace by this kernel")
        }
        let run = OwnThread.run { [environment] in
            Result { () throws(ConfinedRun.Failure) in
                try ConfinedRun.run(
                    words, environment: environment, directory: root, confinement, isCancelled: isCancelled)
            }
        }
        guard let run else { throw ToolFailure("no thread could be started") }
        switch run {
        case .failure(.notConfined(let error)):
            throw ToolFailure("\(name) could not be confined: \(String(cString: strerror(error)))")
        case .failure(.notStarted(let error)):
            throw ToolFailure("\(name) could not be started: \(String(cString: strerror(error)))")
        case .success(let result): return Self.outcome(result)
        }
    }

    private func check(_ words: [String], _ rules: ProgramRules?, in sandbox: Sandbox) throws(ToolFailure) {
        let paths: [String]
        if let rules {
            do { paths = try rules.paths(in: words) } catch {
                guard case .option(let option) = error else { return }
                throw ToolFailure("the option \(option) is not allowed")
            }
        } else {
            paths = ProgramRules.possiblePaths(in: words)
        }
        for path in paths where path != "-" {
            do throws(SandboxError) {
                let place = try sandbox.find(path)
                if let mode = place.status?.st_mode, !mode.isRegular, !mode.isDirectory { throw .notAFile(path) }
            } catch {
                // What is missing the program says in its own words, unless it may be there and elsewhere when it looks.
                if case .missing = error, !FilePath(path).names.contains(Array("..".utf8)) { continue }
                throw ToolFailure(error)
            }
        }
    }

    private static func outcome(_ result: ConfinedRun.Result) -> ToolOutcome {
        let text = String(decoding: result.output, as: UTF8.self) + String(decoding: result.errors, as: UTF8.self)
        var output = text
        if let end = text.unicodeScalars.index(
            text.unicodeScalars.startIndex, offsetBy: outputLimit, limitedBy: text.unicodeScalars.endIndex),
            end < text.unicodeScalars.endIndex
        {
            output = String(text.unicodeScalars[..<end]) + OutputCap.marker("only the first \(outputLimit) characters")
        }
        switch result.end {
        case .exited(let status): return ToolOutcome(output: output, isError: status != 0)
        case .signalled(let signal): return .failure("the program was ended by signal \(signal)\n" + output)
        case .timedOut: return .failure("the program took longer than 30 seconds\n" + output)
        case .cancelled: return .failure("cancelled")
        }
    }
}
