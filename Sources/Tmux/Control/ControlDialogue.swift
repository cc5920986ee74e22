/// Who is waiting for which answer on a connection in control mode, and until when.
///
/// A plain value. tmux 3.3a answers every command line that holds one command with exactly one block of ours, in order, also
/// a line that it cannot read; blocks that are not ours belong to the start and to hooks.
struct ControlDialogue: Equatable, Sendable {
    enum Ending: Equatable, Sendable {
        /// It never was attached, with tmux's reason.
        case refused(String)
        /// tmux said goodbye, or was heard no more: the session was destroyed, the server ended, somebody detached us.
        case left(String)
        /// An answer or the attaching took too long.
        case timedOut
        /// What came was not control mode.
        case garbled
    }

    enum Reaction: Equatable, Sendable {
        case nothing
        /// Attached: commands may be sent.
        case ready
        /// The oldest waiting command has this answer.
        case answer(ControlModeParser.Reply)
        case end(Ending)
    }

    enum WakeAction: Equatable, Sendable {
        case sleep(until: Int64)
        case end(Ending)
        case nothing
    }

    private enum Phase: Equatable { case attaching(until: Int64), attached, ended }

    private var phase: Phase
    /// Deadlines of the commands that wait for their answers, oldest first.
    private var deadlines: [Int64] = []
    /// tmux's name of the session it hangs on, `$3`.
    private(set) var sessionID: String?

    /// Commands that may wait for their answers at once.
    static let limit = 128

    /// - Parameter deadline: Until when it must be attached, in milliseconds of the loop's clock, as all times here.
    init(attachedBy deadline: Int64) { phase = .attaching(until: deadline) }

    var isReady: Bool { phase == .attached }
    var isFull: Bool { deadlines.count >= Self.limit }
    var isIdle: Bool { deadlines.isEmpty }

    /// A command is sent. Only while ready and not full.
    mutating func asked(until deadline: Int64) {
        precondition(isReady && !isFull, "a command was sent to a connection that takes none")
        deadlines.append(deadline)
    }

    mutating func received(_ message: ControlModeParser.Message) -> Reaction {
        if phase == .ended { return .nothing }
        switch message {
        case .reply(let reply):
            return received(reply)
        case .exit(let reason):
            return .end(isReady ? .left(reason) : .refused(reason))
        case .notification("session-changed", let rest):
            sessionID = String(rest.prefix { $0 != " " })
            guard case .attaching = phase else { return .nothing }
            phase = .attached
            return .ready
        case .notification:
            return .nothing
        }
    }

    private mutating func received(_ reply: ControlModeParser.Reply) -> Reaction {
        if reply.isOurs {
            guard !deadlines.isEmpty else { return .end(.garbled) }
            deadlines.removeFirst()
            return .answer(reply)
        }
        guard case .attaching = phase, reply.isError else { return .nothing }
        return .end(.refused(TmuxError.trimmed(reply.body)))
    }

    /// Reacts to the passing of time. Answers come in order, so that who waits behind a late one waits in vain too.
    func wake(at now: Int64) -> WakeAction {
        let deadline: Int64?
        switch phase {
        case .attaching(let until): deadline = until
        case .attached: deadline = deadlines.min()
        case .ended: deadline = nil
        }
        guard let deadline else { return .nothing }
        return deadline <= now ? .end(.timedOut) : .sleep(until: deadline)
    }

    mutating func ended() {
        phase = .ended
        deadlines = []
    }
}
