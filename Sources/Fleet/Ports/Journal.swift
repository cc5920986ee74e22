/// Why the journal could not do what was asked.
public enum JournalError: Error, Equatable, Sendable {
    /// The disk has no room.
    case full
    /// The database was written by a newer program.
    case newerVersion(found: Int, known: Int)
    /// It cannot be reached or written; `reason` is for a person.
    case unavailable(reason: String)
    /// A row is not what this program wrote there.
    case corrupt(rowid: Int64, reason: String)
    /// It was closed before the work was done.
    case closed
}

/// A piece of the journal, in order.
public struct JournalPage: Equatable, Sendable {
    public var events: [JournalEvent]
    /// Whether more events follow at once.
    public var more: Bool

    public init(events: [JournalEvent], more: Bool) {
        self.events = events
        self.more = more
    }
}

/// The durable record of everything that happens: one writer, commits in groups (architecture §2).
///
/// Isolation-neutral: an implementation may be bound to a global actor, and is called, and calls back, on it.
public protocol Journal: AnyObject {
    /// Writes events in this order, all or none, and reports their row ids, in the same order, once they are durable.
    ///
    /// Completions come in the order of the calls. An event whose `id` is already in the journal is not written
    /// again: its row id is the one it has.
    func append(_ events: [JournalEvent], completion: @escaping (Result<[Int64], JournalError>) -> Void)

    /// Reads up to `limit` committed events with row ids above `rowid`.
    func read(
        since rowid: Int64, limit: Int, completion: @escaping (Result<JournalPage, JournalError>) -> Void)

    /// The row id of the oldest event still held; `nil` while there is none.
    func oldest(completion: @escaping (Result<Int64?, JournalError>) -> Void)
}
