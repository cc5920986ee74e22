import Bytes
import Fleet

extension DoctorReport {
    /// How far the database is migrated.
    public struct Migrations: Equatable, Sendable {
        public var applied: UInt64
        public var total: UInt64
        public var appliedDescriptions: [String]
        public var pendingDescriptions: [String]

        public init(applied: UInt64, total: UInt64, appliedDescriptions: [String], pendingDescriptions: [String]) {
            self.applied = applied
            self.total = total
            self.appliedDescriptions = appliedDescriptions
            self.pendingDescriptions = pendingDescriptions
        }
    }

    /// How many rows are in which state.
    public struct LifecycleCounts: Equatable, Sendable {
        public var forking: UInt64
        public var running: UInt64
        public var exited: UInt64
        public var lost: UInt64

        public init(forking: UInt64 = 0, running: UInt64 = 0, exited: UInt64 = 0, lost: UInt64 = 0) {
            self.forking = forking
            self.running = running
            self.exited = exited
            self.lost = lost
        }
    }

    /// A runtime that can be spawned, or why not.
    public struct Launcher: Equatable, Sendable {
        public var runtime: String
        /// The path of the program.
        public var command: String?
        public var error: String?

        public init(runtime: String, command: String? = nil, error: String? = nil) {
            self.runtime = runtime
            self.command = command
            self.error = error
        }
    }

    /// What `tmux -V` said.
    public struct Tmux: Equatable, Sendable {
        public var available: Bool
        public var version: String?
        public var error: String?

        public init(available: Bool, version: String? = nil, error: String? = nil) {
            self.available = available
            self.version = version
            self.error = error
        }
    }

    /// Where the output of one session is.
    public struct SessionLogs: Equatable, Sendable {
        public var sessionID: SessionID
        public var logAvailability: LogAvailability

        public init(sessionID: SessionID, logAvailability: LogAvailability) {
            self.sessionID = sessionID
            self.logAvailability = logAvailability
        }
    }

    /// A runtime that went missing.
    public struct LostRuntime: Equatable, Sendable {
        public var sessionID: SessionID
        public var evidence: LostEvidence
        public var occurredAt: PreciseTime

        public init(sessionID: SessionID, evidence: LostEvidence, occurredAt: PreciseTime) {
            self.sessionID = sessionID
            self.evidence = evidence
            self.occurredAt = occurredAt
        }
    }
}

// MARK: - JSON

extension DoctorReport.Migrations: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            applied: try fields.number("applied"), total: try fields.number("total"),
            appliedDescriptions: try fields.strings("applied_descriptions"),
            pendingDescriptions: try fields.strings("pending_descriptions"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"applied":"#, applied)
        output.append(#","total":"#, total)
        output.append(#","applied_descriptions":"#, texts: appliedDescriptions)
        output.append(#","pending_descriptions":"#, texts: pendingDescriptions)
        output.append(UInt8(ascii: "}"))
    }
}

extension DoctorReport.LifecycleCounts: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            forking: try fields.number("forking"), running: try fields.number("running"),
            exited: try fields.number("exited"), lost: try fields.number("lost"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"forking":"#, forking)
        output.append(#","running":"#, running)
        output.append(#","exited":"#, exited)
        output.append(#","lost":"#, lost)
        output.append(UInt8(ascii: "}"))
    }
}

extension DoctorReport.Launcher: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            runtime: try fields.string("runtime"), command: try fields.optionalString("command"),
            error: try fields.optionalString("error"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"runtime":"#, runtime)
        output.append(#","command":"#, command)
        output.append(#","error":"#, error)
        output.append(UInt8(ascii: "}"))
    }
}

extension DoctorReport.Tmux: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            available: try fields.bool("available"), version: try fields.optionalString("version"),
            error: try fields.optionalString("error"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"available":"#, available)
        output.append(#","version":"#, version)
        output.append(#","error":"#, error)
        output.append(UInt8(ascii: "}"))
    }
}

extension DoctorReport.SessionLogs: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.sessionID("session_id"), logAvailability: try fields.value("log_availability"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","log_availability":"#, logAvailability)
        output.append(UInt8(ascii: "}"))
    }
}

extension DoctorReport.LostRuntime: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.sessionID("session_id"), evidence: try fields.choice("evidence"),
            occurredAt: try fields.time("occurred_at"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","evidence":"#, evidence.rawValue)
        output.append(#","occurred_at":"#, occurredAt)
        output.append(UInt8(ascii: "}"))
    }
}
