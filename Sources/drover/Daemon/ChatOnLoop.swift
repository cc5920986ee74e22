import Bytes
import Chat
import Fleet
import Hub
import Reactor
import Store

/// Where chat sessions are kept: their rows, and the events they go along with, over the journal of the daemon.
@Loop
final class ChatOnLoop: Chat.ChatRecords {
    private let journal: JournalOnLoop
    /// Shows what is durable. Set once, when the daemon is put together.
    weak var hub: Hub?

    init(_ journal: JournalOnLoop) { self.journal = journal }

    /// All that is there. Blocks: for the start alone.
    func load() throws(StoreError) -> [StoredChatSession] {
        try ChatArchive.load(from: journal.reader).map { session in
            StoredChatSession(
                key: ChatSessionKey(number: session.number, id: session.id), createdAt: session.createdAt,
                updatedAt: session.updatedAt, messages: session.messages)
        }
    }

    func write(_ change: ChatChange, completion: @escaping @Loop (Result<Void, JournalError>) -> Void) {
        switch change {
        case .save(let save): append(Self.events(of: save), Self.rows(of: save), completion)
        case .delete(let session, let time):
            let event = Self.event("CHAT_SESSION_DELETED", of: session, at: time, [:])
            append([event], ChatProjection.deleted(number: session.number), completion)
        }
    }

    private func append(
        _ events: [JournalEvent], _ rows: [DerivedWrite],
        _ completion: @escaping @Loop (Result<Void, JournalError>) -> Void
    ) {
        guard !events.isEmpty else { return completion(.success(())) }
        journal.appendNow(events.map(\.record), derived: rows) { [self] result in
            switch result {
            case .success(let rowids):
                for (event, rowid) in zip(events, rowids) {
                    var event = event
                    event.rowid = rowid
                    hub?.show(event)
                }
                completion(.success(()))
            case .failure(let error): completion(.failure(error))
            }
        }
    }

    // MARK: - Rows

    private static func rows(of save: ChatSave) -> [DerivedWrite] {
        let number = save.session.number
        var rows: [DerivedWrite] = []
        if save.isNew { rows.append(ChatProjection.created(number: number, id: save.session.id, at: save.createdAt)) }
        for message in save.messages {
            rows.append(ChatProjection.appended(number: number, position: message.position, message: message.encoded))
        }
        if !save.messages.isEmpty { rows.append(ChatProjection.updated(number: number, at: save.updatedAt)) }
        return rows
    }

    // MARK: - Events

    /// What happened, without what was said: events are shown to whoever watches the daemon, and the rows have the words.
    private static func events(of save: ChatSave) -> [JournalEvent] {
        var events: [JournalEvent] = []
        if save.isNew { events.append(event("CHAT_SESSION_CREATED", of: save.session, at: save.createdAt, [:])) }
        for message in save.messages {
            let payload = JSON.omittingNil([
                "position": .integer(message.position), "role": .string(message.role.rawValue),
                "bytes": .integer(message.encoded.count), "tool": message.tool.map { .string($0) },
                "isError": message.isError ? true : nil, "partial": message.isPartial ? true : nil,
            ])
            events.append(event("CHAT_MESSAGE_APPENDED", of: save.session, at: message.at, payload))
        }
        if let outcome = save.outcome {
            let payload = outcome.payload(model: save.model, provider: save.provider)
            events.append(event("CHAT_TURN_ENDED", of: save.session, at: save.updatedAt, payload))
        }
        return events
    }

    private static func event(
        _ type: String, of session: ChatSessionKey, at time: PreciseTime, _ payload: JSON
    ) -> JournalEvent {
        JournalEvent(
            id: EventID(at: time.timestamp, randomBytes: randomID()), at: time.timestamp, source: .chat,
            sessionID: SessionID(session.id), body: .other(type: type, payload: payload))
    }
}

extension TurnOutcome {
    fileprivate func payload(model: String?, provider: String?) -> JSON {
        let names: [(String, JSON?)] = [
            ("model", model.map { .string($0) }), ("provider", provider.map { .string($0) }),
        ]
        let usage: JSON
        let iterations: Int
        var members: [(String, JSON?)]
        switch self {
        case .finished(let finish):
            (usage, iterations) = (finish.total.json, finish.iterations)
            members = [
                ("finishReason", .string(finish.reason.rawValue)), ("detail", finish.detail.map { .string($0) }),
            ]
        case .failed(let error, let total, let count):
            (usage, iterations) = (total.json, count)
            // Its sentence may repeat what a provider said of the conversation.
            members = [("error", .string(error.code.rawValue))]
        }
        members += names + [("iterations", .integer(iterations)), ("usage", usage)]
        return .object(JSONObject(members.compactMap { key, value in value.map { .init(key: key, value: $0) } }))
    }
}
