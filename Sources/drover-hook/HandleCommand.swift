import Glibc
import HookReport
import Spool

/// `handle`: a hook of an agent fired (daemon-ipc §9.1). Whatever happens, the agent sees silence and success.
struct HandleCommand {
    let agent: Agent
    /// The input, where it came as a word.
    let json: String?

    /// Longest pause in the input before it is taken as it is, in milliseconds.
    private static let inputPatience: Int32 = 10_000
    /// The same once the input is whole: a moment for the agent to close its side.
    private static let closePatience: Int32 = 50
    /// How long to spend on what others left in the spool, in milliseconds.
    private static let drainPatience = 300

    func run() {
        // First of all: the shell in between may be gone a moment later, and reading a long input takes its time.
        let now = System.now
        let pid = ProcessTable.agent()
        let input = read()
        if System.variable("HUD_SUMMARY_GEN") == "1" { return }
        let surroundings = HookRules.Surroundings(
            now: now, pid: pid, random: System.random, variable: { System.variable($0) })
        switch HookRules.decide(input, of: agent, in: surroundings) {
        case .nothing(let reason): Log.debug("nothing to report: \(reason)")
        case .send(let report): send(report)
        }
    }

    // MARK: - Input

    private func read() -> HookInput {
        var scanner = InputScanner()
        if let json {
            scanner.feed(Array(json.utf8))
            return scanner.input
        }
        if isatty(STDIN_FILENO) == 1 { return scanner.input }
        let capacity = 65_536
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer in
            while true {
                var polled = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                let ready = poll(&polled, 1, scanner.isComplete ? Self.closePatience : Self.inputPatience)
                if ready < 0 && errno == EINTR { continue }
                guard ready > 0 else { return }
                let count = Glibc.read(STDIN_FILENO, buffer.baseAddress, capacity)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                scanner.feed(UnsafeBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return scanner.input
    }

    // MARK: - Sending

    private func send(_ report: Report) {
        guard System.isDaemonEnabled else { return Log.debug("the daemon is switched off") }
        guard let home = System.capacitorHome, let socket = DaemonSocket() else {
            return Log.failure("there is no knowing where the user's home is: set HOME")
        }
        let spool = Spool(capacitorHome: home)
        // What waits is older than this event, and order matters.
        guard drain(spool, through: socket) else { return keep(report, in: spool, because: "the daemon is away") }
        do throws(DaemonSocket.Failure) {
            switch try socket.deliver(report.requestLine()) {
            case .accepted:
                Heartbeat.beat(in: home)
                Log.debug("reported \(report.kind.name) as \(report.eventID)")
            case .refused(let code):
                if report.kind.method == .extra {
                    Log.debug("the daemon has no use for \(report.kind.name): \(code)")
                } else {
                    Log.failure("the daemon refused \(report.kind.name) \(report.eventID): \(code)")
                }
            case .later(let code): keep(report, in: spool, because: code)
            }
        } catch {
            keep(report, in: spool, because: error.reason)
        }
    }

    /// Sends what waits, and says whether it is worth while to try with more.
    private func drain(_ spool: Spool, through socket: DaemonSocket) -> Bool {
        guard spool.count > 0 else { return true }
        let deadline = System.uptime + Self.drainPatience
        var isAway = false
        let drained = spool.drain(at: System.now, while: { System.uptime < deadline }) { line in
            switch try? socket.deliver(line) {
            case .accepted?, .refused?: return .done
            case .later?, nil:
                isAway = true
                return .stop
            }
        }
        if case .all(let count) = drained, count > 0 { Log.debug("sent \(count) events that had waited") }
        return !isAway
    }

    private func keep(_ report: Report, in spool: Spool, because reason: String) {
        do throws(Spool.Failure) {
            try spool.add(report.requestLine(), name: SpoolRules.name(of: report))
            Log.debug("kept \(report.eventID) for later: \(reason)")
        } catch {
            Log.failure("lost \(report.eventID): \(error.doing): \(System.words(error.number)); before that, \(reason)")
        }
    }
}
