import Reactor

/// One client of tmux in control mode, attached to a session, through which commands are answered without a process each.
///
/// What such a client is to tmux 3.3a, as observed:
/// - It never starts a server (`-N`), and leaves the session's environment alone (`-E`).
/// - It has no size until it names one, which it never does: with every `window-size` windows keep theirs, also while it
///   comes and goes (`ignore-size` says so a second time).
/// - It counts in `session_attached`, runs the hooks of clients, and attaching renews `session_activity`, by which tmux
///   chooses sessions: ``ConnectionSession`` picks one where nobody notices. Its commands renew nothing.
/// - With `focus-events` on, the active pane's program would be told that it has the focus.
/// - While it is there the current window of its session shows no bell, as if somebody looked at it.
/// - When its session is destroyed it is told `%exit`, as when the server ends.
/// - It would stay attached for ever when nobody reads its answers any more; the relay's end is the end of it.
@Loop
final class ControlConnection {
    /// What became of a command.
    enum Answer {
        case body([UInt8])
        /// tmux's error, trimmed by nobody yet.
        case error([UInt8])
        /// The connection ended first; nobody knows whether the command was carried out.
        case lost
    }

    private var parser = ControlModeParser()
    private var dialogue: ControlDialogue
    private var waiting: [@Loop (Answer) -> Void] = []
    private var program: PipedProgram?
    private let relay: ClientRelay
    private var timer: LoopTimer?
    private var timerEnd: Int64 = 0
    private let onReady: @Loop () -> Void
    private var onEnd: (@Loop (ControlDialogue.Ending) -> Void)?

    /// How long it may take to attach, and to leave once its input is closed, in milliseconds.
    private static let attachTime: Int64 = 5_000
    private static let leaveTime: Int64 = 1_000
    /// Bytes of commands that tmux has not read.
    private static let backlogLimit = 1 << 20

    /// - Parameters:
    ///   - relay: Between the client and its server, for as long as the client runs.
    ///   - onReady: Told when it takes commands.
    ///   - onEnd: Told once when it takes none any more, not after ``close()``. Those that wait are told first.
    init(
        _ command: ChildProcess.Command, over relay: ClientRelay, onReady: @escaping @Loop () -> Void,
        onEnd: @escaping @Loop (ControlDialogue.Ending) -> Void
    ) {
        self.relay = relay
        self.onReady = onReady
        self.onEnd = onEnd
        dialogue = ControlDialogue(attachedBy: Loop.now + Self.attachTime)
        program = PipedProgram(
            command, received: { [weak self] in self?.received($0, $1) },
            ended: { [weak self] result in
                relay.close()
                self?.exited(result)
            })
        setTimer()
    }

    /// Whether a command would be taken now.
    var isReady: Bool { dialogue.isReady && program != nil }
    var isFull: Bool { dialogue.isFull || (program?.inputBacklog ?? 0) > Self.backlogLimit }
    /// Whether nobody waits for an answer.
    var isIdle: Bool { dialogue.isIdle }
    /// tmux's name of the session it hangs on, while it does.
    var sessionID: String? { isReady ? dialogue.sessionID : nil }

    /// Sends one command. Only while ready and not full.
    ///
    /// - Parameter deadline: In milliseconds of the loop's clock.
    func ask(_ arguments: [String], until deadline: Int64, then: @escaping @Loop (Answer) -> Void) {
        dialogue.asked(until: deadline)
        waiting.append(then)
        program?.write(Array((TmuxArgument.line(arguments) + "\n").utf8))
        setTimer()
    }

    /// Leaves the session. Those that wait are told that their answers are lost; nothing else is told.
    func close() {
        onEnd = nil
        end(.left(""))
    }

    // MARK: - What tmux says

    private func received(_ channel: PipedProgram.Channel, _ bytes: UnsafeRawBufferPointer) {
        guard channel == .output, program != nil else { return }
        parser.feed(bytes)
        do throws(ControlModeParser.Failure) {
            while program != nil, let message = try parser.next() {
                switch dialogue.received(message) {
                case .nothing: break
                case .ready:
                    timer?.cancel()
                    timer = nil
                    onReady()
                case .answer(let reply): waiting.removeFirst()(reply.isError ? .error(reply.body) : .body(reply.body))
                case .end(let ending): end(ending)
                }
            }
        } catch {
            end(.garbled)
        }
    }

    private func exited(_ result: Result<ProcessOutcome, SpawnError>) {
        switch result {
        case .success: end(dialogue.isReady ? .left("") : .refused(""))
        case .failure(let error): end(.refused("\(error)"))
        }
    }

    // MARK: - Ending

    private func end(_ ending: ControlDialogue.Ending) {
        guard let program else { return }
        self.program = nil
        timer?.cancel()
        dialogue.ended()
        // It leaves by itself when its input ends; a server that hangs keeps it from that.
        program.finishInput()
        _ = LoopTimer(after: Self.leaveTime) { program.kill() }
        let lost = waiting
        waiting = []
        for then in lost { then(.lost) }
        onEnd?(ending)
        onEnd = nil
    }

    /// One timer at a time; it looks again when it fires, so that only a nearer deadline moves it.
    private func setTimer() {
        guard program != nil, case .sleep(let until) = dialogue.wake(at: Loop.now) else { return }
        if timer != nil, timerEnd <= until { return }
        timer?.cancel()
        timerEnd = until
        timer = LoopTimer(after: until - Loop.now) { [weak self] in
            guard let self else { return }
            timer = nil
            if case .end(let ending) = dialogue.wake(at: Loop.now) { end(ending) } else { setTimer() }
        }
    }
}
