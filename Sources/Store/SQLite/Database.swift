import CSQLite
import Glibc

/// A connection to a SQLite file in WAL mode, used by one thread at a time.
public struct Database: ~Copyable {
    public enum Access: Equatable, Sendable {
        /// Reads and writes, and makes the file when there is none.
        case write
        /// Reads only. The file must be there.
        case read
    }

    /// What an acknowledged commit survives.
    public enum Durability: String, Equatable, Sendable {
        /// Loss of power: every commit reaches the disk.
        case full
        /// A crash of this program.
        case normal
    }

    private let connection: OpaquePointer
    private let kept = KeptStatements()
    private let frames: FrameCount

    /// Opens `path`. A new file can be read by its owner alone, and so can the files SQLite puts beside it.
    public init(path: String, access: Access, durability: Durability = .full) throws(SQLiteError) {
        if access == .write {
            // SQLite would follow the umask. An existing file is not opened here: closing it would drop SQLite's locks.
            let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            if descriptor >= 0 { close(descriptor) } else if errno == EEXIST { chmod(path, 0o600) }
        }
        var opened: OpaquePointer?
        let flags =
            access == .write
            ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
            : SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code, of: opened)
            sqlite3_close_v2(opened)
            throw SQLiteError(
                code: error.code, message: "\(error.message): \(path)", systemError: error.systemError)
        }
        do throws(SQLiteError) {
            try Self.setUp(opened, access: access, durability: durability)
        } catch {
            sqlite3_close_v2(opened)
            throw error
        }
        connection = opened
        frames = FrameCount()
        if access == .write {
            sqlite3_wal_hook(opened, countFrames, Unmanaged.passUnretained(frames).toOpaque())
        }
    }

    private static func setUp(
        _ connection: OpaquePointer, access: Access, durability: Durability
    ) throws(SQLiteError) {
        sqlite3_extended_result_codes(connection, 1)
        sqlite3_busy_timeout(connection, busyTimeout)
        switch access {
        case .write:
            try execute("PRAGMA journal_mode = WAL", on: connection)
            try execute("PRAGMA wal_autocheckpoint = 0", on: connection)
            try execute("PRAGMA cache_size = -4096", on: connection)
            try execute("PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")", on: connection)
        case .read:
            try execute("PRAGMA query_only = ON", on: connection)
        }
    }

    deinit {
        kept.removeAll()
        sqlite3_close_v2(connection)
    }

    /// How long a statement waits for another connection, in milliseconds.
    static let busyTimeout: Int32 = 5000
}

// MARK: - Statements

extension Database {
    public func prepare(_ sql: SQL) throws(SQLiteError) -> Statement {
        try Statement(sql.text, on: connection)
    }

    /// Runs a text of one or more statements, without parameters or results.
    public func execute(_ sql: String) throws(SQLiteError) {
        try Self.execute(sql, on: connection)
    }

    private static func execute(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        let code = sqlite3_exec(connection, sql, nil, nil, nil)
        if code != SQLITE_OK { throw SQLiteError(code, of: connection) }
    }

    /// Runs one statement, which is prepared once and kept.
    ///
    /// - Parameter eventRowid: What a binding `.eventRowid` stands for.
    public func run(_ sql: SQL, _ bindings: [SQLValue] = [], eventRowid: Int64? = nil) throws(SQLiteError) {
        try withKept(sql, bindings, eventRowid: eventRowid) { (statement: borrowing Statement) throws(SQLiteError) in
            while try statement.step() {}
        }
    }

