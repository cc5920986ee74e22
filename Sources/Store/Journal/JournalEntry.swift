import Fleet

/// One event as the journal holds it.
public struct JournalEntry: Equatable, Sendable {
    /// Its place in the journal. Greater is later, and no place is ever used twice.
    public var rowid: Int64
    public var id: String
    public var recordedAt: String
    /// Milliseconds since 1970; made of `recordedAt` where the event was inserted by hand. 0 where that is no time.
    public var atMs: Int64
    public var type: String
    public var sessionId: String?
    public var pid: Int32?
    public var source: String?
    public var sessionSeq: Int64?
    public var payload: [UInt8]

    public init(
        rowid: Int64, id: String, recordedAt: String, atMs: Int64, type: String, sessionId: String? = nil,
        pid: Int32? = nil, source: String? = nil, sessionSeq: Int64? = nil, payload: [UInt8]
    ) {
        self.rowid = rowid
        self.id = id
        self.recordedAt = recordedAt
        self.atMs = atMs
        self.type = type
        self.sessionId = sessionId
        self.pid = pid
        self.source = source
        self.sessionSeq = sessionSeq
        self.payload = payload
    }
}

extension JournalEntry {
    /// The columns that `init(_:)` reads, in its order.
    static let columns = "seq, id, recorded_at, event_type, session_id, pid, payload, at_ms, source, session_seq"

    init(_ row: borrowing Statement) {
        rowid = row.integer(0)
        id = row.text(1)
        recordedAt = row.text(2)
        type = row.text(3)
        sessionId = row.optionalText(4)
        pid = row.optionalInteger(5).map { Int32(truncatingIfNeeded: $0) }
        payload = row.bytes(6)
        atMs = row.optionalInteger(7) ?? Timestamp(iso8601: recordedAt)?.milliseconds ?? 0
        source = row.optionalText(8)
        sessionSeq = row.optionalInteger(9)
    }
}

/// Some events, and where to go on.
public struct JournalSlice: Equatable, Sendable {
    public var entries: [JournalEntry]
    /// Everything up to this rowid has been looked at: ask for what is after it.
    public var cursor: Int64
    /// Whether there is more at this moment.
    public var hasMore: Bool
}
