/// One step of the schema, with an id under which the database remembers that it was taken.
///
/// Once released it never changes: its successor corrects it.
public struct Migration: Equatable, Sendable {
    public let id: String
    public let sql: String

    public init(id: String, sql: String) {
        self.id = id
        self.sql = sql
    }
}

extension Migration {
    /// Brings the database up to date: all missing migrations in one transaction, or none.
    ///
    /// A database which knows a migration that this program does not was written by a newer one, and is left alone.
    static func apply(_ migrations: [Migration], to database: borrowing Database) throws(StoreError) {
        let applied: Set<String>
        do { applied = try Set(self.applied(in: database)) } catch { throw StoreError(error) }
        if let unknown = applied.subtracting(migrations.map(\.id)).max() {
            throw .newerThanProgram(migration: unknown)
        }
        let missing = migrations.filter { !applied.contains($0.id) }
        if missing.isEmpty { return }
        do { try take(missing, on: database) } catch { throw StoreError(error) }
    }

    private static func take(_ missing: [Migration], on database: borrowing Database) throws(SQLiteError) {
        try database.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            try database.execute("CREATE TABLE IF NOT EXISTS migration (id TEXT PRIMARY KEY) WITHOUT ROWID")
            for migration in missing {
                try database.execute(migration.sql)
                try database.run("INSERT INTO migration (id) VALUES (?)", [.text(migration.id)])
            }
            try database.execute("COMMIT")
        } catch {
            if database.isInTransaction { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    private static func applied(in database: borrowing Database) throws(SQLiteError) -> [String] {
        let exists = try database.first("SELECT 1 FROM sqlite_schema WHERE name = 'migration'") { _ in true }
        guard exists == true else { return [] }
        return try database.rows("SELECT id FROM migration") { $0.text(0) }
    }
}
