import Bytes

/// Tells the version.
struct VersionCommand: Command {
    static let spec = CommandSpec(
        word: "version",
        summary: "Tell the version of this program",
        examples: [.init("drover version --json", "for programs")],
        asksDaemon: false)

    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    init(asJSON: Bool) {
        self.asJSON = asJSON
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        if asJSON {
            context.console.print(["version": .string(DroverVersion.current), "commit": .string(DroverVersion.commit)])
        } else {
            context.console.print("drover \(DroverVersion.current)")
        }
        return .ok
    }
}
