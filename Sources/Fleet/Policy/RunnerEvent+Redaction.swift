import Bytes

extension RunnerEvent.Body {
    /// The same body with the secrets in its texts starred out, before anybody sees it (control-plane §6, rule d).
    ///
    /// Terminal output is left as it is: its bytes went through a ``SecretStream`` before they became chunks.
    public func redacted(by redactor: SecretRedactor) -> RunnerEvent.Body {
        switch self {
        case .sessionStarted, .sessionEnded, .terminalChunk, .fileTouched, .diffSummary, .testRunFinished, .usageTick:
            return self
        case .sessionStateChanged(var change):
            change.reason = change.reason.map(redactor.redact)
            return .sessionStateChanged(change)
        case .testRunStarted(var start):
            start.command = redactor.redact(start.command)
            return .testRunStarted(start)
        case .approvalRequested(var approval):
            approval.summary = redactor.redact(approval.summary)
            approval.context = approval.context.map(redactor.redact)
            return .approvalRequested(approval)
        case .approvalResolved(var resolution):
            resolution.note = resolution.note.map(redactor.redact)
            return .approvalResolved(resolution)
        case .alertRaised(var alert):
            alert.title = redactor.redact(alert.title)
            alert.description = redactor.redact(alert.description)
            alert.context = alert.context.map(redactor.redact)
            return .alertRaised(alert)
        }
    }
}

extension SecretRedactor {
    /// The object with the secrets in its texts starred out; a text under a telling key is one as a whole.
    public func redact(_ object: JSONObject) -> JSONObject {
        JSONObject(
            object.members.map { member in
                if case .string(let text) = member.value {
                    // Read together with its key, so that `{"password": "…"}` is found as it would be in output.
                    let prefix = "\(member.key)="
                    let whole = redact(prefix + text)
                    if whole.hasPrefix(prefix) {
                        return .init(key: member.key, value: .string(String(whole.dropFirst(prefix.count))))
                    }
                }
                return .init(key: member.key, value: redact(member.value))
            })
    }

    private func redact(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): return .string(redact(text))
        case .array(let elements): return .array(elements.map(redact))
        case .object(let object): return .object(redact(object))
        case .null, .bool, .integer, .unsigned, .number: return value
        }
    }
}
