import Reactor

/// Long polls that wait for the next event (runtime-rpc §8). One event wakes all of them.
@Loop
final class EventWaiters {
    private var waiting: [UInt64: @Loop () -> Void] = [:]
    private var nextID: UInt64 = 1

    var count: Int { waiting.count }

    func add(_ body: @escaping @Loop () -> Void) -> UInt64 {
        defer { nextID += 1 }
        waiting[nextID] = body
        return nextID
    }

    /// Says whether it was still waiting.
    @discardableResult
    func remove(_ id: UInt64) -> Bool { waiting.removeValue(forKey: id) != nil }

    func wake() {
        guard !waiting.isEmpty else { return }
        let bodies = waiting.sorted { $0.key < $1.key }.map(\.value)
        waiting = [:]
        for body in bodies { body() }
    }
}
