import Fleet
import Glibc

/// The rows of an original database (runtime-rpc §11).
///
/// Even to read one, SQLite would put files beside it. So it works on a copy, which is also where it brings in what a
/// program that stopped in the middle has left in the log.
enum ForeignDatabase {
    /// What belongs to a database: the file itself, a write-ahead log, and what an unfinished transaction would undo.
    private static let suffixes = ["", "-wal", "-journal"]

    /// How often to begin again when another program is writing.
    private static let attempts = 3

    /// Reads the rows of `path`; `nil` when there is no such file.
    static func read(_ path: String, scratch: String) throws(StoreError) -> RuntimeArchive.Rows? {
        try withCopy(of: path, scratch: scratch) { (copy: borrowing Database) throws(SQLiteError) in
            try lifecycles(in: copy)
        }
    }

    /// Lends a copy of the database at `path`, which is deleted afterwards; `nil` when there is no such file.
    ///
    /// One with more than `limit` bytes is refused.
    static func withCopy<Result>(
        of path: String, scratch: String, limit: Int = ForeignFile.limit,
        _ body: (borrowing Database) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result? {
        let copy = "\(scratch)/import-\(getpid()).sqlite"
        defer { for suffix in suffixes + ["-shm"] { unlink(copy + suffix) } }
        for _ in 0..<attempts {
            let before = suffixes.map { ForeignFile.Stamp(path + $0) }
            var exists = false
            for suffix in suffixes {
                unlink(copy + suffix)
                let isThere = try ForeignFile.copy(path + suffix, to: copy + suffix, limit: limit)
                if suffix.isEmpty {
                    exists = isThere
                    if !isThere { break }
                }
            }
            guard exists else { return nil }
            guard suffixes.map({ ForeignFile.Stamp(path + $0) }) == before else { continue }
            do throws(SQLiteError) {
                return try body(try Database(path: copy, access: .write, durability: .normal))
            } catch {
                throw StoreError(error)
            }
        }
        throw .unavailable(reason: "another program is writing to it; stop that one first")
    }

    private static func lifecycles(in database: borrowing Database) throws(SQLiteError) -> RuntimeArchive.Rows {
        let hasTable = try database.first("SELECT 1 FROM sqlite_schema WHERE name = 'lifecycle'") { _ in true }
        var found = RuntimeArchive.Rows()
        guard hasTable == true else { return found }
        let columns = RuntimeLifecycle.contractColumns + ", NULL, NULL, NULL, NULL, NULL, NULL"
        let rows = try database.rows("SELECT \(columns) FROM lifecycle ORDER BY session_id") { RuntimeRow($0) }
        for row in rows {
            if let row = row.row { found.rows.append(row) }
            found.problems += row.problems
        }
        return found
    }
}
