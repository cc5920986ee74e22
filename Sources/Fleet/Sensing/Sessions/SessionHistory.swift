/// One session as its events made it, with the last of them at hand to put a late one in its place.
///
/// Hooks run beside each other, so events arrive in any order. One that is late is not applied on top of what came
/// after it: the last events are folded again in the order of their times. So the same events give the same record
/// however they arrive, as long as they are not later than the guard of daemon-ipc §4.2 lets pass. Events of one time
/// keep the order of their arrival.
struct SessionHistory: Equatable, Sendable {
    /// What is left of the events before ``recent``.
    private struct Base: Equatable, Sendable {
        var record: SensedSession?
        var tombstone: Tombstone?
        var claim: StateClaim?
    }

    /// What an event changed.
    struct Change: Equatable, Sendable {
        var before: SensedSession?
        var after: SensedSession?
        var tombstoneBefore: Tombstone?
        var tombstoneAfter: Tombstone?
        /// The session's end was taken: its activity goes, even if a later start keeps a record.
        var didEnd = false
        /// The news was taken, and no end that was recorded after it undid it.
        var stands = false
        /// Why the news changed nothing.
        var skipped: SkipReason?
    }

    /// Events kept for folding; beyond twice as many, the older half is left to the base.
    static let kept = 32

    private let sessionID: SessionID
    private(set) var record: SensedSession?
    private(set) var tombstone: Tombstone?
    private var base: Base
    /// Ordered by time.
    private var recent: [SessionNews] = []

    init(_ sessionID: SessionID, record: SensedSession? = nil, tombstone: Tombstone? = nil) {
        self.sessionID = sessionID
        self.record = record
        self.tombstone = tombstone
        base = Base(record: record, tombstone: tombstone, claim: nil)
        if let record { base.claim = Self.stored(record) }
    }

    var isEmpty: Bool { record == nil && tombstone == nil }

    // MARK: - News

    /// Takes an event through the guards of §4.2 and the table of §4.3.
    mutating func apply(_ news: SessionNews, _ settings: SensingSettings) -> Change {
        var change = Change(before: record, after: record, tombstoneBefore: tombstone, tombstoneAfter: tombstone)
        if let updated = record?.updatedAt, (updated - news.at) / 1000 * 1000 > settings.staleTolerance {
            change.skipped = isMuted(news, by: tombstone) ? .tombstone : .stale
            return change
        }
        if let last = recent.last, news.at < last.at {
            let index = recent.partitioningIndex { $0.at > news.at }
            recent.insert(news, at: index)
            refold(index, settings, &change)
        } else {
            recent.append(news)
            take(news, settings, &record, &tombstone, &change)
        }
        if recent.count > 2 * Self.kept { shrink(settings) }
        change.after = record
        change.tombstoneAfter = tombstone
        return change
    }

    /// Takes what was found out otherwise: the record is what it is now, whatever may still arrive.
    mutating func replace(_ record: SensedSession?, claim: StateClaim?) {
        self.record = record
        base = Base(record: record, tombstone: tombstone, claim: claim)
        recent = []
    }

    mutating func dropTombstone() {
        base = Base(record: record, tombstone: nil, claim: deciding(recent) ?? base.claim)
        tombstone = nil
        recent = []
    }

    // MARK: - Folding

    private mutating func refold(_ index: Int, _ settings: SensingSettings, _ change: inout Change) {
        record = base.record
        tombstone = base.tombstone
        var ignored = Change()
        for position in recent.indices {
            if position == index {
                take(recent[position], settings, &record, &tombstone, &change)
            } else {
                ignored.didEnd = false
                take(recent[position], settings, &record, &tombstone, &ignored)
                if position > index, ignored.didEnd { change.stands = false }
            }
        }
    }

    /// One event on what the ones before it have left.
    private func take(
        _ news: SessionNews, _ settings: SensingSettings, _ record: inout SensedSession?,
        _ tombstone: inout Tombstone?, _ change: inout Change
    ) {
        if isMuted(news, by: tombstone) {
            change.skipped = .tombstone
            return
        }
        if case .hook(.sessionStart, _, _) = news.source { tombstone = nil }
        switch SessionReducer.outcome(of: news, for: sessionID, on: record) {
        case .upsert(let next):
            record = next
            change.stands = true
        case .count(let next):
            record = next
            change.stands = true
            change.skipped = .late
        case .skip(let reason): change.skipped = reason
        case .end:
            record = nil
            tombstone = Tombstone(
                sessionID: sessionID, createdAt: news.at, expiresAt: news.at + settings.tombstoneTTL)
            change.didEnd = true
        }
    }

    private func isMuted(_ news: SessionNews, by tombstone: Tombstone?) -> Bool {
        guard let tombstone, news.at < tombstone.expiresAt else { return false }
        switch news.source {
        case .hook(.sessionStart, _, _), .hook(.sessionEnd, _, _): return false
        case .hook, .reconcile, .childStarted, .compactionEnded, .stored: return true
        }
    }

    private mutating func shrink(_ settings: SensingSettings) {
        let older = recent.prefix(Self.kept)
        base.claim = deciding(older) ?? base.claim
        var change = Change()
        for news in older { take(news, settings, &base.record, &base.tombstone, &change) }
        recent.removeFirst(Self.kept)
    }
}

// MARK: - Evidence

extension SessionHistory {
    /// What the state rests on; `nil` without a record. Claims from before the last start are not known.
    func evidence(at now: Timestamp, _ settings: SensingSettings) -> SessionEvidence? {
        guard let record else { return nil }
        var claims = claims(of: recent)
        let restsOn: StateClaim
        if let index = claims.lastIndex(where: { $0.verdict == .decided }) {
            restsOn = claims.remove(at: index)
            if let claim = base.claim { claims.insert(claim.overruled, at: 0) }
        } else {
            restsOn = base.claim ?? Self.stored(record)
        }
        let competing = claims.reversed().filter { claim in
            claim.at.map { now - $0 <= settings.evidenceWindow } ?? false
        }
        return SessionEvidence(restsOn: restsOn, competing: Array(competing.prefix(SessionEvidence.limit)))
    }

    /// What the last of the events that was taken claims, of those that follow the base.
    private func deciding(_ news: some Sequence<SessionNews>) -> StateClaim? {
        claims(of: news).last { $0.verdict == .decided }
    }

    private func claims(of news: some Sequence<SessionNews>) -> [StateClaim] {
        var record = base.record
        var tombstone = base.tombstone
        var claims: [StateClaim] = []
        var decided: Int?
        for news in news {
            var change = Change()
            take(news, SensingSettings(), &record, &tombstone, &change)
            var claim = StateClaim(source: news.source, at: news.at, state: nil, verdict: .decided)
            if let reason = change.skipped {
                claim.verdict = .ignored(reason)
            } else {
                if let decided { claims[decided] = claims[decided].overruled }
                claim.state = change.didEnd ? nil : record?.state
                decided = claims.count
            }
            claims.append(claim)
        }
        return claims
    }

    private static func stored(_ record: SensedSession) -> StateClaim {
        StateClaim(
            source: .stored(lastEvent: record.lastEvent), at: record.updatedAt, state: record.state, verdict: .decided)
    }
}

extension StateClaim {
    fileprivate var overruled: StateClaim {
        var claim = self
        claim.verdict = .overruled
        return claim
    }
}
