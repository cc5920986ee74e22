import RuntimeClient

/// How `drover chat` ends (chat-runtime §8.4). These are not the codes of the other verbs: 3 means that a session is not
/// known, and a daemon that does not answer is 10.
extension ExitCode {
    static let chatInvalid = ExitCode(rawValue: 2)
    static let chatNotFound = ExitCode(rawValue: 3)
    static let chatUnavailable = ExitCode(rawValue: 4)
    static let chatConfig = ExitCode(rawValue: 5)
    static let chatNetwork = ExitCode(rawValue: 10)
    static let chatProvider = ExitCode(rawValue: 11)
    static let chatTool = ExitCode(rawValue: 12)
    static let chatOther = ExitCode(rawValue: 20)
    /// Ctrl-C, as shells tell it.
    static let chatInterrupted = ExitCode(rawValue: 130)

    /// What the failure of a request comes to.
    init(_ error: RuntimeClientError) {
        switch error.code {
        case .networkUnavailable: self = .chatNetwork
        case .badRequest: self = error.serverCode == "config_invalid" ? .chatConfig : .chatInvalid
        // Which token is shown is a matter of configuration.
        case .unauthorized: self = .chatConfig
        case .notFound: self = .chatNotFound
        case .serverError where error.status == 503: self = .chatUnavailable
        case .serverError, .streamViolated, .bridgeFailed, .unknown: self = .chatOther
        }
    }

    /// What an `error` inside a stream comes to. Where the server says no more, it was the provider.
    init(_ report: ChatEvent.ErrorReport) {
        switch report.code {
        case "cancelled": self = .chatOther
        case "not_found": self = .chatNotFound
        case "shutting_down", "service_unavailable": self = .chatUnavailable
        case "invalid_request": self = .chatInvalid
        case let code? where code.hasPrefix("config"): self = .chatConfig
        default: self = .chatProvider
        }
    }
}

extension CommandFailure {
    /// Translates what the runtime client says, once for all of `drover chat`.
    init(_ error: RuntimeClientError, at baseURL: String) {
        let exit = ExitCode(error)
        let said = harmless(error.message)
        switch error.code {
        case .networkUnavailable:
            self.init(
                "No daemon answers at \(baseURL): \(said).", hints: ["Start one with: drover up"], exit: exit)
        case .unauthorized:
            self.init(
                Self.sentence(said), hints: ["Put a token of this daemon into DROVER_TOKEN."], exit: exit)
        case .notFound:
            self.init(Self.sentence(said), hints: ["See which there are: drover chat sessions"], exit: exit)
        case .streamViolated:
            self.init(
                "The daemon's answer is not understood: \(said).", hints: ["Is it of another version?"], exit: exit)
        case .badRequest, .serverError, .bridgeFailed, .unknown:
            self.init(Self.sentence(said), exit: exit)
        }
    }

    /// An `error` inside a stream, as a sentence.
    init(_ report: ChatEvent.ErrorReport) {
        let said = Self.sentence(harmless(report.message))
        self.init(said, exit: ExitCode(report))
    }
}
