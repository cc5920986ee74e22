import Bytes
import Fleet
import HTTP
import Models
import Reactor

/// Chat sessions and their turns (chat-runtime §2, §3). It answers to `ChatHTTP`, keeps what it acknowledges through
/// `ChatRecords`, and asks models through `ModelGateway`.
@Loop
public final class ChatService {
    let gateway: any ModelGateway
    private let records: any ChatRecords
    private let shelf: SessionShelf
    /// Sessions that clients have named and that are not stored yet: known to their turns only.
    private var newcomers: [String: ChatSession] = [:]
    private var queue = TurnQueue()
    private var turns: [TurnQueue.Turn: ChatTurn] = [:]
    private var nextTurn: TurnQueue.Turn = 1
    /// What turns that begin now go by; the error is what they say when nothing can be asked (§4.10).
    public private(set) var agent: Result<ChatAgent, TurnError>
    /// Told of every change; what is there already is told when it is set.
    public weak var fleet: (any ChatFleet)? {
        didSet { for session in shelf.newestFirst.reversed() { fleet?.chatChanged(session.view) } }
    }
    /// Sessions whose messages are at hand, the one that was used last at the end.
    private var warm: [ChatSession] = []
    private static let warmLimit = 32
    /// Told of sessions that are gone.
    var onDelete: (@Loop (String) -> Void)?
    public private(set) var isDraining = false
    private var drained: (@Loop () -> Void)?

    let keepAlives: KeepAlives
    var readers = WorkerPool(count: 4)
    let notes = MemoryNotes()

    /// - Parameters:
    ///   - stored: What is in the database.
    ///   - agent: What turns go by, or why none can.
    ///   - keepAlive: Milliseconds of silence before a comment (§2.2).
    public init(
        records: any ChatRecords, gateway: any ModelGateway, stored: [StoredChatSession],
        agent: Result<ChatAgent, TurnError>, keepAlive: Int64 = 15_000
    ) {
        self.records = records
        self.gateway = gateway
        self.agent = agent
        shelf = SessionShelf(stored)
        keepAlives = KeepAlives(silence: keepAlive)
    }

    /// Turns that begin from now on go by this; those under way keep what they have (§4.6).
    public func adopt(_ agent: Result<ChatAgent, TurnError>) { self.agent = agent }

    public var runningTurns: Int { queue.runningCount }
    public var sessionCount: Int { shelf.count }

    // MARK: - Sessions

    func session(_ id: String) -> ChatSession? { shelf[id] }

    var sessions: ReversedCollection<[ChatSession]> { shelf.newestFirst }

    /// Makes an empty session with an id of ours.
    func create(then completion: @escaping @Loop (Result<ChatSession, TurnError>) -> Void) {
        let session = newSession(SessionID(randomBytes: randomID()).rawValue)
        save([], outcome: nil, in: session) { completion($0.map { session }) }
    }

    private func newSession(_ id: String) -> ChatSession {
        ChatSession(key: ChatSessionKey(number: shelf.takeNumber(), id: id), at: ChatTime.now.wholeMicroseconds)
    }

    /// Deletes a session, and ends its turns (§2.8). `nil` when there is none.
    func delete(_ id: String, then completion: @escaping @Loop (Result<Void, TurnError>) -> Void) -> Bool {
        guard let session = shelf[id] else { return false }
        session.isDeleted = true
        // No later turn finds it, and it stays gone whatever its turns have on the way.
        shelf.remove(session)
        for turn in turns.values where turn.session === session { turn.stop(.deleted) }
        records.write(.delete(session.key, at: ChatTime.now)) { [self] result in
            switch result {
            case .success:
                fleet?.chatRemoved(SessionID(id))
                onDelete?(id)
                completion(.success(()))
            case .failure(let error):
                // It is still there, and nobody was told otherwise.
                session.isDeleted = false
                if shelf[id] == nil, newcomers[id] == nil { shelf.update(session) {} }
                completion(.failure(Self.notSaved(error)))
            }
        }
        return true
    }

    /// Writes what is added to a session, and shows it once it is durable.
    func save(
        _ messages: [ChatMessage], outcome: TurnOutcome?, in session: ChatSession,
        then completion: @escaping @Loop (Result<Void, TurnError>) -> Void
    ) {
        let (save, stamped) = session.save(messages, outcome: outcome, settings: session.settings, at: ChatTime.now)
        records.write(.save(save)) { [self] result in
            switch result {
            case .success where session.isDeleted: completion(.failure(.deleted))
            case .success:
                shelf.update(session) { session.apply(save, stamped) }
                if newcomers[session.id] === session {
                    newcomers[session.id] = nil
                    // Those that wait for its first turn may name it now.
                    for turn in turns.values where turn.session === session && !turn.hasBegun { turn.sessionExists() }
                }
                // The end of a turn is told once it has ended.
                if outcome == nil { changed(session) }
                completion(.success(()))
            case .failure(let error): completion(.failure(Self.notSaved(error)))
            }
        }
    }

