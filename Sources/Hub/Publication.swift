import Bytes
import Fleet
import Reactor

/// What waits to be shown of one session, in the order in which it happened.
///
/// Facts are shown once they are durable, terminal chunks at once; so that neither overtakes the other, a chunk waits for
/// the facts before it.
struct Publication {
    enum Item {
        /// A fact on its way to the journal.
        case fact(JournalEvent)
        case chunk(RunnerEvent)
        /// Somebody who is answered once everything before is durable.
        case answer(@Loop () -> Void)
    }

    private var waiting: [Item] = []

    var isEmpty: Bool { waiting.isEmpty }

    /// Takes a fact that was handed to the journal. It will be the next to be `committed` after those before it.
    mutating func sent(_ event: JournalEvent) { waiting.append(.fact(event)) }

    /// Takes a chunk; gives it back when nothing is before it.
    mutating func took(_ chunk: RunnerEvent) -> RunnerEvent? {
        if waiting.isEmpty { return chunk }
        waiting.append(.chunk(chunk))
        return nil
    }

    /// Takes an answer; gives it back when nothing is before it.
    mutating func took(_ answer: @escaping @Loop () -> Void) -> (@Loop () -> Void)? {
        if waiting.isEmpty { return answer }
        waiting.append(.answer(answer))
        return nil
    }

    /// The oldest fact is durable, or lost when `rowid` is `nil`. Gives what may be shown now.
    mutating func committed(rowid: Int64?) -> [Item] {
        guard !waiting.isEmpty, case .fact(var event) = waiting.removeFirst() else { return [] }
        var ready: [Item] = []
        if let rowid {
            event.rowid = rowid
            ready.append(.fact(event))
        }
        let others = waiting.prefix { if case .fact = $0 { false } else { true } }
        waiting.removeFirst(others.count)
        return ready + others
    }
}
