import Bytes
import Fleet
import HTTP
import Reactor
import Wire

/// The unified event stream: `GET /api/events` over server-sent events, from any row on (docs/protocols/fleet-api.md).
@Loop
final class EventFeed {
    /// One reader of the stream.
    @Loop
    fileprivate final class Reader {
        let stream: EventStream
        let query: JournalQuery
        let session: SessionID?
        /// The last row that was looked at for this reader.
        var cursor: Int64
        /// Whether rows are still being read from the journal; live events are taken up afterwards.
        var isCatchingUp = true

        init(stream: EventStream, query: JournalQuery, session: SessionID?, cursor: Int64) {
            self.stream = stream
            self.query = query
            self.session = session
            self.cursor = cursor
        }
    }

    /// A reader with more than this unsent is not written to any more, and reads on from the journal once it has caught up.
    private static let backlogLimit = 1 << 20
    private static let pageSize = 500

    private let journal: any Journal
    private var readers: [ObjectIdentifier: Reader] = [:]
    /// The last row that was shown.
    private var latest: Int64 = 0

    init(journal: any Journal) { self.journal = journal }

    var count: Int { readers.count }

    /// - Parameter latest: The row that the live view reflects; where a reader starts who names none.
    func open(_ exchange: HTTPExchange, _ query: JournalQuery, session: SessionID?, latest: Int64) {
        let stream = EventStream(exchange)
        let reader = Reader(stream: stream, query: query, session: session, cursor: query.since ?? latest)
        readers[ObjectIdentifier(reader)] = reader
        stream.onClosed = { [weak self, weak reader] in
            if let reader { self?.readers[ObjectIdentifier(reader)] = nil }
        }
        stream.onDrained = { [weak self, weak reader] in
            guard let self, let reader, !reader.isCatchingUp else { return }
            catchUp(reader)
        }
        guard query.since != nil else {
            reader.isCatchingUp = false
            return
        }
        journal.oldest { [weak self, weak reader] result in
            guard let self, let reader else { return }
            if let oldest = try? result.get(), oldest > reader.cursor + 1 {
                reader.stream.send(event: "reset", data: JSON.object(["oldest": .integer(oldest)]).encoded())
                reader.cursor = oldest - 1
            }
            catchUp(reader)
        }
    }

    /// Shows a durable event to everyone who waits for it.
    func published(_ event: JournalEvent) {
        latest = event.rowid
        guard !readers.isEmpty else { return }
        var data: [UInt8]?
        for reader in readers.values where !reader.isCatchingUp && reader.cursor < event.rowid {
            // Behind: it comes back to the journal when its connection has drained.
            guard reader.stream.backlog < Self.backlogLimit, reader.cursor >= event.rowid - 1 || event.rowid == 1 else {
                if reader.stream.backlog < Self.backlogLimit { catchUp(reader) }
                continue
            }
            reader.cursor = event.rowid
            guard reader.query.includes(event, session: reader.session) else { continue }
            let bytes = data ?? event.json.encoded()
            data = bytes
            reader.stream.send(event: event.type, id: event.rowid, data: bytes)
        }
    }

    private func catchUp(_ reader: Reader) {
        reader.isCatchingUp = true
        let shown = latest
        journal.read(since: reader.cursor, limit: Self.pageSize) { [weak self, weak reader] result in
            guard let self, let reader, reader.stream.isOpen else { return }
            guard let page = try? result.get() else {
                reader.stream.abort()
                return
            }
            for event in page.events {
                reader.cursor = event.rowid
                if reader.query.includes(event, session: reader.session) {
                    reader.stream.send(event: event.type, id: event.rowid, data: event.json.encoded())
                }
            }
            if reader.stream.backlog >= Self.backlogLimit {
                // Goes on when the reader has taken what there is.
                reader.isCatchingUp = false
                return
            }
            if !page.more { reader.cursor = max(reader.cursor, shown) }
            // What was shown while the page was read, this reader has not seen.
            if page.more || reader.cursor < latest { catchUp(reader) } else { reader.isCatchingUp = false }
        }
    }

    func close() {
        for reader in readers.values { reader.stream.end() }
        readers = [:]
    }
}
