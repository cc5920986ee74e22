import Bytes
import Fleet
import Models
import Reactor

/// One session, as it is durable. Its messages are kept as the JSON that lists and readers get, made once each; they are
/// read only when a turn needs them.
@Loop
final class ChatSession {
    let key: ChatSessionKey
    let createdAt: PreciseTime
    private(set) var updatedAt: PreciseTime
    /// Whether it is in the database. A session that is not is known to its first turn only.
    private(set) var isStored: Bool
    var isDeleted = false
    private(set) var messageCount: Int
    /// The messages, with commas between them.
    private(set) var body: [UInt8]
    /// The same as values, and the tokens they are taken for, once somebody asked.
    private var decoded: (messages: [ChatMessage], tokens: Int)?
    /// What a list shows of the messages, once somebody asked.
    private var glimpses: Glimpses?

    /// What lists show of a session that no row says.
    struct Glimpses {
        /// The beginning of the first thing that was asked.
        var title: String?
        /// The last message that says something; what tools print is not for lists.
        var last: ChatSessionView.LastMessage?
    }

    // What the present daemon knows of its turns.
    var turnStartedAt: PreciseTime?
    var tool: String?
    var waitingTurns = 0
    var usage = TokenUsage.zero
    var settings: (provider: String, model: String)?
    var lastError: String?

    var id: String { key.id }

    init(key: ChatSessionKey, at time: PreciseTime) {
        self.key = key
        createdAt = time
        updatedAt = time
        isStored = false
        messageCount = 0
        body = []
        decoded = ([], 0)
    }

    init(_ stored: StoredChatSession) {
        key = stored.key
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
        isStored = true
        messageCount = stored.messages.count
        body = []
        body.reserveCapacity(stored.messages.reduce(0) { $0 + $1.count + 1 })
        for message in stored.messages { Self.append(Self.isSound(message) ? message : Self.lost, to: &body) }
    }

    /// Whether a row is JSON, so that it spoils nothing but itself.
    private static func isSound(_ message: [UInt8]) -> Bool {
        var reader = JSONReader(message.span, depthLimit: depthLimit)
        return (try? reader.validateDocument()) != nil
    }

    /// Stands where a row was that is none.
    private static let lost = ChatMessage(role: .assistant, content: "(this message cannot be read)", isPartial: true)
        .json.encoded()

    /// The messages as values.
    var messages: [ChatMessage] { conversation.messages }

    /// The messages as values, and the tokens they are taken for.
    var conversation: (messages: [ChatMessage], tokens: Int) {
        if let decoded { return decoded }
        let messages = stored.compactMap { Self.message($0) }
        let conversation = (messages, messages.reduce(0) { $0 + TokenBudget.estimate($1) })
        decoded = conversation
        return conversation
    }

    /// The JSON of each message.
    private var stored: [ArraySlice<UInt8>] {
        let array = [UInt8(ascii: "[")] + body + [UInt8(ascii: "]")]
        var reader = JSONReader(array.span, depthLimit: Self.depthLimit)
        return ((try? reader.arrayElements()) ?? []).map { array[$0] }
    }

    private static func message(_ json: ArraySlice<UInt8>) -> ChatMessage? {
        guard let json = try? JSON(parsing: Array(json), depthLimit: depthLimit) else { return nil }
        return try? ChatMessage(json: json)
    }

    /// What a model wrote as the arguments of a call may be as deep as JSON may be anywhere, and stands deeper here.
    private static let depthLimit = 2 * JSONReader.depthLimit

    /// Lets go of what can be made again.
    func rest() { decoded = nil }

    // MARK: - Changing

    /// The moment after the last change, which is now unless the clock stands or goes back (§0.3).
    func nextTime(_ now: PreciseTime) -> PreciseTime { max(now.wholeMicroseconds, updatedAt + 1) }

    /// What has to be written so that these messages are in the session.
    func save(
        _ messages: [ChatMessage], outcome: TurnOutcome?, settings: (provider: String, model: String)?,
        at now: PreciseTime
    ) -> (save: ChatSave, messages: [ChatMessage]) {
        var time = nextTime(now)
        var save = ChatSave(
            session: key, createdAt: createdAt, isNew: !isStored, messages: [], updatedAt: updatedAt, outcome: outcome,
            model: settings?.model, provider: settings?.provider)
        var stamped = messages
        for index in stamped.indices {
            stamped[index].createdAt = time
            let message = stamped[index]
            save.messages.append(
                ChatSave.Message(
                    position: messageCount + index, role: message.role, at: time, encoded: message.json.encoded(),
                    tool: message.name, isError: message.isError, isPartial: message.isPartial))
            save.updatedAt = time
            time = time + 1
        }
        return (save, stamped)
    }

