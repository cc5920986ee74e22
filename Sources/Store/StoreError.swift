/// Why something could not be stored or read.
public enum StoreError: Error, Equatable, Sendable {
    /// No room on the disk. What was asked for has not happened; later attempts may succeed.
    case full
    /// The file is not a database, or a damaged one.
    case corrupt(detail: String)
    /// The database carries a migration that this program does not know.
    case newerThanProgram(migration: String)
    /// Another daemon holds the home directory.
    case locked(byPid: Int32?)
    /// More is waiting to be written than the queue may hold.
    case overloaded
    /// The store has been closed.
    case closed
    /// A session id that cannot name a file.
    case invalidSession(String)
    /// The recording ended early, at this offset, because of an earlier failure.
    case truncated(at: Int64)
    /// Anything else that the system or the database refused.
    case unavailable(reason: String)
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .full: return "the disk is full; free some space, and storing goes on by itself"
        case .corrupt(let detail): return "the database is damaged (\(detail)); move it away or restore a copy"
        case .newerThanProgram(let migration):
            return "the database was written by a newer version of Drover (it has \(migration)); update this program"
        case .locked(let pid?): return "another daemon (pid \(pid)) is using this home; stop it, or choose another home"
        case .locked(nil): return "another daemon is using this home; stop it, or choose another home"
        case .overloaded: return "too much is waiting to be stored; try again in a moment"
        case .closed: return "the store has been closed"
        case .invalidSession(let session): return "the session id \"\(session)\" cannot name a file"
        case .truncated(let offset): return "the recording ended early, after \(offset) bytes"
        case .unavailable(let reason): return reason
        }
    }
}

extension StoreError {
    /// Translates at the boundary, so that nobody outside this module meets SQLite.
    init(_ error: SQLiteError) {
        if error.isFull {
            self = .full
        } else if error.isCorrupt {
            self = .corrupt(detail: error.message)
        } else {
            self = .unavailable(reason: "the database refused: \(error.message)")
        }
    }

    /// Translates what the kernel said about `subject`.
    init(_ error: SystemError, _ subject: String) {
        self = error.isFull ? .full : .unavailable(reason: "\(subject): \(error)")
    }
}
