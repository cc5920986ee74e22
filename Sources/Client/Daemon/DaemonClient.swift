import Bytes

/// What a command can ask of the daemon, in the words of `docs/protocols/fleet-api.md`.
public final class DaemonClient {
    public let http: HTTPClient
    public var address: DaemonAddress { http.address }

    public init(_ http: HTTPClient) {
        self.http = http
    }

    // MARK: - Questions

    public struct Fleet: Equatable, Sendable {
        public var sessions: [Session]
        public var total: Int
        /// The journal row this view reflects.
        public var cursor: Int
        public var json: JSON
    }

    public func fleet(state: String? = nil, agent: String? = nil, limit: Int = 1000) throws(ClientError) -> Fleet {
        var target = "/api/fleet?limit=\(limit)"
        if let state { target += "&state=\(percentEncoded(state))" }
        if let agent { target += "&agent=\(percentEncoded(agent))" }
        let json = try get(target)
        guard let items = json["items"]?.array else { throw .notDrover(detail: "its fleet has no items") }
        let sessions = items.compactMap { Session(json: $0) }
        return Fleet(
            sessions: sessions, total: json["total"]?.integer ?? sessions.count, cursor: json["cursor"]?.integer ?? 0,
            json: json)
    }

    /// The session with that id, prefix or name.
    public func session(_ id: String) throws(ClientError) -> Session {
        do throws(ClientError) {
            guard let session = Session(json: try get("/api/fleet/\(percentEncoded(id))")) else {
                throw .notDrover(detail: "its session has no id or state")
            }
            return session
        } catch {
            guard case .refused(var refusal) = error, refusal.status == 404 else { throw error }
            // The daemon need not repeat what it was asked for; a person wants to see it.
            refusal.message = "no session is called \"\(id)\""
            throw .refused(refusal)
        }
    }

    /// What the state of a session rests on (docs/protocols/fleet-api.md).
    public func why(_ session: String) throws(ClientError) -> JSON {
        try get("/api/fleet/\(percentEncoded(session))/why")
    }

    public func approvals(of session: String) throws(ClientError) -> [Approval] {
        let json = try get("/api/runner/sessions/\(percentEncoded(session))/approvals")
        return json["items"]?.array?.compactMap { Approval(json: $0) } ?? []
    }

    /// A page of the journal, oldest first.
    public struct EventPage: Equatable, Sendable {
        public var events: [JournalEvent]
        public var cursor: Int
        public var hasMore: Bool
    }

    public func events(
        since: Int, session: String? = nil, types: [String] = [], limit: Int = 500
    ) throws(ClientError) -> EventPage {
        let target = Self.eventsTarget(since: since, session: session, types: types) + "&limit=\(limit)"
        let json = try get(target)
        return EventPage(
            events: json["items"]?.array?.compactMap { JournalEvent(json: $0) } ?? [],
            cursor: json["cursor"]?.integer ?? since, hasMore: json["more"]?.bool ?? false)
    }

    /// The journal from `since` on, and then as it grows.
    public func followEvents(
        since: Int?, session: String? = nil, types: [String] = []
    ) throws(ClientError) -> EventStream {
        let stream = try http.stream(
            HTTPRequest(
                .get, Self.eventsTarget(since: since, session: session, types: types),
                headers: [HTTPHeader("Accept", "text/event-stream")]))
        guard stream.head.status == 200 else {
            let response = HTTPResponse(head: stream.head, body: try stream.rest(timeout: .seconds(5)))
            throw Self.failure(response, target: "/api/events")
        }
        return EventStream(stream, since: since)
    }

    private static func eventsTarget(since: Int?, session: String?, types: [String]) -> String {
        var query: [String] = []
        if let since { query.append("since=\(since)") }
        if let session { query.append("session=\(percentEncoded(session))") }
        if !types.isEmpty { query.append("types=\(types.map(percentEncoded).joined(separator: ","))") }
        return "/api/events" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    // MARK: - Orders

    /// Does something to a session that the control plane has a route for: `stop`, `input`, `pause` and so on.
    @discardableResult
    public func order(_ what: String, session: String, body: JSON = [:]) throws(ClientError) -> JSON {
        try post("/api/runner/sessions/\(percentEncoded(session))/\(what)", body)
    }

    public func decide(
        _ decision: String, approval: String, session: String, note: String?
    ) throws(ClientError) {
        let body = JSON.omittingNil(["decision": .string(decision), "note": note.map { .string($0) }])
        try order("approvals/\(percentEncoded(approval))", session: session, body: body)
    }

    // MARK: - Terminal bytes

    public struct Output: Equatable, Sendable {
        /// Of the first byte.
        public var offset: Int
        /// After the last byte that the recording holds now.
        public var end: Int
        public var bytes: [UInt8]
    }

    /// The program's own bytes from an offset on; a negative one counts from the end.
    public func output(
        of session: String, from: Int, limit: Int? = nil, onBytes: (([UInt8]) -> Void)? = nil
    ) throws(ClientError) -> Output {
        var target = "/api/fleet/\(percentEncoded(session))/output?from=\(from)"
        if let limit { target += "&limit=\(limit)" }
        let response = try http.send(HTTPRequest(.get, target), onBody: onBytes)
        guard response.head.status == 200 else { throw Self.failure(response, target: target) }
        let offset = response.head["x-drover-offset"].flatMap { Int($0) } ?? max(0, from)
        let end = response.head["x-drover-end"].flatMap { Int($0) } ?? offset + response.body.count
        return Output(offset: offset, end: end, bytes: response.body)
    }

    // MARK: - HTTP

    public func get(_ target: String) throws(ClientError) -> JSON {
        try ask(HTTPRequest(.get, target, headers: [HTTPHeader("Accept", "application/json")]))
    }

    public func post(_ target: String, _ body: JSON) throws(ClientError) -> JSON {
        let headers = [HTTPHeader("Accept", "application/json"), HTTPHeader("Content-Type", "application/json")]
        return try ask(HTTPRequest(.post, target, headers: headers, body: body.encoded()))
    }

    private func ask(_ request: HTTPRequest) throws(ClientError) -> JSON {
        let response = try http.send(request)
        guard 200..<300 ~= response.head.status else { throw Self.failure(response, target: request.target) }
        if response.body.isEmpty { return .null }
        guard let json = try? JSON(parsing: response.body) else {
            throw .notDrover(detail: "it answers \(Self.path(request.target)) with something that is not JSON")
        }
        return json
    }

    private static func failure(_ response: HTTPResponse, target: String) -> ClientError {
        let status = response.head.status
        if let json = try? JSON(parsing: response.body), let refusal = Refusal(status: status, json: json) {
            return .refused(refusal)
        }
        return .notDrover(detail: "it answers \(path(target)) with \(status)")
    }

    private static func path(_ target: String) -> String { String(target.prefix { $0 != "?" }) }
}
