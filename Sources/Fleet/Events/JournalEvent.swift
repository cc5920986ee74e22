import Bytes

/// Where a journaled fact came from.
public struct EventSource: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A runner: events with a number, and our own about its processes.
    public static let runner = EventSource(rawValue: "runner")
    /// What agents and shells report by themselves (daemon-ipc).
    public static let hook = EventSource(rawValue: "hook")
    /// The hub itself, for instance when a runner is lost.
    public static let hub = EventSource(rawValue: "hub")
    /// The runtime RPC: launched runtimes and what became of them.
    public static let runtime = EventSource(rawValue: "rpc")
    /// The chat runtime.
    public static let chat = EventSource(rawValue: "chat")
    /// Events of agents beyond those of the daemon IPC: kept, and of no effect on the tables.
    public static let agent = EventSource(rawValue: "agent")
}

/// One fact of the journal (docs/protocols/fleet-api.md, `GET /api/events`).
///
/// Terminal chunks are the one runner event that is never here.
public struct JournalEvent: Equatable, Sendable {
    public enum Body: Equatable, Sendable {
        case sessionCreated(SessionCreated)
        case processSpawned(ProcessIdentity)
        case terminalResized(TerminalSize)
        case processExited(ProcessExit)
        case activity(AgentActivity)
        /// Needs ``JournalEvent/sequence``.
        case runner(RunnerEvent.Body)
        /// Of a launched runtime; has a ``JournalEvent/sequence`` when clients of the event cursor are told of it.
        case runtime(RuntimeFact)
        /// A fact that this program does not know: kept, shown, and passed over by the reducer.
        case other(type: String, payload: JSON)

        /// What the column `type` and the field of that name say.
        public var type: String {
            switch self {
            case .sessionCreated: return "SESSION_CREATED"
            case .processSpawned: return "PROCESS_SPAWNED"
            case .terminalResized: return "TERMINAL_RESIZED"
            case .processExited: return "PROCESS_EXITED"
            case .activity: return "AGENT_ACTIVITY"
            case .runner(let body): return body.kind.rawValue
            case .runtime(let fact): return fact.kind.rawValue
            case .other(let type, _): return type
            }
        }

        public var payload: JSON {
            switch self {
            case .sessionCreated(let payload): return payload.json
            case .processSpawned(let payload): return payload.json
            case .terminalResized(let payload): return payload.json
            case .processExited(let payload): return payload.json
            case .activity(let payload): return payload.json
            case .runner(let body): return body.payload
            case .runtime(let fact): return fact.payload
            case .other(_, let payload): return payload
            }
        }

        /// Whether events of that type are anything but ``other(type:payload:)``.
        public static func knows(_ type: String) -> Bool {
            switch type {
            case "SESSION_CREATED", "PROCESS_SPAWNED", "TERMINAL_RESIZED", "PROCESS_EXITED", "AGENT_ACTIVITY":
                return true
            default: return RunnerEvent.Kind(rawValue: type) != nil || RuntimeFact.Kind(rawValue: type) != nil
            }
        }

        /// Reads what ``type`` and ``payload`` wrote. An unknown type becomes ``other(type:payload:)``.
        public init(type: String, payload: JSON) throws(FieldError) {
            if let kind = RunnerEvent.Kind(rawValue: type) {
                self = .runner(try RunnerEvent.Body(kind: kind, json: payload))
                return
            }
            if let kind = RuntimeFact.Kind(rawValue: type) {
                self = .runtime(try RuntimeFact(kind: kind, json: payload))
                return
            }
            switch type {
            case "SESSION_CREATED": self = .sessionCreated(try SessionCreated(json: payload))
            case "PROCESS_SPAWNED": self = .processSpawned(try ProcessIdentity(json: payload))
            case "TERMINAL_RESIZED": self = .terminalResized(try TerminalSize(json: payload))
            case "PROCESS_EXITED": self = .processExited(try ProcessExit(json: payload))
            case "AGENT_ACTIVITY": self = .activity(try AgentActivity(json: payload))
            default: self = .other(type: type, payload: payload)
            }
        }
    }

    /// The place in the journal, dense and rising; 0 until the commit gives it one.
    public var rowid: Int64
    /// Unique over all sources: the same id is never taken twice.
    public var id: EventID
    /// When it happened: `ts` of a runner event.
    public var at: Timestamp
    public var source: EventSource
    public var sessionID: SessionID?
    /// The number that its source gave it: `seq` of a runner event within its session, or the cursor of a runtime's
    /// running, terminated or lost (runtime-rpc §8). Nothing else has one.
    public var sequence: Int?
    public var body: Body

    public init(
        rowid: Int64 = 0, id: EventID, at: Timestamp, source: EventSource = .runner, sessionID: SessionID?,
        sequence: Int? = nil, body: Body
    ) {
        self.rowid = rowid
        self.id = id
        self.at = at
        self.source = source
        self.sessionID = sessionID
        self.sequence = sequence
        self.body = body
    }

    /// The journal's form of a runner event. Terminal chunks have none.
    public init(rowid: Int64 = 0, id: EventID, source: EventSource = .runner, _ event: RunnerEvent) {
        precondition(event.kind != .terminalChunk, "terminal output goes to the recording, not to the journal")
        self.init(
            rowid: rowid, id: id, at: event.timestamp, source: source, sessionID: event.sessionID,
            sequence: event.sequence, body: .runner(event.body))
    }

    public var type: String { body.type }
    public var payload: JSON { body.payload }

    /// The process it speaks of, for the column of that name.
    public var pid: Int? {
        switch body {
        case .processSpawned(let process): return process.pid
        // Shims report pids of 32 bits without a sign; the kernel's own fit the column.
        case .runtime(.running(_, let runtimePID, _, _, _)): return Int32(exactly: runtimePID).map { Int($0) }
        case .sessionCreated, .terminalResized, .processExited, .activity, .runner, .runtime, .other: return nil
        }
    }

    /// The runner event it was made from. The caller adds what the envelope had and the journal keeps with the session.
    public func runnerEvent(orgID: OrgID, repoRef: RepoRef?) -> RunnerEvent? {
        guard case .runner(let body) = body, let sessionID, let sequence else { return nil }
        return RunnerEvent(
            sessionID: sessionID, orgID: orgID, repoRef: repoRef, timestamp: at, sequence: sequence, body: body)
    }
}

// MARK: - JSON

extension JournalEvent: JSONShape {
    /// Reads what ``json`` writes; the id, which a stream of events does not carry, is empty when it is left out.
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let body: Body
        do { body = try Body(type: try fields.string("type"), payload: fields.value("payload") ?? [:]) } catch {
            throw error.path == "type" ? error : error.inside("payload")
        }
        self.init(
            rowid: Int64(try fields.integer("rowid", atLeast: 0)), id: try fields.optionalID("id") ?? "",
            at: try fields.timestamp("at"), source: EventSource(rawValue: try fields.string("source")),
            sessionID: try fields.optionalID("sessionId"), sequence: try fields.optionalInteger("seq", atLeast: 0),
            body: body)
    }

    /// What `data` of a server-sent event says.
    public var json: JSON {
        .omittingNil([
            "rowid": .integer(rowid), "at": .time(at), "source": .string(source.rawValue), "type": .string(type),
            "sessionId": .id(sessionID), "seq": .optional(sequence), "payload": payload,
        ])
    }
}
