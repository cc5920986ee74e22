import Bytes
import Fleet

/// What a Socket.IO client asks for (control-plane §4.4, docs/protocols/fleet-api.md).
public enum ClientEvent: Equatable, Sendable {
    public enum Target: Equatable, Sendable {
        case village(VillageID)
        case agent(AgentID)
        case repo(String)
        case session(SessionID)
        case fleet

        public var room: String {
            switch self {
            case .village(let id): return Room.village(id)
            case .agent(let id): return Room.agent(id)
            case .repo(let id): return Room.repo(id)
            case .session(let id): return Room.session(id)
            case .fleet: return Room.fleet
            }
        }

        /// `village`, `agent`, …: for messages and for the label of a metric.
        public var kind: String {
            switch self {
            case .village: return "village"
            case .agent: return "agent"
            case .repo: return "repo"
            case .session: return "session"
            case .fleet: return "fleet"
            }
        }
    }

    case join(Target)
    case leave(Target)
    case ping
    /// `bytes` are ready to be written: mode `line` has its newline.
    case terminalInput(SessionID, bytes: [UInt8])
    case terminalResize(SessionID, TerminalSize)
    case authRefresh(token: String)
    /// An event that nobody handles, or that is counted and dropped (`work_stream_event`, `agent_update`).
    case ignored(String)

    /// Bytes that one `terminal_input` may carry.
    public static let inputLimit = 64 * 1024

    /// Reads an event and its first argument.
    public init(name: String, payload: JSON?) throws(SocketError) {
        switch name {
        case "ping": self = .ping
        case "join_fleet": self = .join(.fleet)
        case "leave_fleet": self = .leave(.fleet)
        case "terminal_input": self = try Self.input(payload)
        case "terminal_resize": self = try Self.resize(payload)
        case "auth_refresh": self = .authRefresh(token: try Self.text(payload, "token"))
        default:
            if name.hasPrefix("join_"), let target = try Self.target(String(name.dropFirst(5)), payload) {
                self = .join(target)
            } else if name.hasPrefix("leave_"), let target = try Self.target(String(name.dropFirst(6)), payload) {
                self = .leave(target)
            } else {
                self = .ignored(name)
            }
        }
    }

    private static func target(_ kind: String, _ payload: JSON?) throws(SocketError) -> Target? {
        switch kind {
        case "village": return .village(VillageID(try text(payload, "villageId")))
        case "agent": return .agent(AgentID(try text(payload, "agentId")))
        case "repo": return .repo(try text(payload, "repoId"))
        case "session": return .session(SessionID(try text(payload, "sessionId")))
        default: return nil
        }
    }

    private static func text(_ payload: JSON?, _ key: String) throws(SocketError) -> String {
        guard let text = payload?[key]?.string, !text.isEmpty, text.utf8.count <= 4096 else {
            throw SocketError(.badPayload, "\(key) required")
        }
        return text
    }

    private static func input(_ payload: JSON?) throws(SocketError) -> ClientEvent {
        let session = SessionID(try text(payload, "sessionId"))
        guard let data = payload?["data"]?.string else { throw SocketError(.badPayload, "data required") }
        guard data.utf8.count <= inputLimit else { throw SocketError(.badPayload, "data must have at most 64 KiB") }
        var bytes = Array(data.utf8)
        switch payload?["mode"] {
        case nil, .null, "raw": break
        case "line": bytes.append(UInt8(ascii: "\n"))
        default: throw SocketError(.badPayload, "mode must be raw or line")
        }
        return .terminalInput(session, bytes: bytes)
    }

    private static func resize(_ payload: JSON?) throws(SocketError) -> ClientEvent {
        let session = SessionID(try text(payload, "sessionId"))
        guard let columns = payload?["cols"]?.integer, ResizeBody.columns.contains(columns) else {
            throw SocketError(.badPayload, "cols must be from 2 to 500")
        }
        guard let rows = payload?["rows"]?.integer, ResizeBody.rows.contains(rows) else {
            throw SocketError(.badPayload, "rows must be from 1 to 300")
        }
        return .terminalResize(session, TerminalSize(columns: columns, rows: rows))
    }
}

/// Why a client's event failed: the acknowledgement carries it, and so does the event `ws_error` (§4.4).
public struct SocketError: Error, Equatable, Sendable {
    public enum Code: String, CaseIterable, Sendable {
        case unauthorized = "E_UNAUTH"
        case badPayload = "E_BAD_PAYLOAD"
        case forbidden = "E_FORBIDDEN"
        case rateLimit = "E_RATE_LIMIT"
        case notFound = "E_NOT_FOUND"
        case invalidState = "E_INVALID_STATE"
        case `internal` = "E_INTERNAL"
    }

    /// The event that carries ``json`` to clients that pass no acknowledgement.
    public static let event = "ws_error"

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public static let tooManyJoins = SocketError(.rateLimit, "too many join attempts")
    public static let tooManyEvents = SocketError(.rateLimit, "too many events")

    public static func forbidden(_ target: ClientEvent.Target) -> SocketError {
        SocketError(.forbidden, "not allowed to join \(target.kind)")
    }

    /// What a runner refused; faults of our own keep their details to themselves.
    public init(_ error: RunnerError) {
        switch error {
        case .sessionNotFound: self.init(.notFound, "there is no such session")
        case .approvalNotFound: self.init(.notFound, "there is no such approval")
        case .invalidState(let state): self.init(.invalidState, "the session is \(state.rawValue)")
        case .approvalConflict: self.init(.invalidState, "the approval was answered differently")
        case .inputIsForPeople: self.init(.forbidden, "the session waits for a person's answer")
        case .inputNotTaken: self.init(.invalidState, "the session runs without a terminal")
        case .inputFull, .sessionLimitExceeded: self.init(.rateLimit, "too much at once")
        case .noRunnerAvailable, .providerNotSupported, .journal, .internal: self.init(.internal, "internal error")
        }
    }

    /// `{ok:false, error:{code, message}}`.
    public var json: JSON {
        ["ok": false, "error": ["code": .string(code.rawValue), "message": .string(message)]]
    }
}
