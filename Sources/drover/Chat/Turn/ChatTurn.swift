import RuntimeClient

/// What became of one message: the answer so far, and how it ended.
///
/// A plain value, told event by event.
struct ChatTurn: Equatable {
    enum Ending: Equatable {
        case done(ChatEvent.TurnReport)
        /// The server's own `error`.
        case refused(ChatEvent.ErrorReport)
        /// The stream itself failed.
        case failed(RuntimeClientError)
    }

    private(set) var sessionID: String?
    /// What the model has said since the last tool: in the end that is its answer.
    private(set) var answer = ""
    private(set) var toolErrors = 0
    private(set) var lastToolFailed = false
    private(set) var ending: Ending?

    mutating func took(_ event: ChatEvent) {
        switch event {
        case .session(let report): sessionID = report.sessionID
        case .delta(let text): answer += text
        case .toolCall(let report):
            answer = ""
            lastToolFailed = report.isError
            if report.isError { toolErrors += 1 }
        case .done(let report): ending = ending ?? .done(report)
        case .error(let report): ending = ending ?? .refused(report)
        }
    }

    /// The stream is over.
    mutating func streamEnded(_ error: RuntimeClientError?) {
        if let error { ending = ending ?? .failed(error) }
    }

    /// What a caller is told. A turn that gave up among tools, the last of which had failed, is a failure of tools; one that
    /// found its way around them is none.
    var exit: ExitCode {
        switch ending {
        case .done(let report)?:
            return lastToolFailed && report.finishReason == "tool_calls" ? .chatTool : .ok
        case .refused(let report)?: return ExitCode(report)
        case .failed(let error)?: return error.isCancellation ? .chatInterrupted : ExitCode(error)
        case nil: return .chatOther
        }
    }

    /// Why it is no success, for a person.
    func failure(at baseURL: String) -> CommandFailure? {
        switch ending {
        case .done?: return nil
        case .refused(let report)?: return CommandFailure(report)
        case .failed(let error)?: return error.isCancellation ? nil : CommandFailure(error, at: baseURL)
        case nil: return CommandFailure("The answer has no end.", exit: .chatOther)
        }
    }
}
