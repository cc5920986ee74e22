/// Prints what a shell needs to complete words.
struct CompletionCommand: Command {
    static let spec = CommandSpec(
        word: "completion",
        summary: "Print completions for bash, zsh or fish",
        positionals: [PositionalSpec("SHELL", completion: .words(CompletionScript.Shell.allCases.map(\.rawValue)))],
        examples: [
            .init("source <(drover completion bash)", "in ~/.bashrc"),
            .init("source <(drover completion zsh)", "in ~/.zshrc, after compinit"),
            .init("drover completion fish > ~/.config/fish/completions/drover.fish", "once"),
        ],
        asksDaemon: false,
        printsResult: false)

    private let shell: CompletionScript.Shell

    init(_ arguments: inout Arguments) throws(UsageError) {
        let word = try arguments.positional("SHELL")
        guard let shell = CompletionScript.Shell(rawValue: word) else {
            throw UsageError(
                "There are completions for bash, zsh and fish, and not for \"\(word)\".", verb: "completion")
        }
        self.shell = shell
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        context.console.print(CompletionScript.text(for: shell))
        return .ok
    }
}
