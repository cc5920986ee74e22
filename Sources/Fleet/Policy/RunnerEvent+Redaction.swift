import Bytes

extension RunnerEvent.Body {
    /// The same body with the secrets in its texts starred out, before anybody sees it (control-plane §6, rule d).
    ///
    /// Terminal output is left as it is: its bytes went through a ``TerminalRedactor`` before they became chunks.
    public func redacted(by redactor: SecretRedactor) -> RunnerEvent.Body {
        switch self {
        case .sessionStarted, .sessionEnded, .terminalChunk, .fileTouched, .diffSummary, .testRunFinished, .usageTick:
            return self
        case .sessionStateChanged(var change):
            change.reason = change.reason.map { redactor.redact($0) }
            return .sessionStateChanged(change)
        case .testRunStarted(var start):
            start.command = redactor.redact(start.command)
            return .testRunStarted(start)
        case .approvalRequested(var approval):
            approval.summary = redactor.redact(approval.summary)
            approval.context = approval.context.map { redactor.redact($0) }
            return .approvalRequested(approval)
        case .approvalResolved(var resolution):
            resolution.note = resolution.note.map { redactor.redact($0) }
            return .approvalResolved(resolution)
        case .alertRaised(var alert):
            alert.title = redactor.redact(alert.title)
            alert.description = redactor.redact(alert.description)
            alert.context = alert.context.map { redactor.redact($0) }
            return .alertRaised(alert)
        }
    }
}
