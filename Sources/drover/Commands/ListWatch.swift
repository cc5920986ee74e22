import Client
import Glibc

/// `drover ls --watch`: the list, drawn again whenever the journal grows, and every second for the ages in it.
struct ListWatch {
    private let command: ListCommand
    private let context: Context
    private let client: DaemonClient

    /// Events come in bursts; a burst is drawn once.
    private static let quiet = Duration.milliseconds(100)
    /// Output is no event, so when a session was last active is asked for now and then.
    private static let refresh = Duration.seconds(5)

    init(_ command: ListCommand, in context: Context, client: DaemonClient) {
        self.command = command
        self.context = context
        self.client = client
    }

    func run() throws(CommandFailure) -> ExitCode {
        let isDrawn = context.console.output.isTerminal && !command.printsJSON
        let signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP, SIGWINCH])
        let terminal = isDrawn ? RawTerminal() : nil
        var fleet = try context.ask(client) { client throws(ClientError) in try command.fetch(client) }
        var stream = try context.ask(client) { client throws(ClientError) in
            try client.followEvents(since: fleet.cursor)
        }
        if isDrawn {
            terminal?.enter()
            context.console.write(Array("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l".utf8))
        }
        defer {
            if isDrawn {
                context.console.write(Array("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l".utf8))
                terminal?.leave()
            }
        }
        show(fleet, isDrawn)
        var fetchedAt = ContinuousClock.now
        while true {
            var descriptors = [signals.descriptor, stream.descriptor]
            if terminal != nil { descriptors.append(STDIN_FILENO) }
            let ready = Poll.readable(descriptors, timeout: isDrawn ? .seconds(1) : nil)
            for signal in signals.take() where signal != SIGWINCH {
                return signal == SIGINT ? .ok : ExitCode(rawValue: 128 + signal)
            }
            if ready.count > 2, ready[2], wantsToLeave() { return .ok }
            if ready[1] {
                do throws(ClientError) {
                    while let news = try stream.available(), !news.isEmpty { WallClock.sleep(Self.quiet) }
                    fleet = try command.fetch(client)
                    if try stream.available() == nil { throw .connectionLost }
                } catch {
                    stream = try reconnect(after: error, &fleet, signals, readsKeys: terminal != nil)
                }
                fetchedAt = .now
                show(fleet, isDrawn)
            } else if isDrawn {
                if ContinuousClock.now - fetchedAt > Self.refresh, let newer = try? command.fetch(client) {
                    fleet = newer
                    fetchedAt = .now
                }
                show(fleet, isDrawn)
            }
        }
    }

    /// q, Q, Ctrl-C, Ctrl-D or Escape.
    private func wantsToLeave() -> Bool {
        var keys = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &keys, keys.count)
        if count <= 0 { return true }
        if count == 1 && keys[0] == 0x1B { return true }
        return keys[..<count].contains {
            $0 == 0x03 || $0 == 0x04 || $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q")
        }
    }

    /// The daemon may be restarting; it is given time to.
    private func reconnect(
        after error: ClientError, _ fleet: inout DaemonClient.Fleet, _ signals: Signals, readsKeys: Bool
    ) throws(CommandFailure) -> EventStream {
        let deadline = ContinuousClock.now + LiveFeed.patience
        var latest = error
        while ContinuousClock.now < deadline {
            let descriptors = [signals.descriptor] + (readsKeys ? [STDIN_FILENO] : [])
            let ready = Poll.readable(descriptors, timeout: LiveFeed.retryPause)
            if ready[0], signals.take().contains(where: { $0 != SIGWINCH }) { break }
            if readsKeys, ready[1], wantsToLeave() { break }
            do {
                fleet = try command.fetch(client)
                return try client.followEvents(since: fleet.cursor)
            } catch {
                latest = error
            }
        }
        throw CommandFailure(latest)
    }

    private func show(_ fleet: DaemonClient.Fleet, _ isDrawn: Bool) {
        let console = context.console
        if command.printsJSON { return console.printLine(fleet.json) }
        let lines = command.lines(fleet, in: context)
        guard isDrawn else { return console.print(lines.joined(separator: "\n") + "\n") }
        let rows = TerminalSize.of(STDOUT_FILENO)?.rows ?? 24
        var text = "\u{1B}[H"
        for line in lines.prefix(rows - 1) { text += line + "\u{1B}[K\r\n" }
        text += "\u{1B}[J" + console.styled("\(RelativeTime.clock(context.now()))  q leaves", .dim)
        console.write(Array(text.utf8))
    }
}
