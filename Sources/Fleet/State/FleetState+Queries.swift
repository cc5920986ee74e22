/// What somebody meant by an id, a prefix of one, or a name.
public enum SessionLookup: Equatable, Sendable {
    case found(SessionID)
    /// Several ids begin so.
    case ambiguous([SessionID])
    case notFound
}

/// Which sessions to list.
public struct FleetFilter: Equatable, Sendable {
    public enum States: Equatable, Sendable {
        case live, ended
        case exactly(SessionState)
    }

    public var states: States?
    public var agent: ProviderID?
    public var origin: SessionOrigin?
    public var village: VillageID?

    public init(
        states: States? = nil, agent: ProviderID? = nil, origin: SessionOrigin? = nil, village: VillageID? = nil
    ) {
        self.states = states
        self.agent = agent
        self.origin = origin
        self.village = village
    }

    public func includes(_ view: SessionView) -> Bool {
        switch states {
        case nil: break
        case .live: guard view.isLive else { return false }
        case .ended: guard !view.isLive else { return false }
        case .exactly(let state): guard view.state == state else { return false }
        }
        return (agent ?? view.config.providerID) == view.config.providerID
            && (origin ?? view.config.origin) == view.config.origin
            && (village ?? view.config.villageID) == view.config.villageID
    }
}

extension FleetState {
    /// The shortest prefix of an id that is looked up.
    public static let prefixLength = 4

    /// Finds the session meant by `text`: an id, else a name (the newest of that name, a running one first), else a
    /// prefix of an id.
    public func lookup(_ text: String) -> SessionLookup {
        if sessions[SessionID(text)] != nil { return .found(SessionID(text)) }
        let named = sessions.values.filter { $0.config.name == text }
        if let best = named.min(by: Self.listedBefore) { return .found(best.id) }
        guard text.utf8.count >= Self.prefixLength else { return .notFound }
        let matches = sessions.keys.filter { $0.rawValue.hasPrefix(text) }.sorted()
        switch matches.count {
        case 0: return .notFound
        case 1: return .found(matches[0])
        default: return .ambiguous(matches)
        }
    }

    /// The sessions that pass, live ones first, then newest first.
    public func list(_ filter: FleetFilter = FleetFilter()) -> [SessionView] {
        sessions.values.filter(filter.includes).sorted(by: Self.listedBefore)
    }

    /// The sessions that pass, newest first, as `GET /api/runner/sessions` lists them.
    public func newestFirst(where isIncluded: (SessionView) -> Bool) -> [SessionView] {
        sessions.values.filter(isIncluded).sorted(by: Self.isNewer)
    }

    /// How many sessions of an organisation run here and have not ended.
    public func liveCount(of org: OrgID) -> Int {
        sessions.values.reduce(0) { $0 + ($1.isLive && !$1.config.origin.isReported && $1.config.orgID == org ? 1 : 0) }
    }

    private static func listedBefore(_ left: SessionView, _ right: SessionView) -> Bool {
        if left.isLive != right.isLive { return left.isLive }
        return isNewer(left, right)
    }

    private static func isNewer(_ left: SessionView, _ right: SessionView) -> Bool {
        if left.createdAt != right.createdAt { return left.createdAt > right.createdAt }
        return left.createdRowid > right.createdRowid
    }
}
