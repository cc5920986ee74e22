import Glibc
import HookReport

/// `cwd`: a shell is at its prompt (daemon-ipc §9.3).
struct CwdCommand {
    let path: String?
    let pid: String?
    let tty: String?

    /// Sends the news; 1, and one line on stderr, when the daemon was not told.
    func run() -> Int32 {
        guard System.isDaemonEnabled else { return fail("CAPACITOR_DAEMON_ENABLED switches the daemon off") }
        guard let path = path ?? System.variable("PWD") ?? workingDirectory() else { return fail("no PATH was given") }
        guard let pid = shell() else { return fail("no PID was given, and the shell cannot be found") }
        guard let tty = terminal() else { return fail("there is no terminal; give its TTY") }
        guard let socket = DaemonSocket() else { return fail("there is no knowing where the daemon is: set HOME") }

        let client = Tmux.client()
        var news = ShellNews(
            cwd: canonical(path), pid: pid, tty: tty,
            parentApp: ParentApp.detect(tmuxClient: client?.terminal) { System.variable($0) })
        if let client { news.tmux = (client.session, client.tty) }
        news.tmuxPane = System.variable("TMUX_PANE")
        news.processStart = ProcessTable.startSeconds(of: Int32(bitPattern: pid))
        let report = news.report(at: System.now, random: System.random)
        do throws(DaemonSocket.Failure) {
            switch try socket.deliver(report.requestLine()) {
            case .accepted: return 0
            case .refused(let code), .later(let code): return fail("the daemon did not take it: \(code)")
            }
        } catch {
            return fail(error.reason)
        }
    }

    private func fail(_ reason: String) -> Int32 {
        System.say("drover-hook cwd: \(reason)", to: .errors)
        return 1
    }

    // MARK: - What was not given

    private func shell() -> UInt32? {
        if let pid {
            guard let number = UInt32(pid), number > 0, number <= UInt32(Int32.max) else { return nil }
            return number
        }
        return ProcessTable.shell()
    }

    /// The terminal's device: as told, as `TTY` says, else of one of our own descriptors.
    private func terminal() -> String? {
        for candidate in [tty, System.variable("TTY")] {
            if let candidate, candidate.hasPrefix("/") { return candidate }
        }
        for descriptor in 0...2 where isatty(Int32(descriptor)) == 1 {
            if let path = ProcessTable.link("/proc/self/fd/\(descriptor)") { return path }
        }
        return nil
    }

    private func workingDirectory() -> String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    /// With all links resolved, and as it was given when it is not there.
    private func canonical(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return HookRules.trimmed(path) }
        defer { free(real) }
        return String(cString: real)
    }
}
