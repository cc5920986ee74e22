import Bytes

/// One row of the journal, as `/api/events` tells it.
public struct JournalEvent: Equatable, Sendable {
    public var rowid: Int
    /// Milliseconds since 1970.
    public var at: Int
    public var source: String
    public var type: String
    public var sessionID: String?
    public var seq: Int?
    public var payload: JSON
    /// The whole of it as the daemon wrote it.
    public var json: JSON

    public init?(json: JSON) {
        guard let rowid = json["rowid"]?.integer, let type = json["type"]?.string else { return nil }
        self.rowid = rowid
        at = json["at"]?.integer ?? 0
        source = json["source"]?.string ?? ""
        self.type = type
        sessionID = json["sessionId"]?.string
        seq = json["seq"]?.integer
        payload = json["payload"] ?? .null
        self.json = json
    }
}

/// What comes out of a followed event stream.
public enum JournalNews: Equatable, Sendable {
    case event(JournalEvent)
    /// The rows asked for are gone; the stream goes on from the oldest there is.
    case reset(oldest: Int?)
}

/// The journal as it grows. It is read without waiting: the caller polls `descriptor` among others.
public final class EventStream {
    private let stream: HTTPStream
    private var decoder = ServerSentEventDecoder()
    /// The last row seen, from which another stream can go on.
    public private(set) var cursor: Int?

    init(_ stream: HTTPStream, since cursor: Int?) {
        self.stream = stream
        self.cursor = cursor
    }

    public var descriptor: Int32 { stream.descriptor }

    /// What has arrived; `nil` when the stream is over.
    public func available() throws(ClientError) -> [JournalNews]? {
        guard let bytes = try stream.available() else { return nil }
        decoder.feed(bytes)
        var news: [JournalNews] = []
        do {
            while let message = try decoder.next() {
                guard let json = try? JSON(parsing: message.data) else { continue }
                if message.event == "reset" {
                    news.append(.reset(oldest: json["oldest"]?.integer))
                } else if let event = JournalEvent(json: json) {
                    cursor = event.rowid
                    news.append(.event(event))
                }
            }
        } catch {
            throw .notDrover(detail: "a message of its event stream is too long")
        }
        return news
    }
}
