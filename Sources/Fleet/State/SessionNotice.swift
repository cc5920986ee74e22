/// What a person wants to be told of at once: that somebody waits for them, or has finished.
public enum SessionNotice: String, CaseIterable, Sendable {
    /// It waits for an answer.
    case waiting
    /// Its turn is over, or it ended well.
    case done
    case failed

    /// What a change comes to; `nil` when it is nothing to be called away for.
    ///
    /// - Parameter before: `nil` for a session that is new.
    public init?(from before: SessionView?, to now: SessionView) {
        if now.waits, before?.waits != true {
            self = .waiting
        } else if now.activity?.activity == .ready, before?.activity?.activity.isActive == true {
            self = .done
        } else if !now.isLive, before?.isLive ?? true, !now.config.origin.isReported {
            self = now.state == .failed ? .failed : .done
        } else {
            return nil
        }
    }
}

extension SessionView {
    /// Whether it waits for a person.
    public var waits: Bool { state == .waitingForApproval || activity?.activity == .waiting }
}