    /// Runs one query, which is prepared once and kept, and makes something of each row.
    public func rows<Row>(
        _ sql: SQL, _ bindings: [SQLValue] = [], _ row: (borrowing Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> [Row] {
        var rows: [Row] = []
        try withKept(sql, bindings) { (statement: borrowing Statement) throws(SQLiteError) in
            while try statement.step() { rows.append(try row(statement)) }
        }
        return rows
    }

    /// Makes something of the first row of a query, which is prepared once and kept.
    public func first<Row>(
        _ sql: SQL, _ bindings: [SQLValue] = [], _ row: (borrowing Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> Row? {
        var first: Row?
        try withKept(sql, bindings) { (statement: borrowing Statement) throws(SQLiteError) in
            if try statement.step() { first = try row(statement) }
        }
        return first
    }

    /// Lends a statement that is prepared once and kept, and resets it afterwards.
    func withKept(
        _ sql: SQL, _ bindings: [SQLValue] = [], eventRowid: Int64? = nil,
        _ body: (borrowing Statement) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        let entry: KeptStatement
        if let known = kept.statements[sql] {
            entry = known
        } else {
            entry = KeptStatement(try prepare(sql))
            kept.statements[sql] = entry
        }
        defer { entry.statement.reset() }
        var index: Int32 = 1
        for binding in bindings {
            if case .eventRowid = binding, let eventRowid {
                try entry.statement.bind(index, eventRowid)
            } else {
                try entry.statement.bind(index, binding)
            }
            index += 1
        }
        try body(entry.statement)
    }

    /// Rows changed by the last statement.
    public var changes: Int { Int(sqlite3_changes64(connection)) }

    public var lastInsertRowid: Int64 { sqlite3_last_insert_rowid(connection) }

    /// Whether a transaction is open. Some failures, a full disk for one, close it by themselves.
    public var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

    /// Runs `body` in a transaction that is rolled back when it throws.
    public func transaction<Result>(_ body: () throws(SQLiteError) -> Result) throws(SQLiteError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            if isInTransaction { try? execute("ROLLBACK") }
            throw error
        }
    }
}

// MARK: - The write-ahead log

extension Database {
    public enum Checkpoint: Sendable {
        /// Moves what it can without waiting for anybody.
        case passive
        /// Moves everything and makes the next writer begin the log anew.
        case restart
        /// The same, and empties the file.
        case truncate

        fileprivate var mode: Int32 {
            switch self {
            case .passive: return SQLITE_CHECKPOINT_PASSIVE
            case .restart: return SQLITE_CHECKPOINT_RESTART
            case .truncate: return SQLITE_CHECKPOINT_TRUNCATE
            }
        }
    }

    /// Pages in the write-ahead log after the last commit of this connection.
    public var logFrames: Int { frames.count }

    /// Moves pages from the log into the database, waiting at most `waitMilliseconds` for readers and writers.
    ///
    /// Says whether all pages were moved.
    @discardableResult
    public func checkpoint(_ checkpoint: Checkpoint, waitMilliseconds: Int32 = 0) throws(SQLiteError) -> Bool {
        sqlite3_busy_timeout(connection, waitMilliseconds)
        defer { sqlite3_busy_timeout(connection, Self.busyTimeout) }
        var inLog: Int32 = 0
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(connection, nil, checkpoint.mode, &inLog, &moved)
        if code & 0xFF == SQLITE_BUSY { return false }
        guard code == SQLITE_OK else { throw SQLiteError(code, of: connection) }
        return inLog == moved
    }
}

// MARK: - Private helpers

private final class FrameCount {
    var count = 0
}

/// SQLite calls it after each commit in WAL mode.
private func countFrames(
    _ context: UnsafeMutableRawPointer?, _: OpaquePointer?, _: UnsafePointer<CChar>?, _ frames: Int32
) -> Int32 {
    guard let context else { preconditionFailure("the hook was given a counter") }
    Unmanaged<FrameCount>.fromOpaque(context).takeUnretainedValue().count = Int(frames)
    return SQLITE_OK
}

private final class KeptStatement {
    let statement: Statement
    init(_ statement: consuming Statement) { self.statement = statement }
}

private final class KeptStatements {
    var statements: [SQL: KeptStatement] = [:]

    func removeAll() { statements = [:] }
}
