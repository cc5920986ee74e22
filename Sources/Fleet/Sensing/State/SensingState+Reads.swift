// What the methods of daemon-ipc §2 answer from. None of it changes anything.
extension SensingState {
    /// The records that have not expired, the newest first, ties by id (§2.7).
    public func sessions(at now: Timestamp, _ processes: some ProcessView) -> [SensedSession] {
        visibleSessions(at: now, processes).sorted { left, right in
            // Those without a time come last.
            let times = (left.updatedAt?.milliseconds ?? .min, right.updatedAt?.milliseconds ?? .min)
            return times.0 == times.1 ? left.sessionID < right.sessionID : times.0 > times.1
        }
    }

    func visibleSessions(at now: Timestamp, _ processes: some ProcessView) -> [SensedSession] {
        histories.values.compactMap(\.record).filter { !isExpired($0, at: now, processes) }
    }

    /// All tombstones, the newest first, ties by id (§2.10).
    public var tombstones: [Tombstone] {
        histories.values.compactMap(\.tombstone)
            .sorted { ($1.createdAt, $0.sessionID) < ($0.createdAt, $1.sessionID) }
    }

    /// What the state of a session rests on, for `drover why`; `nil` when there is no such session.
    public func evidence(of session: SessionID, at now: Timestamp) -> SessionEvidence? {
        histories[session]?.evidence(at: now, settings)
    }
}
