/// One event on its way into the journal: a row of the table `events`.
public struct JournalRecord: Equatable, Sendable {
    /// Unique for all time: an event that arrives twice is stored once.
    public var id: String
    /// When it happened, in milliseconds since 1970.
    public var atMs: Int64
    /// The same in words (RFC 3339), where the reporter's own words are to be kept; else it is made of `atMs`.
    public var recordedAt: String?
    public var type: String
    public var sessionId: String?
    public var pid: Int32?
    /// Which way it came: `hook`, `runner`, `gate`, ….
    public var source: String
    /// The dense number that the source gave it within its session.
    public var sessionSeq: Int64?
    /// JSON text.
    public var payload: [UInt8]

    public init(
        id: String, atMs: Int64, recordedAt: String? = nil, type: String, sessionId: String? = nil, pid: Int32? = nil,
        source: String, sessionSeq: Int64? = nil, payload: [UInt8]
    ) {
        self.id = id
        self.atMs = atMs
        self.recordedAt = recordedAt
        self.type = type
        self.sessionId = sessionId
        self.pid = pid
        self.source = source
        self.sessionSeq = sessionSeq
        self.payload = payload
    }
}

/// A statement that takes effect together with an event, or with nothing but its like.
///
/// Parameters stand as `?` in the text, which is prepared once: keep values out of it. A binding `.eventRowid` is
/// the rowid that the event was given.
public struct DerivedWrite: Equatable, Sendable {
    public var sql: SQL
    public var bindings: [SQLValue]

    public init(_ sql: SQL, _ bindings: [SQLValue] = []) {
        self.sql = sql
        self.bindings = bindings
    }

    /// Stores a value under a key of the table `daemon_meta`.
    public static func meta(_ key: String, _ value: SQLValue) -> DerivedWrite {
        DerivedWrite(putMeta, [.text(key), value])
    }

    private static let putMeta: SQL = """
        INSERT INTO daemon_meta (key, value) VALUES (?, CAST(? AS TEXT))
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """
}

/// What became of one thing that the journal was given.
public struct JournalCompletion: Equatable, Sendable {
    public enum Result: Equatable, Sendable {
        /// The event and all that derives from it is durable.
        case committed(rowid: Int64)
        /// The id was there already, at this rowid. Nothing was changed.
        case duplicate(rowid: Int64)
        /// A group of events is durable, at these rowids. An event whose id was there already has the rowid it had.
        case appended(rowids: [Int64])
        /// Writes without an event are durable, or pruning is done; so many rows were changed.
        case applied(rows: Int)
        /// Nothing of it has happened.
        case failed(StoreError)
    }

    /// What the caller gave along.
    public let token: UInt64
    public let result: Result

    public init(token: UInt64, result: Result) {
        self.token = token
        self.result = result
    }
}

/// Which events may be forgotten: those older than a time, and those beyond a number.
///
/// Nothing after `cursor` is ever deleted.
public struct Retention: Equatable, Sendable {
    public var keepNewest: Int
    /// Milliseconds since 1970.
    public var olderThanMs: Int64
    public var cursor: Int64

    public init(keepNewest: Int = 200_000, olderThanMs: Int64, cursor: Int64) {
        self.keepNewest = keepNewest
        self.olderThanMs = olderThanMs
        self.cursor = cursor
    }
}
