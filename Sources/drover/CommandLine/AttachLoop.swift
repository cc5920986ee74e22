import Bytes
import Client
import Glibc

/// Carries keys one way and output the other, until one side is over.
final class AttachLoop {
    enum Ending {
        case detached
        /// With its last output shown.
        case ended(Session)
        case signalled(Int32)
    }

    private let session: Session
    private let client: DaemonClient
    private let context: Context
    private let terminal: RawTerminal?
    private let signals: Signals
    private let readOnly: Bool
    private var feed: LiveFeed?

    var isConnected: Bool { feed != nil }

    private var watcher: DetachKeyWatcher
    private var input = AttachInput()
    private var readsInput = true
    private var follower = OutputFollower()
    private var modes = TerminalModes()
    private var size: TerminalSize?
    private var holdsKeysSince: ContinuousClock.Instant?
    private var mayHaveEnded = false
    /// Until when a lost connection is tried again.
    private var givesUpAt = ContinuousClock.now
    /// Whether the cursor probably stands at the beginning of a line.
    private var endsLine = true

    /// So much of the past is shown on attaching: several screens of the densest programs.
    private static let replayLimit = 256 << 10
    /// So much before that is read for the modes that it set.
    private static let modeLimit = 16 << 20
    /// A viewer that has fallen further behind skips to the present.
    private static let gapLimit = 1 << 20
    /// A first key of the detach key that nothing follows is for the program after all.
    private static let keyPatience = Duration.milliseconds(700)

    init(
        _ session: Session, _ client: DaemonClient, context: Context, terminal: RawTerminal?, signals: Signals,
        key: DetachKey, readOnly: Bool
    ) {
        self.session = session
        self.client = client
        self.context = context
        self.terminal = terminal
        self.signals = signals
        self.readOnly = readOnly
        watcher = DetachKeyWatcher(key)
        size = terminal == nil || readOnly ? nil : TerminalSize.current
    }

    func run(isFresh: Bool) throws(ClientError) -> Ending {
        feed = try LiveFeed(session, client, token: context.token)
        terminal?.enter()
        try resize()
        try replay(isFresh: isFresh)
        // A program that has ended before the first news would never send any.
        mayHaveEnded = true
        while true {
            if let ending = try turn() { return ending }
        }
    }

    /// Puts the terminal right. May be called more than once.
    func restore() {
        feed?.socket.close()
        guard let terminal else { return }
        let isAlternate = modes.isAlternateScreen
        context.console.write(modes.restoring)
        // Remarks begin a line.
        context.console.write(isAlternate || endsLine ? [] : Array("\r\n".utf8))
        endsLine = true
        modes = TerminalModes()
        terminal.leave()
    }

    // MARK: - One turn

    private func turn() throws(ClientError) -> Ending? {
        var descriptors = [signals.descriptor]
        if readsInput { descriptors.append(STDIN_FILENO) }
        if let feed { descriptors.append(feed.descriptor) }
        let ready = Poll.readable(descriptors, timeout: pause)
        for signal in signals.take() {
            if let ending = handle(signal) { return ending }
        }
        if readsInput, ready[1], let ending = readInput() { return ending }
        if let since = holdsKeysSince, ContinuousClock.now - since >= Self.keyPatience {
            holdsKeysSince = nil
            input.typed(watcher.timedOut())
        }
        guard let feed else { return try reconnect() }
        do {
            try takeNews(feed)
            if !readOnly { try input.send(over: feed.socket, to: session.id) }
            if mayHaveEnded || !ready.contains(true) { return try endingIfEnded() }
        } catch {
            try lost(error)
        }
        return nil
    }

    /// How long nothing may happen before something has to be looked at.
    private var pause: Duration {
        if feed == nil { return LiveFeed.retryPause }
        if mayHaveEnded { return .zero }
        return holdsKeysSince == nil && !input.isWaiting ? LiveFeed.heartbeat : Self.keyPatience
    }

    private func handle(_ signal: Int32) -> Ending? {
        switch signal {
        case SIGWINCH:
            if size != nil { size = TerminalSize.current }
            try? resize()
        case SIGTSTP:
            context.console.write(modes.restoring)
            terminal?.leave()
            raise(SIGSTOP)
        case SIGCONT:
            terminal?.enter()
            try? redraw()
        default: return .signalled(signal)
        }
        return nil
    }

    // MARK: - Keys

