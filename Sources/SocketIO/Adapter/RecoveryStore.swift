import Bytes

/// The recent events of a namespace, and the sockets that may come back for them (control-plane §4.10).
///
/// Events are numbered without gaps; the number, as text, is the offset that clients see.
final class RecoveryStore {
    private struct Stored {
        var message: EngineMessage
        var rooms: [String]?
        var except: [String]
        var emitted: Instant
    }

    private let options: RecoveryOptions
    private let engine: EngineServer
    private let sessionDeadlines: DeadlineQueue

    // What stands before `head` has been dropped and not yet moved away.
    private var packets: ContiguousArray<Stored?> = []
    private var head = 0
    private var bytes = 0
    /// The number of the event at `head`.
    private var firstNumber: UInt64
    private var sessions: [SocketID: Persisted] = [:]

    init(_ options: RecoveryOptions, engine: EngineServer, random: UInt64) {
        self.options = options
        self.engine = engine
        // Seven digits, which do not tell how many events there were.
        firstNumber = 1 << 36 | random >> 29
        sessionDeadlines = engine.addQueue(interval: options.maxDisconnectionDuration)
    }

    var isEmpty: Bool { head == packets.count }
    var hasSessions: Bool { !sessions.isEmpty }

    // MARK: - Events

    /// The offset of the event that is stored next.
    var nextOffset: String { Self.text(of: firstNumber + UInt64(packets.count - head)) }

    func store(_ message: EngineMessage, rooms: [String]?, except: [String]) {
        packets.append(Stored(message: message, rooms: rooms, except: except, emitted: engine.now))
        bytes += message.frames.count
        let threshold = engine.now.milliseconds - options.maxDisconnectionDuration.wholeMilliseconds
        while let first = packets[head] {
            guard
                packets.count - head > options.maxPackets || bytes > options.maxBytes
                    || first.emitted.milliseconds < threshold
            else { break }
            bytes -= first.message.frames.count
            packets[head] = nil
            head += 1
            firstNumber += 1
            if head == packets.count { break }
        }
        if head > 64, head > packets.count / 2 {
            packets.removeSubrange(..<head)
            head = 0
        }
    }

    /// Drops all events, when nobody is left who could ask for them.
    func clear() {
        firstNumber += UInt64(packets.count - head)
        packets = []
        head = 0
        bytes = 0
    }

    private func missed(after offset: String, in rooms: [String]) -> [EngineMessage]? {
        guard let number = Self.number(of: offset), number + 1 >= firstNumber,
            number < firstNumber + UInt64(packets.count - head)
        else { return nil }
        let rooms = Set(rooms)
        return packets[(head + Int(number + 1 - firstNumber))...].compactMap { packet in
            guard let packet, packet.rooms.map({ $0.contains { rooms.contains($0) } }) ?? true,
                !packet.except.contains(where: { rooms.contains($0) })
            else { return nil }
            return packet.message
        }
    }

    // MARK: - Sessions

    func persist(_ session: RecoverySession) {
        while sessions.count >= options.maxSessions, let oldest = sessionDeadlines.first as? Persisted {
            oldest.dequeue()
            sessions[oldest.session.privateID] = nil
        }
        let persisted = Persisted(session: session, store: self)
        sessions[session.privateID] = persisted
        sessionDeadlines.add(persisted, at: engine.now)
    }

    func find(_ privateID: SocketID) -> RecoverySession? { sessions[privateID]?.session }

    func claim(_ privateID: SocketID, offset: String, rooms: [String]) -> [EngineMessage]? {
        guard let persisted = sessions.removeValue(forKey: privateID) else { return nil }
        persisted.dequeue()
        return missed(after: offset, in: rooms)
    }

    fileprivate func expired(_ persisted: Persisted) {
        sessions[persisted.session.privateID] = nil
    }

    func close() {
        for persisted in sessions.values { persisted.dequeue() }
        sessions = [:]
        clear()
    }

    // MARK: - Offsets

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func text(of number: UInt64) -> String {
        var text: [UInt8] = []
        var rest = number
        repeat {
            text.append(digits[Int(rest & 63)])
            rest >>= 6
        } while rest > 0
        text.reverse()
        return String(decoding: text, as: UTF8.self)
    }

    static func number(of text: String) -> UInt64? {
        guard (1...9).contains(text.utf8.count) else { return nil }
        var number: UInt64 = 0
        for byte in text.utf8 {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            number = number << 6 | UInt64(digit)
        }
        return number
    }
}

/// A socket's state until it comes back or is forgotten.
private final class Persisted: QueuedDeadline {
    let session: RecoverySession
    private unowned let store: RecoveryStore

    init(session: RecoverySession, store: RecoveryStore) {
        self.session = session
        self.store = store
        super.init()
    }

    override func expire(at now: Instant) {
        store.expired(self)
    }
}
