import Bytes
import Fleet

/// Tells room `fleet` what changed, each session at most once in 100 ms (docs/protocols/fleet-api.md).
///
/// A plain value: report changes, and call ``due(at:)`` at ``nextDue``.
public struct FleetAnnouncer: Equatable, Sendable {
    public static let interval = Duration.milliseconds(100)

    private var announced: [SessionID: MonotonicTime] = [:]
    private var waiting: [SessionID: MonotonicTime] = [:]

    public init() {}

    /// Reports that a session changed. Returns whether to announce it now; otherwise its time comes.
    public mutating func changed(_ session: SessionID, at now: MonotonicTime) -> Bool {
        if let last = announced[session], now < last + Self.interval {
            waiting[session] = last + Self.interval
            return false
        }
        announced[session] = now
        return true
    }

    /// When the next announcement that was put off is due.
    public var nextDue: MonotonicTime? { waiting.values.min() }

    /// The sessions to announce now.
    public mutating func due(at now: MonotonicTime) -> [SessionID] {
        let sessions = waiting.filter { $0.value <= now }.keys.sorted()
        for session in sessions {
            waiting[session] = nil
            announced[session] = now
        }
        // What has been quiet for an interval needs no memory.
        announced = announced.filter { now < $0.value + Self.interval }
        return sessions
    }

    public mutating func removed(_ session: SessionID) {
        announced[session] = nil
        waiting[session] = nil
    }

    // MARK: Emissions

    /// `fleet_changed {cursor, session}`.
    public static func changed(_ view: SessionView, cursor: Int64) -> Emission {
        Emission(
            rooms: [Room.fleet], event: "fleet_changed", payload: ["cursor": .integer(cursor), "session": view.json])
    }

    /// `fleet_removed {id}`.
    public static func removed(_ session: SessionID) -> Emission {
        Emission(rooms: [Room.fleet], event: "fleet_removed", payload: ["id": .string(session.rawValue)])
    }
}