    /// Tells the fleet.
    func changed(_ session: ChatSession) {
        guard let fleet, session.isStored, !session.isDeleted else { return }
        fleet.chatChanged(session.view)
    }

    private static func notSaved(_ error: JournalError) -> TurnError {
        switch error {
        case .full: return TurnError(.internalError, "the session cannot be saved: the disk is full")
        case .closed: return .shuttingDown
        case .newerVersion, .unavailable, .corrupt:
            return TurnError(.internalError, "the session cannot be saved: \(error)")
        }
    }

    // MARK: - Turns

    /// Begins a turn, or lets it wait for its time. The request is answered: with a stream, or with why there is none.
    func chat(_ request: ChatRequest, on exchange: HTTPExchange) throws(TurnError) {
        _ = try enter(request.message, in: request.sessionID) { [self] in TurnStream(exchange, keepAlives: keepAlives) }
    }

    /// Begins a turn that nobody watches, and calls back with its last words when it is over. Gives the session that it is
    /// in, or why there is no turn; then it does not call back.
    func converse(
        _ message: String, in session: String?,
        then completion: @escaping @Loop (_ session: String, Result<String, TurnError>) -> Void
    ) -> Result<String, TurnError> {
        do throws(TurnError) {
            let turn = try enter(message, in: session, stream: { nil }) { turn, outcome in
                switch outcome {
                case .finished:
                    let answer = turn.session.messages.last { $0.role == .assistant }?.content ?? ""
                    completion(turn.session.id, .success(answer))
                case .failed(let error, _, _): completion(turn.session.id, .failure(error))
                }
            }
            return .success(turn.session.id)
        } catch {
            return .failure(error)
        }
    }

    private func enter(
        _ message: String, in named: String?, stream: @Loop () -> TurnStream?,
        onEnd: (@Loop (ChatTurn, TurnOutcome) -> Void)? = nil
    ) throws(TurnError) -> ChatTurn {
        guard !isDraining else { throw .shuttingDown }
        let id = named ?? SessionID(randomBytes: randomID()).rawValue
        let session = shelf[id] ?? newcomers[id] ?? newSession(id)
        let number = nextTurn
        nextTurn += 1
        let entrance = queue.enter(number, session: id)
        guard entrance != .full else {
            throw TurnError(.serviceUnavailable, "too many messages wait already; try again when some are answered")
        }
        if !session.isStored { newcomers[id] = session }
        let turn = ChatTurn(number, session: session, message: message, stream: stream(), service: self)
        turn.onEnd = onEnd
        turns[number] = turn
        switch entrance {
        case .begins: turn.begin(agent)
        case .waits:
            session.waitingTurns = queue.waitingCount(of: id)
            if session.isStored { turn.sessionExists() }
            changed(session)
        case .full: break
        }
        return turn
    }

    /// Ends the turn of a session that is under way; those that wait for it have their turn (§2.7). `false` when there is
    /// no such session.
    func cancel(_ id: String) -> Bool {
        guard let session = shelf[id] ?? newcomers[id] else { return false }
        for turn in turns.values where turn.session === session && turn.hasBegun { turn.stop(.cancelled) }
        return true
    }

    /// A turn is over and has told so.
    func ended(_ turn: ChatTurn, _ outcome: TurnOutcome) {
        turns[turn.id] = nil
        let session = turn.session
        switch outcome {
        case .finished(let finish):
            session.usage = session.usage + finish.total
            session.lastError = nil
        case .failed(let error, let total, _):
            session.usage = session.usage + total
            session.lastError = error.message
        }
        for next in queue.leave(turn.id) { turns[next]?.begin(agent) }
        session.waitingTurns = queue.waitingCount(of: session.id)
        if !turns.values.contains(where: { $0.session === session }) {
            cool(session)
            if newcomers[session.id] === session { newcomers[session.id] = nil }
        }
        changed(session)
        if turns.isEmpty { finishDraining() }
    }

    /// Keeps the messages of a session at hand in which somebody talks, and lets go of those of the one that has been
    /// quiet for longest.
    private func cool(_ session: ChatSession) {
        warm.removeAll { $0 === session }
        warm.append(session)
        if warm.count > Self.warmLimit { warm.removeFirst().rest() }
    }

    // MARK: - End

    /// Takes no more turns and ends those there are, with `shutting_down` (§2.4). Calls back when all have ended.
    public func drain(then completion: @escaping @Loop () -> Void) {
        isDraining = true
        drained = completion
        // Those that wait go first, so that none of them begins in between.
        for turn in turns.values where !turn.hasBegun { turn.stop(.shuttingDown) }
        for turn in turns.values { turn.stop(.shuttingDown) }
        if turns.isEmpty { finishDraining() }
    }

    private func finishDraining() {
        guard let drained else { return }
        self.drained = nil
        guard let tools = try? agent.get().tools, tools.isSlowToPrepare else { return drained() }
        readers.run({ tools.close() }) { drained() }
    }
}
