/// Tells what there is to type.
struct HelpCommand: Command {
    static let spec = CommandSpec(
        word: "help",
        summary: "Tell what there is to type",
        positionals: [PositionalSpec("VERB", .optional, completion: .verbs)],
        examples: [.init("drover help run", "all about one verb")],
        asksDaemon: false,
        printsResult: false)

    private let verb: String?

    init(_ arguments: inout Arguments) throws(UsageError) {
        verb = arguments.optionalPositional()
        if let verb, Catalog.command(verb) == nil { throw Dispatcher.unknownVerb(verb) }
        try arguments.finish()
    }

    init(verb: String?) {
        self.verb = verb
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let page = verb.flatMap { Catalog.command($0) }.map { Help.page(of: $0.spec, on: context.console) }
        context.console.print(page ?? Help.overview(on: context.console))
        return .ok
    }
}
