/// Something that waits in a `DeadlineQueue`. It is in one queue at a time.
public class QueuedDeadline {
    final var deadline = Instant(milliseconds: 0)
    // Whoever owns the entries takes them out before letting them go.
    fileprivate final unowned(unsafe) var previous: QueuedDeadline?
    fileprivate final unowned(unsafe) var next: QueuedDeadline?
    fileprivate final unowned(unsafe) var queue: DeadlineQueue?

    init() {}

    final var isQueued: Bool { queue != nil }

    /// Called when the deadline has passed; the entry has left its queue.
    func expire(at now: Instant) {}

    /// Leaves the queue it is in, if any.
    final func dequeue() {
        queue?.remove(self)
    }
}

/// Deadlines that all lie the same interval after they were set, so that the first to come is the first to expire.
///
/// Every operation takes constant time however many wait. Entries are not retained.
final class DeadlineQueue {
    let interval: Duration
    private unowned(unsafe) var head: QueuedDeadline?
    private unowned(unsafe) var tail: QueuedDeadline?

    init(interval: Duration) {
        self.interval = interval
    }

    var nextDeadline: Instant? { head?.deadline }
    /// The entry that expires next.
    var first: QueuedDeadline? { head }

    /// Sets the deadline of `entry` to one interval from now, wherever it waited before.
    func add(_ entry: QueuedDeadline, at now: Instant) {
        entry.dequeue()
        entry.deadline = now + interval
        entry.queue = self
        entry.previous = tail
        if let tail { tail.next = entry } else { head = entry }
        tail = entry
    }

    fileprivate func remove(_ entry: QueuedDeadline) {
        if let previous = entry.previous { previous.next = entry.next } else { head = entry.next }
        if let next = entry.next { next.previous = entry.previous } else { tail = entry.previous }
        entry.previous = nil
        entry.next = nil
        entry.queue = nil
    }

    /// Expires what is due.
    func expire(at now: Instant) {
        while let entry = head, entry.deadline <= now {
            remove(entry)
            entry.expire(at: now)
        }
    }
}
