import Glibc
import Store

/// Makes the database, or brings it up to date, without a daemon.
struct RTMInitDB: RTMCommand {
    static let spec = CommandSpec.rtm(
        "initdb", "Make the database, or bring it up to date",
        discussion: "rtm daemon start does so too.",
        examples: [.init("rtm initdb", "prints: rtm db initialized at PATH")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let home = context.context.environment.droverHome
        let path = home + "/drover.db"
        try Self.makeDirectory(home)
        do throws(StoreError) {
            // Beside a running daemon this is harmless: SQLite lets one migrate at a time, and there is nothing to do.
            try SQLiteJournal(path: path) { _ in }.close()
        } catch {
            throw RTMFailure("\(path): \(error)")
        }
        context.print("rtm db initialized at \(path)")
        return .ok
    }

    /// Makes a directory, and those above it, for the owner alone.
    private static func makeDirectory(_ path: String) throws(RTMFailure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        }
        throw RTMFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
    }
}
