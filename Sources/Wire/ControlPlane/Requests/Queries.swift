import Fleet

/// The decoded parameters of a query, in the order they came.
public typealias QueryParameters = [(name: String, value: String)]

/// `GET /api/runner/sessions` (control-plane §3.2).
public struct SessionsQuery: Equatable, Sendable {
    public var villageID: VillageID?
    public var state: SessionState?
    public var providerID: ProviderID?
    public var page: Int
    public var pageSize: Int

    public init(_ parameters: QueryParameters) throws(InvalidBody) {
        var query = QueryReader(parameters)
        villageID = query.text("villageId").map { VillageID($0) }
        state = query.choice("state")
        providerID = query.text("providerId").map { ProviderID($0) }
        page = query.integer("page", 1...1_000_000) ?? 1
        pageSize = query.integer("pageSize", 1...100) ?? 20
        try query.faults.finish(isQuery: true)
    }

    public func includes(_ view: SessionView) -> Bool {
        (villageID ?? view.config.villageID) == view.config.villageID && (state ?? view.state) == view.state
            && (providerID ?? view.config.providerID) == view.config.providerID
    }
}

/// `GET /api/runner/sessions/:id/events` (control-plane §3.2).
public struct SessionEventsQuery: Equatable, Sendable {
    public var afterSequence: Int
    public var limit: Int

    public init(_ parameters: QueryParameters) throws(InvalidBody) {
        var query = QueryReader(parameters)
        afterSequence = query.integer("afterSeq", 0...Int.max) ?? 0
        limit = query.integer("limit", 1...2000) ?? 500
        try query.faults.finish(isQuery: true)
    }
}

/// `GET /api/fleet` (docs/protocols/fleet-api.md).
public struct FleetQuery: Equatable, Sendable {
    public var filter: FleetFilter
    public var limit: Int

    public init(_ parameters: QueryParameters) throws(InvalidBody) {
        var query = QueryReader(parameters)
        var states: FleetFilter.States?
        switch query.text("state") {
        case nil: break
        case "live": states = .live
        case "ended": states = .ended
        case let text?:
            states = SessionState(rawValue: text).map { .exactly($0) }
            query.faults.check(states != nil, "state", Fields.oneOf(SessionState.self) + ", live, ended")
        }
        filter = FleetFilter(
            states: states, agent: query.text("agent").map { ProviderID($0) }, origin: query.choice("origin"))
        limit = query.integer("limit", 1...1000) ?? 200
        try query.faults.finish(isQuery: true)
    }
}

/// `GET /api/events` (docs/protocols/fleet-api.md), as a stream or as one page.
public struct JournalQuery: Equatable, Sendable {
    /// The row to go on after; `nil` means from now on.
    public var since: Int64?
    /// An id, a prefix or a name, as written.
    public var session: String?
    /// `nil` means all.
    public var types: Set<String>?
    /// For one page.
    public var limit: Int

    /// `lastEventID` is the header of that name, which wins over `since`.
    public init(_ parameters: QueryParameters, lastEventID: String? = nil) throws(InvalidBody) {
        var query = QueryReader(parameters)
        since = query.integer("since", 0...Int.max).map { Int64($0) }
        if let lastEventID, !lastEventID.isEmpty {
            since = Int64(lastEventID)
            query.faults.check(since.map { $0 >= 0 } ?? false, "Last-Event-ID", "must be a row id")
        }
        session = query.text("session")
        types = query.text("types").map { Set($0.split(separator: ",").map(String.init)) }
        limit = query.integer("limit", 1...5000) ?? 500
        try query.faults.finish(isQuery: true)
    }

    /// Whether an event passes, `session` being the id that was meant.
    public func includes(_ event: JournalEvent, session: SessionID?) -> Bool {
        (session == nil || event.sessionID == session) && (types.map { $0.contains(event.type) } ?? true)
    }
}

/// `GET /api/fleet/:id/output` (docs/protocols/fleet-api.md).
public struct OutputQuery: Equatable, Sendable {
    /// Negative: that many bytes from the end.
    public var from: Int
    public var limit: Int?

    public init(_ parameters: QueryParameters) throws(InvalidBody) {
        var query = QueryReader(parameters)
        from = query.integer("from", Int.min...Int.max) ?? 0
        limit = query.integer("limit", 0...Int.max)
        try query.faults.finish(isQuery: true)
    }

    /// Which bytes of a recording of `length` bytes are meant.
    public func range(in length: Int) -> Range<Int> {
        let start = from < 0 ? max(0, length + max(from, -length)) : min(from, length)
        return start..<(start + min(limit ?? length, length - start))
    }
}

/// Reads parameters; the last of a name wins, an empty one counts as absent.
private struct QueryReader {
    let parameters: QueryParameters
    var faults = FaultCollector()

    init(_ parameters: QueryParameters) { self.parameters = parameters }

    func text(_ name: String) -> String? {
        parameters.last { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let text = text(name) else { return nil }
        guard let value = Int(text), !text.hasPrefix("+") else {
            faults.note(name, "must be an integer")
            return nil
        }
        if range.upperBound == .max {
            faults.check(range.contains(value), name, "must be at least \(range.lowerBound)")
        } else {
            faults.check(range.contains(value), name, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) -> Choice? {
        guard let text = text(name) else { return nil }
        let choice = Choice(rawValue: text)
        faults.check(choice != nil, name, Fields.oneOf(Choice.self))
        return choice
    }
}