    private func readInput() -> Ending? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return nil }
        guard count > 0 else {
            // A terminal that has gone takes its person with it; a file that has been read is only read.
            readsInput = false
            return terminal == nil ? nil : .detached
        }
        guard terminal != nil else {
            input.typed(Array(buffer[..<count]))
            return nil
        }
        switch watcher.feed(Array(buffer[..<count])) {
        case .typed(let bytes, let isHolding):
            holdsKeysSince = isHolding ? .now : nil
            input.typed(bytes)
        case .detached(let bytes):
            input.typed(bytes)
            if !readOnly, let feed { try? input.send(over: feed.socket, to: session.id) }
            return .detached
        }
        return nil
    }

    private func resize() throws(ClientError) {
        guard let size, let feed else { return }
        try feed.socket.emit("terminal_resize", Self.resize(session.id, size))
    }

    /// Makes a full-screen program draw everything again, which it does when its size changes.
    private func redraw() throws(ClientError) {
        guard let size, size.rows > 2, let feed else { return }
        var smaller = size
        smaller.rows -= 1
        try feed.socket.emit("terminal_resize", Self.resize(session.id, smaller))
        WallClock.sleep(.milliseconds(30))
        try resize()
    }

    private static func resize(_ id: String, _ size: TerminalSize) -> JSON {
        ["sessionId": .string(id), "cols": .integer(size.columns), "rows": .integer(size.rows)]
    }

    // MARK: - Output

    /// Shows the past: a terminal sees the tail when there is much, a file gets all. Live output waits in the socket.
    private func replay(isFresh: Bool) throws(ClientError) {
        let output = try client.output(of: session.id, from: terminal == nil || isFresh ? 0 : -Self.replayLimit)
        var bytes = output.bytes
        let isCut = output.offset > 0
        if isCut {
            let newline = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.startIndex
            try establishModes(before: output.offset, and: Array(bytes[..<newline]))
            bytes.removeFirst(newline)
        }
        if terminal == nil || isFresh {
            show(bytes)
        } else {
            var filter = ReplayFilter()
            show(filter.feed(bytes))
        }
        follower = OutputFollower(position: output.offset + output.bytes.count)
        if modes.isAlternateScreen || (isCut && terminal != nil) { try redraw() }
    }

    /// Puts the terminal into the modes that the program asked for in the part of its output that is not shown.
    private func establishModes(before offset: Int, and rest: [UInt8]) throws(ClientError) {
        let start = max(0, offset - Self.modeLimit)
        _ = try client.output(of: session.id, from: start, limit: offset - start) { self.modes.feed($0) }
        modes.feed(rest)
        context.console.write(modes.establishing)
    }

    private func takeNews(_ feed: LiveFeed) throws(ClientError) {
        guard let news = try feed.available() else { throw .connectionLost }
        for piece in news {
            switch piece {
            case .output(let data, let offset, let count, let lost):
                switch follower.arrived(offset: offset, count: count, lost: lost) {
                case .show where terminal == nil && data.unicodeScalars.contains("\u{FFFD}"):
                    // Bytes that were no UTF-8: a file is to have them as they were.
                    try fill(from: follower.position - count, known: nil)
                case .show: show(Array(data.utf8))
                case .skip: break
                case .fetch(let from): try fill(from: from, known: offset)
                }
            case .changed: mayHaveEnded = true
            case .acknowledged(let id, let reply): if input.acknowledged(id, reply) { bell() }
            case .refused: break
            }
        }
    }

    /// Shows what was missed, or the tail of it when it is too much to be of use.
    private func fill(from start: Int, known offset: Int?) throws(ClientError) {
        var from = start
        if terminal != nil, let offset, offset - start > Self.gapLimit { from = offset - Self.replayLimit }
        let output = try client.output(of: session.id, from: from)
        show(output.bytes)
        follower.fetched(to: output.offset + output.bytes.count)
        if from != start, modes.isAlternateScreen { try redraw() }
    }

    private func show(_ bytes: [UInt8]) {
        guard let last = bytes.last else { return }
        if terminal != nil { modes.feed(bytes) }
        endsLine = last == UInt8(ascii: "\n")
        context.console.write(bytes)
    }

    private func bell() {
        if terminal != nil { context.console.write([0x07]) }
    }

    // MARK: - Ends

    private func endingIfEnded() throws(ClientError) -> Ending? {
        mayHaveEnded = false
        let now: Session
        do {
            now = try client.session(session.id)
        } catch {
            // The live connection tells when the daemon is gone.
            if case .refused = error { throw error }
            return nil
        }
        guard !now.isLive else { return nil }
        try fill(from: follower.position, known: nil)
        return .ended(now)
    }

    /// The connection is gone. The daemon may be restarting, and the session may have survived.
    private func lost(_ error: ClientError) throws(ClientError) {
        switch error {
        case .connectionLost, .daemonNotRunning, .timedOut: break
        case .refused, .invalidURL, .notDrover: throw error
        }
        feed = nil
        input.connectionLost()
        givesUpAt = .now + LiveFeed.patience
        guard terminal != nil, !modes.isAlternateScreen else { return }
        context.console.write(Array("\r\n[the daemon is gone; waiting for it to come back]\r\n".utf8))
    }

    private func reconnect() throws(ClientError) -> Ending? {
        do {
            feed = try LiveFeed(session, client, token: context.token)
        } catch {
            if case .refused = error { throw error }
            guard ContinuousClock.now < givesUpAt else { throw error }
            return nil
        }
        do {
            try resize()
            try fill(from: follower.position, known: nil)
            if modes.isAlternateScreen { try redraw() }
            mayHaveEnded = true
        } catch {
            try lost(error)
        }
        return nil
    }
}
