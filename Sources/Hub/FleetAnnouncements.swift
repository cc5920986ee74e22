import Fleet
import Reactor
import Wire

/// Tells the room `fleet` of changed sessions, at most ten times a second each (docs/protocols/fleet-api.md).
@Loop
final class FleetAnnouncements {
    private unowned let hub: Hub
    private var announcer = FleetAnnouncer()
    private var timerDue: MonotonicTime?

    init(hub: Hub) { self.hub = hub }

    func saw(_ effect: FleetEffect) {
        switch effect {
        case .added(let id), .changed(let id), .ended(let id):
            if announcer.changed(id, at: now) { announce(id) } else { schedule() }
        case .removed(let id):
            announcer.removed(id)
            hub.send([FleetAnnouncer.removed(id)])
        }
    }

    private var now: MonotonicTime { MonotonicTime(milliseconds: Loop.now) }

    private func announce(_ id: SessionID) {
        guard hub.sockets.hasMembers(Room.fleet), let view = hub.fleet[id] else { return }
        hub.send([FleetAnnouncer.changed(view, cursor: hub.fleet.cursor)])
    }

    private func schedule() {
        guard timerDue == nil, let due = announcer.nextDue else { return }
        timerDue = due
        _ = LoopTimer(after: due.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self else { return }
            timerDue = nil
            for id in announcer.due(at: now) { announce(id) }
            schedule()
        }
    }
}
