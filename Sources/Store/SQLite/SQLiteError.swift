import CSQLite
import Glibc

/// What SQLite answered instead of doing as it was told.
public struct SQLiteError: Error, Equatable, Sendable {
    /// The extended result code.
    public let code: Int32
    public let message: String
    /// The error number of the kernel, where one was behind it; otherwise 0.
    public let systemError: Int32

    public init(code: Int32, message: String, systemError: Int32 = 0) {
        self.code = code
        self.message = message
        self.systemError = systemError
    }

    /// Takes what a connection remembers of its last failure, right after it.
    init(_ code: Int32, of connection: OpaquePointer?) {
        // SQLite keeps no error number of a failed commit. The system's own is still the one of the failed write.
        let current = errno
        let isRemembered = connection != nil && sqlite3_errcode(connection) & 0xFF == code & 0xFF
        let remembered = connection.map { sqlite3_system_errno($0) } ?? 0
        self.init(
            code: isRemembered ? sqlite3_extended_errcode(connection) : code,
            message: String(cString: isRemembered ? sqlite3_errmsg(connection) : sqlite3_errstr(code)),
            systemError: code & 0xFF == SQLITE_IOERR && remembered == 0 ? current : remembered)
    }

    private var primaryCode: Int32 { code & 0xFF }

    public var isFull: Bool {
        primaryCode == SQLITE_FULL || (primaryCode == SQLITE_IOERR && SystemError(systemError).isFull)
    }

    public var isCorrupt: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }

    public var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

    /// Whether it concerns the statement and its values, and leaves the transaction as it was.
    public var isOfStatement: Bool {
        switch primaryCode {
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_ERROR, SQLITE_MISUSE: return true
        default: return false
        }
    }

    /// Whether a value is there already that may be there once.
    public var isUniqueness: Bool { code == SQLITE_CONSTRAINT | (8 << 8) }
}

extension SQLiteError: CustomStringConvertible {
    public var description: String { "\(message) (\(code))" }
}
