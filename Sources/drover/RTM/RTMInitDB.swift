import Store

/// Makes the database, or brings it up to date, without a daemon.
struct RTMInitDB: RTMCommand {
    static let spec = CommandSpec.rtm(
        "initdb", "Make the database, or bring it up to date",
        discussion: "rtm daemon start does so too. A database that is in use is only looked at.",
        examples: [.init("rtm initdb", "prints: rtm db initialized at PATH")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let home = context.context.environment.droverHome
        let path = home + "/drover.db"
        do throws(StoreError) {
            // The daemon that holds the home has brought its database up to date.
            let lock = try HomeLock(home: home)
            try SQLiteJournal(path: path) { _ in }.close()
            withExtendedLifetime(lock) {}
        } catch {
            guard case .locked = error else { throw RTMFailure("\(path): \(error)") }
        }
        context.print("rtm db initialized at \(path)")
        return .ok
    }
}
