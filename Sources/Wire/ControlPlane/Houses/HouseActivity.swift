import Bytes
import Fleet

/// The lights, banner and smoke of houses, which are repositories (control-plane §4.7).
///
/// A plain value. Runner sessions drive it: a written file turns the lights on, a test run makes smoke. What is on stays on for
/// its least time, so that nobody misses it. Changes within 50 ms are told together; call ``wake(at:)`` at ``nextWake``.
public struct HouseActivity: Sendable {
    /// How long an indicator is on at the most, and at the least.
    private struct Times {
        var longest: Duration
        var shortest: Duration
    }

    private static let lights = Times(longest: .seconds(90), shortest: .seconds(3))
    private static let smoke = Times(longest: .seconds(600), shortest: .seconds(5))
    /// Changes of one house within this are one event.
    public static let coalescing = Duration.milliseconds(50)
    /// Houses that are remembered; the one that was quiet for longest is forgotten first.
    static let houseLimit = 1000

    private struct Indicator: Sendable {
        var since: MonotonicTime
        var offAt: MonotonicTime
    }

    enum SmokeStatus: String, Sendable {
        case inProgress = "in_progress"
        case failed, passed
    }

    private struct House: Sendable {
        var villages: Set<VillageID> = []
        var lights: Indicator?
        var smoke: Indicator?
        var status: SmokeStatus?
        var version = 0
        var changedAt: MonotonicTime
        /// When the change is told; `nil` when it has been.
        var tellAt: MonotonicTime?
    }

    private var houses: [String: House] = [:]

    public init() {}

    /// Takes an event of a session that works in a repository.
    public mutating func saw(_ event: RunnerEvent, of village: VillageID, at now: MonotonicTime) {
        guard let repo = event.repoRef?.repoPath else { return }
        switch event.body {
        case .fileTouched(let touch) where touch.reason == .write:
            change(repo, village, now) { house in
                house.lights = Indicator(since: house.lights?.since ?? now, offAt: now + Self.lights.longest)
            }
        case .testRunStarted:
            change(repo, village, now) { house in
                house.smoke = Indicator(since: now, offAt: now + Self.smoke.longest)
                house.status = .inProgress
            }
        case .testRunFinished(let finish):
            change(repo, village, now) { house in
                guard let since = house.smoke?.since else { return }
                house.status = finish.isFailure ? .failed : .passed
                house.smoke?.offAt = max(now, since + Self.smoke.shortest)
            }
        default: break
        }
    }

    private mutating func change(
        _ repo: String, _ village: VillageID, _ now: MonotonicTime, _ body: (inout House) -> Void
    ) {
        if houses[repo] == nil, houses.count >= Self.houseLimit,
            let oldest = houses.min(by: { $0.value.changedAt < $1.value.changedAt })
        {
            houses[oldest.key] = nil
        }
        var house = houses[repo] ?? House(changedAt: now)
        house.villages.insert(village)
        body(&house)
        house.version += 1
        house.changedAt = now
        house.tellAt = house.tellAt ?? now + Self.coalescing
        houses[repo] = house
    }

    // MARK: - Telling

    public var nextWake: MonotonicTime? {
        houses.values.flatMap { [$0.tellAt, $0.lights?.offAt, $0.smoke?.offAt].compactMap { $0 } }.min()
    }

    /// Turns off what has been on long enough, and gives what is to be told now.
    public mutating func wake(at moment: Moment) -> [Emission] {
        let now = moment.monotonic
        var emissions: [Emission] = []
        for repo in houses.keys.sorted() {
            guard var house = houses[repo] else { continue }
            var hasChanged = false
            if let lights = house.lights, lights.offAt <= now {
                house.lights = nil
                hasChanged = true
            }
            if let smoke = house.smoke, smoke.offAt <= now {
                house.smoke = nil
                hasChanged = true
            }
            if hasChanged {
                house.version += 1
                house.changedAt = now
                house.tellAt = house.tellAt ?? now
            }
            if let tellAt = house.tellAt, tellAt <= now {
                house.tellAt = nil
                let rooms = [Room.repo(repo)] + house.villages.sorted().map { Room.village($0) }
                emissions.append(Emission(rooms: rooms, event: Self.event, payload: payload(repo, house, moment)))
            }
            houses[repo] = house
        }
        return emissions
    }

    public static let event = "house.activity"

    /// What a socket that joins the repository's room is told first, if anything is known.
    public func snapshot(of repo: String, at moment: Moment) -> JSON? {
        houses[repo].map { payload(repo, $0, moment) }
    }

    private func payload(_ repo: String, _ house: House, _ moment: Moment) -> JSON {
        func remaining(_ indicator: Indicator?, _ times: Times) -> JSON {
            guard let indicator else { return 0 }
            let (seconds, attoseconds) = (indicator.since + times.shortest - moment.monotonic).components
            return .integer(Int(max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)))
        }
        return [
            "type": "house.activity", "repoId": .string(repo),
            "indicators": [
                "lights": [
                    "active": .bool(house.lights != nil), "minRemainingMs": remaining(house.lights, Self.lights),
                ],
                "banner": ["active": false, "minRemainingMs": 0],
                "smoke": .omittingNil([
                    "active": .bool(house.smoke != nil), "status": house.status.map { .string($0.rawValue) },
                    "minRemainingMs": remaining(house.smoke, Self.smoke),
                ]),
            ],
            "version": .integer(house.version), "ts": .integer(moment.wall.milliseconds),
        ]
    }
}
