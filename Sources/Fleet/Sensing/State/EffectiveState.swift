extension SensedSession {
    /// The state that a project shows of it (daemon-ipc §4.6): the stored one, but for what time has made of it.
    ///
    /// `isAlive` is `nil` when nobody knows.
    public func effectiveState(at now: Timestamp, isAlive: Bool?, _ settings: SensingSettings) -> SensedState {
        switch state {
        case .ready:
            if isAlive == true, readyReason == .stopGate, let since = stateChangedAt ?? updatedAt,
                now - since <= settings.stopGateGrace
            {
                return .working
            }
            return isAlive == false ? .idle : .ready
        case .working: return isForgotten(at: now, settings) ? .ready : .working
        case .waiting, .compacting, .idle: return state
        }
    }

    /// Whether nothing has been heard for so long that the end of the turn must have been missed.
    private func isForgotten(at now: Timestamp, _ settings: SensingSettings) -> Bool {
        guard let lastActivityAt, let updatedAt else { return false }
        let silence = min(now - lastActivityAt, now - updatedAt)
        guard silence >= settings.autoReady else { return false }
        switch lastEvent {
        case HookEventType.taskCompleted.rawValue: return toolsInFlight == 0
        // The counter may have leaked, so it is not asked.
        case HookEventType.postToolUse.rawValue: return silence >= settings.autoReadyAfterTool
        default: return false
        }
    }
}
