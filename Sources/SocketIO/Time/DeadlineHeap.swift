/// Something that waits in a `DeadlineHeap`.
class HeapedDeadline {
    fileprivate(set) final var deadline = Instant(milliseconds: 0)
    /// Where it stands in its heap; negative when it is in none.
    fileprivate final var position = -1

    final var isWaiting: Bool { position >= 0 }

    /// Called when the deadline has passed; the entry has left its heap.
    func expire(at now: Instant) {}
}

/// Deadlines of any length: a binary heap whose entries know their places, so that those taken back leave nothing
/// behind. Entries are retained while they wait.
final class DeadlineHeap {
    private var entries: ContiguousArray<HeapedDeadline> = []

    var nextDeadline: Instant? { entries.first?.deadline }

    func add(_ entry: HeapedDeadline, deadline: Instant) {
        remove(entry)
        entry.deadline = deadline
        entry.position = entries.count
        entries.append(entry)
        siftUp(entry.position)
    }

    func remove(_ entry: HeapedDeadline) {
        let position = entry.position
        guard position >= 0 else { return }
        let last = entries.removeLast()
        entry.position = -1
        if entries.isEmpty { entries = [] }
        guard last !== entry else { return }
        entries[position] = last
        last.position = position
        siftUp(position)
        siftDown(last.position)
    }

    /// Expires what is due.
    func expire(at now: Instant) {
        while let entry = entries.first, entry.deadline <= now {
            remove(entry)
            entry.expire(at: now)
        }
    }

    private func siftUp(_ start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entries[position].deadline < entries[parent].deadline else { return }
            swap(position, parent)
            position = parent
        }
    }

    private func siftDown(_ start: Int) {
        var position = start
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2] where child < entries.count {
                if entries[child].deadline < entries[least].deadline { least = child }
            }
            guard least != position else { return }
            swap(position, least)
            position = least
        }
    }

    private func swap(_ left: Int, _ right: Int) {
        entries.swapAt(left, right)
        entries[left].position = left
        entries[right].position = right
    }
}
