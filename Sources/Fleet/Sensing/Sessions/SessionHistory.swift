/// One session as its events made it, with the last of them at hand to put a late one in its place.
///
/// Hooks run beside each other, so events arrive in any order. One that is late is not applied on top of what came
/// after it: the last events are folded again in the order of their times. So the same events give the same record
/// however they arrive, as long as they are not later than the guard of daemon-ipc §4.2 lets pass. Events of one time
/// keep the order of their arrival.
struct SessionHistory: Equatable, Sendable {
    /// What events have made of the session.
    private struct Standing: Equatable, Sendable {
        var record: SensedSession?
        var tombstone: Tombstone?
        /// What the record's state rests on.
        var claim: StateClaim?
    }

    /// What an event changed.
    struct Change: Equatable, Sendable {
        /// Whether the record may be another than before.
        var isRecordChanged = false
        var isTombstoneChanged = false
        var before = Before()
        /// The session's end was taken: its activity goes, even if a later start keeps a record.
        var didEnd = false
        /// The news was taken, and no end that was recorded after it undid it.
        var stands = false
    }

    /// What was known of the record before.
    struct Before: Equatable, Sendable {
        var isThere = false
        var pid: UInt32 = 0
    }

    /// Events kept for folding; beyond twice as many, the older half goes.
    static let kept = 32
    /// How many events lie between two checkpoints.
    private static let stride = 8

    private let sessionID: SessionID
    private var standing: Standing
    /// Ordered by time.
    private var recent: [SessionNews] = []
    /// What the session was before every eighth of the recent events; the first is what is left of all before them.
    private var checkpoints: [Standing]

    init(_ sessionID: SessionID, record: SensedSession? = nil, tombstone: Tombstone? = nil) {
        self.sessionID = sessionID
        standing = Standing(record: record, tombstone: tombstone, claim: record.map(Self.stored))
        checkpoints = [standing]
    }

    var record: SensedSession? { standing.record }
    var tombstone: Tombstone? { standing.tombstone }
    var isEmpty: Bool { standing.record == nil && standing.tombstone == nil }

    // MARK: - News

    /// Takes an event through the guards of §4.2 and the table of §4.3.
    mutating func apply(_ news: SessionNews, _ settings: SensingSettings) -> Change {
        var change = Change()
        change.before = Before(isThere: standing.record != nil, pid: standing.record?.pid ?? 0)
        if let updated = standing.record?.updatedAt, (updated - news.at) / 1000 * 1000 > settings.staleTolerance {
            return change
        }
        if let last = recent.last, news.at < last.at {
            insert(news, settings, &change)
        } else {
            append(news, settings, &change)
        }
        if recent.count > 2 * Self.kept {
            recent.removeFirst(Self.kept)
            checkpoints.removeFirst(Self.kept / Self.stride)
        }
        return change
    }

    /// Takes what was found out otherwise: the record is what it is now, whatever may still arrive.
    mutating func replace(_ record: SensedSession?, claim: StateClaim?) {
        settle(Standing(record: record, tombstone: standing.tombstone, claim: claim))
    }

    mutating func dropTombstone() {
        settle(Standing(record: standing.record, tombstone: nil, claim: standing.claim))
    }

    private mutating func settle(_ standing: Standing) {
        self.standing = standing
        checkpoints = [standing]
        recent = []
    }

    // MARK: - Folding

    private mutating func append(_ news: SessionNews, _ settings: SensingSettings, _ change: inout Change) {
        if !recent.isEmpty, recent.count.isMultiple(of: Self.stride) { checkpoints.append(standing) }
        recent.append(news)
        let step = Self.take(news, of: sessionID, settings, &standing)
        if step.hadTombstone != (standing.tombstone != nil) || step.outcome == .ended {
            change.isTombstoneChanged = true
        }
        switch step.outcome {
        case .upserted, .counted:
            change.isRecordChanged = true
            change.stands = true
        case .ended:
            change.isRecordChanged = true
            change.didEnd = true
        case .skipped: break
        }
    }