    /// Takes what is durable now.
    func apply(_ save: ChatSave, _ messages: [ChatMessage]) {
        isStored = true
        updatedAt = save.updatedAt
        guard !messages.isEmpty else { return }
        messageCount += messages.count
        for message in save.messages { Self.append(message.encoded, to: &body) }
        decoded?.messages.append(contentsOf: messages)
        decoded?.tokens += messages.reduce(0) { $0 + TokenBudget.estimate($1) }
        if glimpses != nil { glimpse(at: messages) }
    }

    private static func append(_ message: [UInt8], to body: inout [UInt8]) {
        if !body.isEmpty { body.append(UInt8(ascii: ",")) }
        body.append(contentsOf: message)
    }

    // MARK: - JSON

    /// What stands before the messages: `{"id":…,"created_at":…,"updated_at":…,`.
    private func appendHead(to output: inout [UInt8]) {
        output.append(literal: "{\"id\":")
        JSONWriter.append(id, to: &output)
        output.append(literal: ",\"created_at\":\"")
        output.append(contentsOf: createdAt.rfc3339Microseconds().utf8)
        output.append(literal: "\",\"updated_at\":\"")
        output.append(contentsOf: updatedAt.rfc3339Microseconds().utf8)
        output.append(literal: "\",")
    }

    /// The parts of the session's JSON, so that a long history is shared and not copied.
    var parts: [[UInt8]] {
        var head: [UInt8] = []
        head.reserveCapacity(160)
        appendHead(to: &head)
        head.append(literal: "\"messages\":[")
        return [head, body, [UInt8(ascii: "]"), UInt8(ascii: "}")]]
    }

    func append(to output: inout [UInt8]) {
        appendHead(to: &output)
        output.append(literal: "\"messages\":[")
        output.append(contentsOf: body)
        output.append(literal: "]}")
    }

    /// The same with a count and a glimpse of the messages in their place (§3.2).
    func appendSummary(to output: inout [UInt8]) {
        appendHead(to: &output)
        output.append(literal: "\"message_count\":")
        JSONWriter.append(messageCount, to: &output)
        output.append(literal: ",\"preview\":")
        JSONWriter.append(preview, to: &output)
        output.append(UInt8(ascii: "}"))
    }

    // MARK: - Glimpses

    var preview: String { look().last?.text ?? "" }

    var view: ChatSessionView {
        let glimpses = look()
        return ChatSessionView(
            id: SessionID(id), createdAt: createdAt, updatedAt: updatedAt,
            state: turnStartedAt.map { .working(since: $0, tool: tool) } ?? .idle, waitingTurns: waitingTurns,
            messageCount: messageCount, title: glimpses.title, lastMessage: glimpses.last,
            provider: settings?.provider, model: settings?.model, usage: usage, lastError: lastError)
    }

    private func look() -> Glimpses {
        if let glimpses { return glimpses }
        var found = Glimpses()
        // Of a long history only its ends are read.
        let stored = stored
        found.title = stored.lazy.compactMap { Self.message($0) }.first { $0.role == .user }
            .map { Self.glimpse($0.content) }
        found.last = stored.reversed().lazy.compactMap { Self.message($0) }.first(where: Self.isShown)
            .map { .init(role: $0.role, text: Self.glimpse($0.content)) }
        glimpses = found
        return found
    }

    private func glimpse(at messages: [ChatMessage]) {
        if glimpses?.title == nil, let first = messages.first(where: { $0.role == .user }) {
            glimpses?.title = Self.glimpse(first.content)
        }
        if let last = messages.last(where: Self.isShown) {
            glimpses?.last = .init(role: last.role, text: Self.glimpse(last.content))
        }
    }

    private static func isShown(_ message: ChatMessage) -> Bool {
        (message.role == .user || message.role == .assistant) && !message.content.isEmpty
    }

    /// Characters that a list shows.
    private static let glimpseLength = 160

    private static func glimpse(_ text: String) -> String {
        guard text.utf8.count > glimpseLength, text.unicodeScalars.count > glimpseLength else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(glimpseLength - 1))) + "…"
    }
}
