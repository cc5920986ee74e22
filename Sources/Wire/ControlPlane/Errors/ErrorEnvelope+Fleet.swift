import Bytes
import Fleet

extension ErrorEnvelope {
    /// A body that does not say what it should: message `invalid body`, and in `details` the fields one by one.
    public init(_ error: InvalidBody) {
        self.init(.validation, error.isQuery ? "invalid query" : "invalid body", details: error.details)
    }

    /// What a runner refused, in the words of §3.2.
    public init(_ error: RunnerError) {
        switch error {
        case .sessionNotFound: self.init(.sessionNotFound, "there is no such session")
        case .approvalNotFound: self.init(.approvalNotFound, "there is no such approval, or it was answered already")
        case .invalidState(let state):
            self.init(
                .invalidState, "the session is \(state.rawValue), which does not allow this",
                details: ["state": .string(state.rawValue)])
        case .approvalConflict(let recorded):
            self.init(
                .approvalConflict, "the approval was already answered with \(recorded.rawValue)",
                details: ["decision": .string(recorded.rawValue)])
        case .sessionLimitExceeded(let limit):
            self.init(
                .sessionLimitExceeded, "\(limit) sessions are running, and no more may; stop one first",
                details: ["limit": .integer(limit)])
        case .noRunnerAvailable: self.init(.noRunnerAvailable, "no runner can take this session now; try again later")
        case .providerNotSupported(let provider):
            self.init(
                .providerNotSupported, "no adapter here runs \(provider)",
                details: ["providerId": .string(provider.rawValue)])
        case .inputFull: self.init(.rateLimited, "the session does not read its input as fast as it comes; slow down")
        case .inputIsForPeople:
            self.init(.forbidden, "the session waits for a person's answer, which another agent may not give")
        case .inputNotTaken:
            self.init(.invalidState, "the session runs without a terminal, so nothing can be typed into it")
        case .journal(.full): self.init(.unavailable, "the disk of the journal is full; make room")
        case .journal: self.init(.unavailable, "the journal cannot be written now; look into the daemon's log")
        case .internal(let message): self.init(.internalError, message)
        }
    }

    /// What a session that nobody here runs is answered with when it is to be written to or stopped.
    public init(reported view: SessionView) {
        let sentence =
            view.config.origin == .chat
            ? "this is a chat; talk to it at /api/chat, or with drover chat"
            : "this agent was started elsewhere and only reports here; type into its own terminal (drover where tells which)"
        self.init(.invalidState, sentence, details: ["origin": .string(view.config.origin.rawValue)])
    }

    /// What came of looking for a session by id, prefix or name; the id if it was found.
    public static func resolve(_ lookup: SessionLookup) throws(ErrorEnvelope) -> SessionID {
        switch lookup {
        case .found(let id): return id
        case .notFound: throw ErrorEnvelope(.sessionNotFound, "there is no such session")
        case .ambiguous(let ids):
            throw ErrorEnvelope(
                .ambiguousID, "several sessions begin so; write more of the id",
                details: ["matches": .strings(ids.map(\.rawValue))])
        }
    }
}
