import Fleet
import Testing

/// A journal in memory, bound to an actor as the real ones are.
@MainActor private final class MemoryJournal: @MainActor Journal {
    private var events: [JournalEvent] = []

    func append(_ new: [JournalEvent], completion: @escaping (Result<[Int64], JournalError>) -> Void) {
        var rowids: [Int64] = []
        for var event in new {
            if let known = events.first(where: { $0.id == event.id }) {
                rowids.append(known.rowid)
                continue
            }
            event.rowid = Int64(events.count + 1)
            events.append(event)
            rowids.append(event.rowid)
        }
        completion(.success(rowids))
    }

    func read(since rowid: Int64, limit: Int, completion: @escaping (Result<JournalPage, JournalError>) -> Void) {
        let rest = events.filter { $0.rowid > rowid }
        completion(.success(JournalPage(events: Array(rest.prefix(limit)), more: rest.count > limit)))
    }

    func oldest(completion: @escaping (Result<Int64?, JournalError>) -> Void) {
        completion(.success(events.first?.rowid))
    }
}

@MainActor @Suite struct PortTests {
    @Test func `ports are implemented by classes that live on an actor, without a hop`() {
        let journal: any Journal = MemoryJournal()
        let event = JournalEvent(
            id: "e1", at: Samples.noon, sessionID: Samples.session,
            body: .terminalResized(TerminalSize(columns: 80, rows: 24)))
        var rowids: [[Int64]] = []
        for _ in 0..<2 { journal.append([event]) { rowids.append((try? $0.get()) ?? []) } }
        #expect(rowids == [[1], [1]])
        var page: JournalPage?
        journal.read(since: 0, limit: 10) { page = try? $0.get() }
        #expect(page?.events.map(\.id) == ["e1"])
        #expect(page?.more == false)
    }
}
