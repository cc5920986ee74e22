import Glibc

/// Stands in for the daemon where it is not built.
enum Daemon {
    static func run(_ options: DaemonOptions) -> Never {
        Console(environment: .current).remark("The daemon is not built in this checkout.")
        exit(ExitCode.failure.rawValue)
    }
}
