import CSQLite

/// A prepared statement: bind, step, read columns, reset, again.
///
/// It belongs to the thread of its database. Parameters count from 1, columns from 0.
public struct Statement: ~Copyable {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code, of: connection) }
        guard let prepared else { throw SQLiteError(code: SQLITE_MISUSE, message: "there is no statement in the text") }
        handle = prepared
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }
}

// MARK: - Parameters

extension Statement {
    public func bind(_ index: Int32, _ value: Int64) throws(SQLiteError) {
        try check(sqlite3_bind_int64(handle, index, value))
    }

    public func bind(_ index: Int32, _ value: Double) throws(SQLiteError) {
        try check(sqlite3_bind_double(handle, index, value))
    }

    public func bind(_ index: Int32, _ text: String) throws(SQLiteError) {
        var text = text
        let code = text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { characters in
                // An empty string may have no address, which would make it NULL.
                characters.baseAddress.map {
                    sqlite3_bind_text(handle, index, $0, Int32(clamping: utf8.count), drover_sqlite_transient())
                } ?? sqlite3_bind_text(handle, index, "", 0, drover_sqlite_transient())
            }
        }
        try check(code)
    }

    public func bind(_ index: Int32, utf8 bytes: [UInt8]) throws(SQLiteError) {
        let code = bytes.withUnsafeBytes { raw in
            raw.assumingMemoryBound(to: CChar.self).baseAddress.map {
                sqlite3_bind_text(handle, index, $0, Int32(clamping: raw.count), drover_sqlite_transient())
            } ?? sqlite3_bind_text(handle, index, "", 0, drover_sqlite_transient())
        }
        try check(code)
    }

    public func bind(_ index: Int32, blob bytes: [UInt8]) throws(SQLiteError) {
        let code = bytes.withUnsafeBytes { raw in
            raw.baseAddress.map {
                sqlite3_bind_blob(handle, index, $0, Int32(clamping: raw.count), drover_sqlite_transient())
            } ?? sqlite3_bind_zeroblob(handle, index, 0)
        }
        try check(code)
    }

    public func bindNull(_ index: Int32) throws(SQLiteError) {
        try check(sqlite3_bind_null(handle, index))
    }

    public func bind(_ index: Int32, _ value: SQLValue) throws(SQLiteError) {
        switch value {
        case .null: try bindNull(index)
        case .integer(let value): try bind(index, value)
        case .real(let value): try bind(index, value)
        case .text(let text): try bind(index, text)
        case .utf8(let bytes): try bind(index, utf8: bytes)
        case .blob(let bytes): try bind(index, blob: bytes)
        case .eventRowid: preconditionFailure("an event's rowid is known only where the event is inserted")
        }
    }
}

// MARK: - Running

extension Statement {
    /// Goes to the next row. `false` after the last one.
    public func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw SQLiteError(code, of: connection)
        }
    }

    /// Makes ready for the next run. What was bound stays bound.
    public func reset() {
        // It repeats the failure of the last step, which was thrown already.
        _ = sqlite3_reset(handle)
    }

    /// Runs to the end and resets, whatever happens.
    public func run() throws(SQLiteError) {
        defer { reset() }
        while try step() {}
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        if code != SQLITE_OK { throw SQLiteError(code, of: connection) }
    }
}

// MARK: - Columns

extension Statement {
    public func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    public func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    public func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    public func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

    /// The column as text. Bytes that are not UTF-8 become U+FFFD; NULL is the empty text.
    public func text(_ column: Int32) -> String {
        withBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    public func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The bytes of a text or blob. NULL is empty.
    public func bytes(_ column: Int32) -> [UInt8] {
        withBytes(column) { [UInt8]($0) }
    }

    /// Lends the bytes of a text or blob without copying them.
    public func withBytes<Result, Failure: Error>(
        _ column: Int32, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The order matters: asking for the pointer may convert the value, and the count is of the converted one.
        let start = sqlite3_column_text(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}
