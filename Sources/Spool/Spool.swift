import Fleet
import Glibc
import HookReport

/// The folder in which events wait while the daemon is away (daemon-ipc D-24): `~/.capacitor/spool`.
///
/// Any number of hooks add to it at once, without a lock, since a file appears under its name whole or not at all. One
/// drainer at a time empties it: the daemon at its start, or a hook. An event is removed only when the daemon has
/// answered, so a drainer that dies leaves it to be sent again, and its id keeps it from counting twice.
public struct Spool: Sendable {
    public let path: String

    /// Makes nothing yet: the folder is made by the first event.
    public init(capacitorHome: String) {
        path = capacitorHome + "/spool"
    }

    // MARK: - Adding

    /// Why an event could not be kept.
    public struct Failure: Error, Equatable, Sendable {
        /// What was being done, and to which file.
        public var doing: String
        /// An `errno`.
        public var number: Int32
    }

    /// Keeps a request under its name, and lets the oldest go when there are too many.
    public func add(_ line: [UInt8], name: String) throws(Failure) {
        guard line.count <= SpoolRules.sizeLimit else { throw Failure(doing: "keeping an event", number: EMSGSIZE) }
        try makeFolder()
        let unfinished = "\(path)/.new-\(getpid())-\(name)"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(doing: "making \(unfinished)", number: errno) }
        let isWritten = SmallFile.write(line, to: descriptor)
        let number = errno
        close(descriptor)
        guard isWritten, rename(unfinished, "\(path)/\(name)") == 0 else {
            let failure = Failure(doing: "writing \(unfinished)", number: isWritten ? errno : number)
            unlink(unfinished)
            throw failure
        }
        for name in SpoolRules.surplus(of: names()) { unlink("\(path)/\(name)") }
    }

    private func makeFolder() throws(Failure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/") {
            mkdir(String(path[..<slash]), 0o700)
            if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        }
        throw Failure(doing: "making \(path)", number: errno)
    }

    // MARK: - Looking

    /// The names of all files in the folder, in no order.
    public func names() -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// How many events wait.
    public var count: Int { names().count { SpoolRules.time(of: $0) != nil } }

    // MARK: - Draining

    /// What became of one event that was handed over.
    public enum Delivery: Sendable {
        /// The daemon has it, or will never take it.
        case done
        /// It is kept, and nothing more is tried now.
        case stop
    }

    public enum Drained: Equatable, Sendable {
        /// Everything that waited, so many events.
        case all(Int)
        /// The deadline came, or a delivery said to stop, after so many.
        case some(Int)
        /// Somebody else is at it.
        case busy
    }

    /// Hands over what waits, oldest first, each event's request line once.
    ///
    /// `mayContinue` is asked before each. Events too old are dropped, and so is what a writer that died left behind.
    public func drain(
        at now: Timestamp, while mayContinue: () -> Bool = { true }, deliver: ([UInt8]) -> Delivery
    ) -> Drained {
        let lock = open(path + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // No folder, nothing waits.
        guard lock >= 0 else { return .all(0) }
        defer { close(lock) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return .busy }
        var delivered = 0
        // Listed after the lock was taken, so nothing is sent that another drainer has just removed.
        for name in names().sorted() {
            let file = "\(path)/\(name)"
            if SpoolRules.isUnfinished(name) {
                removeAbandoned(file, at: now)
                continue
            }
            guard SpoolRules.time(of: name) != nil else { continue }
            if SpoolRules.isTooOld(name, at: now) {
                unlink(file)
                continue
            }
            guard mayContinue() else { return .some(delivered) }
            guard let line = SmallFile.read(file, limit: SpoolRules.sizeLimit), !line.isEmpty else {
                // Another hook made room in between, or the file is of no use to anybody.
                unlink(file)
                continue
            }
            switch deliver(line) {
            case .done:
                unlink(file)
                delivered += 1
            case .stop: return .some(delivered)
            }
        }
        return .all(delivered)
    }

    /// Removes a half-written file when nobody can still be writing it.
    private func removeAbandoned(_ file: String, at now: Timestamp) {
        var status = stat()
        guard stat(file, &status) == 0 else { return }
        if now.milliseconds / 1000 - Int64(status.st_mtim.tv_sec) > 60 { unlink(file) }
    }
}
