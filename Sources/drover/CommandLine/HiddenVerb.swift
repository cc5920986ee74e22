import CShim
import Glibc

/// First words that programs use and people do not, recognised before anything else is set up.
enum HiddenVerb: String {
    /// The supervisor of one launched process, as the program drover-shim is beside us.
    case shim = "__shim"
    /// The gate that holds a command until it is approved.
    case gate = "__gate"
    /// Figures of the daemon's own parts, for `make bench`.
    case bench = "__bench"
    /// What a shell's completion asks for.
    case complete = "__complete"
    /// Prints the manual page, or that of rtm, for packaging.
    case manual = "__manual"

    func run(_ arguments: [String]) -> Never {
        switch self {
        case .bench: BenchVerb.run(arguments)
        case .shim: exit(drover_shim_main(CommandLine.argc, CommandLine.unsafeArgv))
        case .gate:
            let console = Console(environment: .current)
            console.remark("drover \(rawValue): not built in this checkout")
            exit(ExitCode.failure.rawValue)
        case .complete:
            CompletionCandidates.print(arguments, context: Context(console: Console(environment: .current)))
            exit(ExitCode.ok.rawValue)
        case .manual:
            Console(environment: .current).print(arguments == ["rtm"] ? RTMManualPage.text : ManualPage.text)
            exit(ExitCode.ok.rawValue)
        }
    }
}
