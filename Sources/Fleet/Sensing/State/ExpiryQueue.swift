/// Which session may be the next to expire: a heap, so that an event does not look at all of them.
///
/// The time of a session is at or before its true deadline; whoever takes it out asks for the true one and puts it
/// back. So news that move the deadline on, as most do, cost nothing here.
struct ExpiryQueue: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        var time: Timestamp
        var session: SessionID
    }

    private var heap: [Entry] = []
    /// The time that counts; entries of the heap with another have been overtaken by an earlier one.
    private var times: [SessionID: Timestamp] = [:]

    /// Puts a session in, unless it is in for that time or an earlier one.
    mutating func insert(_ session: SessionID, at time: Timestamp) {
        if let known = times[session], known <= time { return }
        times[session] = time
        heap.append(Entry(time: time, session: session))
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, heap[child].time < heap[parent].time {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out one whose time is before `now`.
    mutating func popExpired(at now: Timestamp) -> SessionID? {
        while let entry = pop(before: now) {
            guard times[entry.session] == entry.time else { continue }
            times[entry.session] = nil
            return entry.session
        }
        return nil
    }

    private mutating func pop(before now: Timestamp) -> Entry? {
        guard let first = heap.first, first.time < now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].time < heap[least].time { least = child }
            }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first
    }
}
