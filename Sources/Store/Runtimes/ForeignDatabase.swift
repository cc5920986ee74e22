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
        let copy = "\(scratch)/import-\(getpid()).sqlite"
        defer { for suffix in suffixes + ["-shm"] { unlink(copy + suffix) } }
        for _ in 0..<attempts {
            let before = suffixes.map { ForeignFile.Stamp(path + $0) }
            var exists = false
            for suffix in suffixes {
                unlink(copy + suffix)
                let isThere = try ForeignFile.copy(path + suffix, to: copy + suffix, limit: ForeignFile.limit)
                if suffix.isEmpty {
                    exists = isThere
                    if !isThere { break }
                }
            }
            guard exists else { return nil }
            if suffixes.map({ ForeignFile.Stamp(path + $0) }) == before { return try rows(of: copy) }
        }
        throw .unavailable(reason: "another program is writing to it; stop that one first")
    }

    private static func rows(of copy: String) throws(StoreError) -> RuntimeArchive.Rows {
        do throws(SQLiteError) {
            let database = try Database(path: copy, access: .write, durability: .normal)
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
        } catch {
            throw StoreError(error)
        }
    }
}
