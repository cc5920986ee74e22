import Reactor
import Store

/// Whether the journal may have an event of some id, without asking it: nearly all that arrive are new.
@Loop
final class KnownEvents {
    private let path: String
    private let worker = Worker()
    private var known: KnownIDs?
    /// What was added since the journal is being read; `nil` while nobody reads it.
    private var added: [String]?

    /// For how many more ids there is room when the journal has been read.
    private nonisolated static let room = 50_000

    /// - Parameter path: Of the database.
    nonisolated init(path: String) { self.path = path }

    /// `true` when it has to be asked.
    ///
    /// - Parameter underWay: The ids of all events that are not durable yet.
    func mayContain(_ id: String, underWay: @autoclosure () -> [String]) -> Bool {
        if let known, !known.isFull { return known.mayContain(id) }
        if added == nil { learn(underWay()) }
        return true
    }

    /// An event is on its way to the journal.
    func add(_ id: String) {
        known?.insert(id)
        added?.append(id)
    }

    private func learn(_ underWay: [String]) {
        known = nil
        added = underWay
        worker.run({ [path] in Self.read(path) }) { [self] ids in
            known = ids
            for id in added ?? [] { known?.insert(id) }
            added = nil
        }
    }

    /// `nil` when it cannot be read; then it is tried again, and asked meanwhile.
    private nonisolated static func read(_ path: String) -> KnownIDs? {
        guard let reader = try? JournalReader(path: path), let count = try? reader.count() else { return nil }
        var known = KnownIDs(capacity: count + room)
        guard (try? reader.forEachID { known.insert($0) }) != nil else { return nil }
        return known
    }
}
