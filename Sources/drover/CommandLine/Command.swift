/// One verb: its words, what it takes, what it does.
///
/// Parsing ends in `init`, so that `run` has only good values; what it touches comes in the context, so that a test
/// can hand it a scripted daemon.
protocol Command: Sendable {
    static var spec: CommandSpec { get }

    init(_ arguments: inout Arguments) throws(UsageError)

    func run(in context: Context) throws(CommandFailure) -> ExitCode
}

/// What the program tells its caller at the end.
struct ExitCode: RawRepresentable, Equatable, Sendable {
    var rawValue: Int32

    static let ok = ExitCode(rawValue: 0)
    static let failure = ExitCode(rawValue: 1)
    static let usage = ExitCode(rawValue: 2)
    static let daemonNotRunning = ExitCode(rawValue: 3)
}
