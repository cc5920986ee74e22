import Bytes
import Fleet

/// Turns runner events into Socket.IO events for the right rooms (control-plane §4.6, §6).
///
/// A plain value. It keeps, per session, where its events go and the `prevSeq` chain of each audience: members, and
/// those who may only look. Output to village and agent rooms is joined to ten events a second; call ``flush(at:)``
/// at ``nextFlush``. Output to the session's own room is never held back.
public struct Translator: Sendable {
    public struct Options: Equatable, Sendable {
        /// Whether `USAGE_TICK` is shown to the session's room (`USAGE_EVENTS=on`).
        public var usageEvents: Bool
        /// The least time between two `output` events of one session in village and agent rooms.
        public var outputInterval: Duration

        public init(usageEvents: Bool = false, outputInterval: Duration = .milliseconds(100)) {
            self.usageEvents = usageEvents
            self.outputInterval = outputInterval
        }
    }

    /// Joined output is sent before it grows beyond this.
    static let joinedOutputLimit = 64 * 1024

    let options: Options
    var routes: [SessionID: Route] = [:]
    /// When each session's joined output is due.
    var due: [SessionID: MonotonicTime] = [:]
    /// Events of sessions that were not admitted, or had ended (§6, rule a).
    public private(set) var droppedEvents = 0

    public init(_ options: Options = Options()) { self.options = options }

    // MARK: Sessions

    /// Takes a session in and announces its agent.
    public mutating func admit(_ config: SessionConfig, at time: Timestamp) -> [Emission] {
        guard routes[config.sessionID] == nil else { return [] }
        let route = Route(config, admittedAt: time)
        routes[config.sessionID] = route
        return [
            Emission(rooms: [route.village], event: "agent_spawn", payload: route.spawn(isPublic: false)),
            Emission(rooms: [route.publicVillage], event: "agent_spawn", payload: route.spawn(isPublic: true)),
        ]
    }

    /// Takes a session in that was announced before this process started: its next event follows on its last.
    public mutating func restore(_ view: SessionView) {
        guard view.isLive, routes[view.id] == nil else { return }
        var route = Route(view.config, admittedAt: view.createdAt)
        route.memberSequence = view.lastSequence
        route.publicSequence = view.lastSequence
        routes[view.id] = route
    }

    /// Forgets a session. One that has ended is forgotten by itself.
    public mutating func forget(_ session: SessionID) {
        routes[session] = nil
        due[session] = nil
    }

    /// `agent_spawn` of every agent of a village that is there now, for the acknowledgement of `join_village`.
    public func agents(in village: VillageID, isPublic: Bool = false) -> JSON {
        let routes = routes.values.filter { $0.villageID == village }
        return .array(
            routes.sorted { ($0.admittedAt, $0.agentID) < ($1.admittedAt, $1.agentID) }.map {
                $0.spawn(isPublic: isPublic)
            })
    }

    // MARK: Events

    /// Translates the next event of a session. What was joined before goes out first.
    public mutating func translate(_ event: RunnerEvent, at now: MonotonicTime) -> [Emission] {
        guard let index = routes.index(forKey: event.sessionID) else {
            droppedEvents += 1
            return []
        }
        if case .terminalChunk(let chunk) = event.body { return output(chunk, of: event, index, at: now) }
        var emissions = flush(index, at: now)
        emissions += routes.values[index].translate(event, usageEvents: options.usageEvents)
        if case .sessionEnded = event.body { forget(event.sessionID) }
        return emissions
    }

    /// A changed size, which is no runner event: for the session's room.
    public func resized(_ session: SessionID, to size: TerminalSize, at time: Timestamp) -> Emission {
        Emission(
            rooms: [Room.session(session)], event: "terminal_resized",
            payload: [
                "sessionId": .string(session.rawValue), "cols": .integer(size.columns), "rows": .integer(size.rows),
                "ts": .integer(time.milliseconds),
            ])
    }

    // MARK: Joined output

    /// When ``flush(at:)`` has something to do; `nil` while nothing is held back.
    public var nextFlush: MonotonicTime? { due.values.min() }

    /// Sends the joined output that is due.
    public mutating func flush(at now: MonotonicTime) -> [Emission] {
        var emissions: [Emission] = []
        for session in due.filter({ $0.value <= now }).keys.sorted() {
            if let index = routes.index(forKey: session) { emissions += flush(index, at: now) }
        }
        return emissions
    }

    private mutating func output(
        _ chunk: TerminalChunk, of event: RunnerEvent, _ index: Dictionary<SessionID, Route>.Index,
        at now: MonotonicTime
    ) -> [Emission] {
        var emissions = [routes.values[index].terminalOutput(chunk, of: event)]
        if let held = routes.values[index].held,
            held.stream != chunk.stream || held.data.utf8.count + chunk.data.utf8.count > Self.joinedOutputLimit
        {
            emissions += flush(index, at: now)
        }
        routes.values[index].hold(chunk, of: event)
        let next = routes.values[index].lastOutputAt.map { $0 + options.outputInterval } ?? now
        if next <= now {
            emissions += flush(index, at: now)
        } else {
            due[event.sessionID] = next
        }
        return emissions
    }

    private mutating func flush(_ index: Dictionary<SessionID, Route>.Index, at now: MonotonicTime) -> [Emission] {
        guard let emission = routes.values[index].takeHeld(at: now) else { return [] }
        due[routes.values[index].sessionID] = nil
        return [emission]
    }
}
