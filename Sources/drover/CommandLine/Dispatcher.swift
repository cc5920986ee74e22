/// From the words on the command line to an exit code.
struct Dispatcher {
    var context: Context

    func run(_ words: [String]) -> ExitCode {
        do {
            return try dispatch(words)
        } catch let error as UsageError {
            report(error)
            return .usage
        } catch let failure as CommandFailure {
            report(failure)
            return failure.exit
        } catch {
            preconditionFailure("commands throw usage errors and failures, and this is neither: \(error)")
        }
    }

    private func dispatch(_ words: [String]) throws -> ExitCode {
        guard let word = words.first else { return try OverviewCommand().run(in: context) }
        switch word {
        case "-h", "--help": return try HelpCommand(verb: nil).run(in: context)
        case "-V", "--version": return try VersionCommand(asJSON: words.contains("--json")).run(in: context)
        default: break
        }
        if word.hasPrefix("-") {
            throw UsageError("The verb comes first, and \"\(word)\" is an option: drover VERB \(word) …")
        }
        guard let command = Catalog.command(word) else { throw Self.unknownVerb(word) }
        var arguments = try Arguments(Array(words.dropFirst()), for: command.spec)
        if arguments.flag("help") {
            context.console.print(Help.page(of: command.spec, on: context.console))
            return .ok
        }
        var context = context
        context.url = arguments.option("url")
        return try command.init(&arguments).run(in: context)
    }

    static func unknownVerb(_ word: String) -> UsageError {
        let words = Catalog.specs.map(\.word) + Array(Catalog.synonyms.keys)
        guard let near = closest(to: word, among: words) else {
            return UsageError("There is no verb \"\(word)\".")
        }
        let suggestion = Catalog.synonyms[near] ?? near
        return UsageError("There is no verb \"\(word)\"; did you mean drover \(suggestion)?")
    }

    private func report(_ error: UsageError) {
        let prefix = error.verb.map { "drover \($0)" } ?? "drover"
        context.console.remark("\(prefix): \(error.message)")
        context.console.remark("See: drover help\(error.verb.map { " \($0)" } ?? "")")
    }

    private func report(_ failure: CommandFailure) {
        context.console.remark(failure.sentence)
        for hint in failure.hints { context.console.remark(hint) }
    }
}