    /// Puts a late event in its place, and folds what came after it again.
    private mutating func insert(_ news: SessionNews, _ settings: SensingSettings, _ change: inout Change) {
        let before = standing
        let index = recent.partitioningIndex { $0.at > news.at }
        recent.insert(news, at: index)
        let checkpoint = index / Self.stride
        standing = checkpoints[checkpoint]
        checkpoints.removeSubrange((checkpoint + 1)...)
        for position in (checkpoint * Self.stride)..<recent.count {
            if position > checkpoint * Self.stride, position.isMultiple(of: Self.stride) {
                checkpoints.append(standing)
            }
            let outcome = Self.take(recent[position], of: sessionID, settings, &standing).outcome
            if position == index {
                change.stands = outcome == .upserted || outcome == .counted
                change.didEnd = outcome == .ended
            } else if position > index, outcome == .ended {
                change.stands = false
            }
        }
        change.isRecordChanged = standing.record != before.record
        change.isTombstoneChanged = standing.tombstone != before.tombstone
    }

    /// One event on what the ones before it have left.
    private static func take(
        _ news: SessionNews, of sessionID: SessionID, _ settings: SensingSettings, _ standing: inout Standing
    ) -> (outcome: SessionReducer.Outcome, hadTombstone: Bool) {
        let hadTombstone = standing.tombstone != nil
        if let tombstone = standing.tombstone {
            if news.at < tombstone.expiresAt, !news.isHeardByTheDead { return (.skipped(.tombstone), true) }
            if news.isStart { standing.tombstone = nil }
        }
        let outcome = SessionReducer(sessionID: sessionID, news: news).apply(to: &standing.record)
        switch outcome {
        case .upserted:
            standing.claim = StateClaim(
                source: news.source, at: news.at, state: standing.record?.state, verdict: .decided)
        case .ended:
            standing.claim = nil
            standing.tombstone = Tombstone(
                sessionID: sessionID, createdAt: news.at, expiresAt: news.at + settings.tombstoneTTL)
        case .counted, .skipped: break
        }
        return (outcome, hadTombstone)
    }
}

extension SessionNews {
    /// Whether its type is `session_start`, whatever its source.
    var isStart: Bool {
        if case .hook(.sessionStart, _, _) = source { return true }
        return false
    }

    /// Whether a tombstone lets it pass (§4.2).
    fileprivate var isHeardByTheDead: Bool { isStart || subject == .sessionEnded }
}

// MARK: - Evidence

extension SessionHistory {
    /// What the state rests on; `nil` without a record. Claims from before the last start are not known.
    func evidence(at now: Timestamp, _ settings: SensingSettings) -> SessionEvidence? {
        guard let record = standing.record else { return nil }
        var claims: [StateClaim] = []
        var standing = checkpoints[0]
        if let claim = standing.claim { claims.append(claim) }
        for news in recent {
            let outcome = Self.take(news, of: sessionID, settings, &standing).outcome
            var claim = StateClaim(source: news.source, at: news.at, state: nil, verdict: .overruled)
            switch outcome {
            case .upserted: claim.state = standing.record?.state
            case .counted: claim.verdict = .ignored(.late)
            case .skipped(let reason): claim.verdict = .ignored(reason)
            case .ended: break
            }
            claims.append(claim)
        }
        let restsOn = self.standing.claim ?? Self.stored(record)
        let competing = claims.reversed().filter { claim in
            claim.source != restsOn.source && claim.at.map { now - $0 <= settings.evidenceWindow } ?? false
        }
        return SessionEvidence(restsOn: restsOn, competing: competing.prefix(SessionEvidence.limit).map(\.overruled))
    }

    private static func stored(_ record: SensedSession) -> StateClaim {
        StateClaim(
            source: .stored(lastEvent: record.lastEvent), at: record.updatedAt, state: record.state, verdict: .decided)
    }
}

extension StateClaim {
    /// The same, of something newer than it.
    fileprivate var overruled: StateClaim {
        guard verdict == .decided else { return self }
        var claim = self
        claim.verdict = .overruled
        return claim
    }
}
