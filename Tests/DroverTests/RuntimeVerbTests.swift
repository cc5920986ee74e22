import Bytes
import Client
import Fleet
import Glibc
import Testing
import Wire

@testable import drover

private let id = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"

private func session(_ target: String?, state: String = "RUNNING", _ more: JSONObject = [:]) -> JSON {
    var object = more
    object["target"] = target.map { .string($0) }
    return Sample.session(id, name: "web", state: state, object)
}

/// A daemon with one session, which starts another when it is asked to.
private func daemon(_ view: JSON, output: String = "", refuses: FakeDaemon.Reply? = nil) -> FakeDaemon {
    FakeDaemon { request in
        if request.line.hasPrefix("POST /api/runner/sessions ") || request.route == "POST /api/runner/sessions" {
            return refuses ?? .json(["sessionId": .string(id)], status: 201)
        }
        if request.line.contains("/output?") { return .bytes(output, from: 0, end: output.utf8.count) }
        return request.line.hasPrefix("GET /api/fleet/") ? .json(view) : .json(["ok": true])
    }
}

@Suite struct CaptureTests {
    private let snapshot = PaneSnapshot(
        content: "\u{1B}[1mready\u{1B}[0m\n> \n\n   \n\n", capturedAtMilliseconds: 1, scrollbackLinesRequested: 0,
        scrollbackLinesIncluded: 5, paneHistoryLines: 0)

    @Test func `of a session in tmux it is the pane, without its empty rows`() throws {
        let daemon = daemon(session("tmux:agents:2.1"))
        let snapshot = snapshot
        let runtime = FakeRuntime { _ in .capture(.captured(snapshot)) }
        defer { (daemon.stop(), runtime.stop()).0 }
        var desk = Desk(daemon, runtime)
        #expect(desk.type("capture", "web").output == "ready\n>\n")
        let json = try JSON(parsing: Array(desk.type("capture", "--json", "web").output.utf8))
        #expect(json["source"] == "pane" && json["lines"] == ["ready", ">"])
        #expect(desk.type("capture", "-n", "1", "web").output == ">\n")
        desk.hasColours = true
        #expect(desk.type("capture", "web").output.hasPrefix("\u{1B}[1mready\u{1B}[0m"))
        let asked = SessionID(rawValue: id)
        #expect(
            runtime.requests == [
                .capture(asked, scrollbackLines: 0), .capture(asked, scrollbackLines: 0),
                .capture(asked, scrollbackLines: 1), .capture(asked, scrollbackLines: 0),
            ])
    }

    @Test(arguments: [
        (CaptureError.paneUnavailable, "is gone"), (.tmuxNotAvailable, "cannot find tmux"),
        (.capturePaneFailed(stderr: "no pane"), "no pane"), (.sessionMissing, "does not know web"),
        (.notATmuxTarget, "is not in tmux"),
    ])
    func `a pane that cannot be shown is said so`(error: CaptureError, words: String) {
        let daemon = daemon(session("tmux:agents:2.1"))
        let runtime = FakeRuntime { _ in .capture(.failed(error)) }
        defer { (daemon.stop(), runtime.stop()).0 }
        let answer = Desk(daemon, runtime).type("capture", "web")
        #expect(answer.exit == .failure && answer.output.isEmpty && answer.remarks.contains(words))
    }

    @Test(arguments: [(String?.none, "recording"), ("headless", "log")])
    func `of any other it is the end of what it wrote`(target: String?, source: String) throws {
        let daemon = daemon(session(target, ["outputBytes": 30]), output: "one\r\n\u{1B}[31mtwo\u{1B}[0m\r\nthree")
        defer { daemon.stop() }
        let desk = Desk(daemon)
        #expect(desk.type("capture", "web").output == "one\ntwo\nthree\n")
        #expect(desk.type("capture", "-n", "2", "web").output == "two\nthree\n")
        #expect(try JSON(parsing: Array(desk.type("capture", "web", "--json").output.utf8))["source"]?.string == source)
    }

    @Test func `is suggested to those who call it differently`() {
        #expect(Desk().type("snapshot", "x").remarks.contains("did you mean drover capture?"))
        #expect(Desk().type("nudge", "x").remarks.contains("did you mean drover send?"))
    }
}

@Suite(.serialized) struct LaunchPlaceTests {
    /// A directory with a program called tmux that writes down what it is asked.
    private struct FakeTmux {
        let directory: String
        var log: String { directory + "/log" }
        var calls: [String] {
            let text = (try? File.read(log, limit: 1 << 16)) ?? []
            return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        init(hasSession: Bool = false, fails: Bool = false) {
            directory = "/tmp/drover-tmux-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            mkdir(directory, 0o700)
            let script = """
                #!/bin/sh
                echo "$@" >> \(directory)/log
                case "$1" in
                has-session) exit \(hasSession ? 0 : 1) ;;
                kill-pane) exit 0 ;;
                *) \(fails ? "echo 'no space for a new window' >&2; exit 1" : "echo '%7 my agents:3.0'") ;;
                esac

                """
            let file = open(directory + "/tmux", O_WRONLY | O_CREAT | O_CLOEXEC, 0o700)
            precondition(write(file, script, script.utf8.count) == script.utf8.count, "a script fits into /tmp")
            close(file)
        }

        func remove() {
            for name in ["tmux", "log"] { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
    }

    private static let made = "-d -P -F #{pane_id} #{session_name}:#{window_index}.#{pane_index}"

    @Test func `a command goes to the pane that is named`() {
        for words in [["--tmux", "my agents:2.1"], ["--tmux=my agents:+2.01"], ["--tmux=tmux:my agents:2.1"]] {
            let daemon = daemon(session("tmux:my agents:2.1"))
            defer { daemon.stop() }
            let answer = Desk(daemon).type(["run"] + words + ["--", "npm", "test"])
            #expect(answer.exit == .ok)
            #expect(daemon.requests[0].body["target"] == "tmux:my agents:2.1")
            #expect(daemon.requests[0].body["command"]?["argv"] == ["npm", "test"])
            #expect(answer.lines[2] == "  tmux    my agents:2.1  (tmux attach -t '=my agents:2')")
            #expect(answer.lines[3] == "  look    drover capture web")
        }
    }

    @Test func `headless it says where its output is`() {
        let daemon = daemon(session("headless"))
        defer { daemon.stop() }
        let answer = Desk(daemon).type("run", "--headless", "npm", "test")
        #expect(daemon.requests[0].body["target"] == "headless")
        #expect(answer.lines[2] == "  output  drover logs -f web")
    }

    @Test func `without a pane there is a new window in the tmux one sits in`() {
        let tmux = FakeTmux()
        let daemon = daemon(session("tmux:my agents:3.0"))
        defer { (tmux.remove(), daemon.stop()).0 }
        var desk = Desk(daemon)
        desk.environment["PATH"] = tmux.directory
        desk.environment["TMUX"] = "/tmp/x,1,0"
        #expect(desk.type("run", "--tmux", "-C", "/tmp/#(id)", "npm", "test").exit == .ok)
        #expect(tmux.calls == ["new-window \(Self.made) -n npm -c /tmp/##(id)"])
        #expect(daemon.requests[0].body["target"] == "tmux:my agents:3.0")
    }

    @Test(arguments: [true, false])
    func `outside of tmux there is a session for it`(exists: Bool) {
        let tmux = FakeTmux(hasSession: exists)
        let daemon = daemon(session("tmux:my agents:3.0"))
        defer { (tmux.remove(), daemon.stop()).0 }
        var desk = Desk(daemon)
        desk.environment["PATH"] = tmux.directory
        #expect(desk.type("run", "--tmux", "--name", "x", "-C", "/tmp", "npm").exit == .ok)
        let calls = tmux.calls
        #expect(calls[0] == "has-session -t =drover")
        #expect(
            calls[1].hasPrefix((exists ? "new-window -t =drover: " : "new-session -s drover ") + Self.made + " -n x"))
    }

    @Test func `a window in which nothing was started is taken away again`() {
        let tmux = FakeTmux()
        let refusing = daemon(session(nil), refuses: .refusal(429, "SESSION_LIMIT_EXCEEDED", "100 sessions live"))
        let failing = daemon(session("tmux:my agents:3.0", state: "FAILED", ["errorMessage": "no such program"]))
        defer { (tmux.remove(), refusing.stop(), failing.stop()).0 }
        for daemon in [refusing, failing] {
            var desk = Desk(daemon)
            desk.environment["PATH"] = tmux.directory
            #expect(desk.type("run", "--tmux", "npm").exit == .failure)
            #expect(tmux.calls.last == "kill-pane -t %7")
        }
    }

    @Test func `tmux that is missing or refuses is said so`() {
        let daemon = daemon(session(nil))
        let tmux = FakeTmux(fails: true)
        defer { (daemon.stop(), tmux.remove()).0 }
        var desk = Desk(daemon)
        desk.environment["PATH"] = "/nonexistent"
        let missing = desk.type("run", "--tmux", "npm")
        #expect(missing.exit == .failure && missing.remarks.contains("tmux is not installed"))
        desk.environment["PATH"] = tmux.directory
        #expect(desk.type("run", "--tmux", "npm").remarks == "tmux makes no window: no space for a new window.\n")
        #expect(daemon.requests.isEmpty)
    }

    @Test func `an agent gets this environment, this directory, and its own arguments`() throws {
        let daemon = daemon(session("headless"))
        let runtime = FakeRuntime { request in
            guard case .spawn(let spawn) = request else { return nil }
            let record = LifecycleRecord(sessionID: spawn.sessionID, runtime: spawn.runtime, state: .running)
            let event = RuntimeEvent.running(spawn.sessionID, runtimePID: 7, startTime: PreciseTime(nanoseconds: 0))
            return .spawned(SpawnedRuntime(lifecycle: record, event: event))
        }
        defer { (daemon.stop(), runtime.stop()).0 }
        var desk = Desk(daemon, runtime)
        desk.now = 1_772_439_362_470
        desk.variables = ["PATH=/bin", "CLAUDECODE=1", "KEY=old", "DROVER_SESSION_ID=parent"]
        let answer = desk.type(
            "run", "--agent", "codex", "--headless", "-C", "/tmp", "-e", "KEY=new", "--", "exec", "fix it")
        #expect(answer.exit == .ok)
        guard case .spawn(let spawn)? = runtime.requests.first else {
            Issue.record("nothing was spawned")
            return
        }
        #expect(spawn.runtime == "codex" && spawn.arguments == ["exec", "fix it"] && spawn.cwd == "/tmp")
        #expect(spawn.target == .headless && !spawn.force)
        let text = spawn.sessionID.rawValue
        let expected = [("PATH", "/bin"), ("KEY", "new"), ("DROVER_SESSION_ID", text)]
        #expect(spawn.environment == expected.map { EnvironmentVariable(key: $0.0, value: $0.1) })
        #expect(text.hasPrefix("019cad9e-5ba6-7") && SessionUUID.parse(text) != nil)
        #expect(daemon.requests[0].line == "GET /api/fleet/\(text)")
    }

    @Test func `an agent of which nothing can be found out is told by its id`() {
        let runtime = FakeRuntime { request in
            guard case .spawn(let spawn) = request else { return nil }
            let record = LifecycleRecord(sessionID: spawn.sessionID, runtime: spawn.runtime, state: .running)
            return .spawned(SpawnedRuntime(lifecycle: record, event: .lost(spawn.sessionID, .pidNotAlive)))
        }
        defer { runtime.stop() }
        var desk = Desk(runtime)
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        let answer = desk.type("run", "--agent", "claude", "--headless")
        guard case .spawn(let spawn)? = runtime.requests.first else {
            Issue.record("nothing was spawned")
            return
        }
        #expect(answer.exit == .daemonNotRunning)
        #expect(answer.remarks.contains("\nIt was launched, as \(spawn.sessionID).\n"))
    }

    @Test func `an agent that cannot be started takes its window with it`() {
        let tmux = FakeTmux()
        let daemon = daemon(session(nil))
        let runtime = FakeRuntime { _ in
            .error(RPCError(.runtimeUnavailable, "no launcher registered for runtime kind: gemini"))
        }
        defer { (tmux.remove(), daemon.stop(), runtime.stop()).0 }
        var desk = Desk(daemon, runtime)
        desk.environment["PATH"] = tmux.directory
        let answer = desk.type("run", "--agent", "gemini")
        #expect(answer.exit == .failure)
        #expect(
            answer.remarks.hasPrefix("No launcher registered for runtime kind: gemini.\nSee which agents there are"))
        #expect(tmux.calls.last == "kill-pane -t %7")
    }
}

@Suite struct RuntimeSessionTests {
    @Test func `several lines reach a pane as one message`() {
        let daemon = daemon(session("tmux:agents:2.1"))
        let runtime = FakeRuntime { _ in .nudge(.delivered) }
        defer { (daemon.stop(), runtime.stop()).0 }
        var desk = Desk(daemon, runtime)
        desk.input = "first\nsecond\n"
        #expect(desk.type("send", "web", "-").exit == .ok)
        #expect(runtime.requests == [.nudge(SessionID(rawValue: id), content: "first\nsecond")])
        #expect(desk.type("send", "web", "one line").exit == .ok)
        #expect(desk.type("send", "web", "--no-enter", "two\nlines").exit == .ok)
        #expect(runtime.requests.count == 1)
        #expect(daemon.requests.compactMap { $0.body["data"]?.string } == ["one line", "\r", "two\rlines"])
    }

    @Test func `a nudge that was not delivered is a failure`() {
        let daemon = daemon(session("tmux:agents:2.1"))
        let runtime = FakeRuntime { _ in .nudge(.failed(.tmuxPaneDead)) }
        defer { (daemon.stop(), runtime.stop()).0 }
        let answer = Desk(daemon, runtime).type("send", "web", "a\nb")
        #expect(answer.exit == .failure && answer.remarks.hasPrefix("The pane of web is gone"))
    }

    @Test func `show tells where it runs`() {
        let tmux = daemon(session("tmux:agents:2.1"))
        let headless = daemon(session("headless"))
        defer { (tmux.stop(), headless.stop()).0 }
        #expect(
            Desk(tmux).type("show", "web").lines.contains("  target    tmux:agents:2.1  (tmux attach -t '=agents:2')"))
        #expect(Desk(headless).type("show", "web").lines.contains("  terminal  none, 5 B of output"))
    }

    @Test(arguments: ["shim_died_before_report", "pid_not_alive", "pid_reuse_detected", "process_exit"])
    func `why explains what the daemon found`(evidence: String) {
        let daemon = daemon(
            session(
                "headless", state: "FAILED",
                [
                    "errorMessage": .string(evidence),
                    "evidence": ["event": "SESSION_STATE_CHANGED", "source": "runner", "reason": .string(evidence)],
                ]))
        defer { daemon.stop() }
        let lines = Desk(daemon).type("why", "web").lines
        let meaning = RuntimeEvidence.sentence(evidence) ?? "?"
        #expect(lines.contains("  reason   \(evidence)") && lines.contains("           \(meaning)"))
        #expect(Desk(daemon).type("show", "web").output.contains(meaning))
    }

    @Test func `logs of a pane are tmux's to show`() {
        let daemon = daemon(session("tmux:agents:2.1", ["terminal": ["cols": 80, "rows": 24, "bytes": 0]]))
        defer { daemon.stop() }
        let answer = Desk(daemon).type("logs", "web")
        #expect(answer.exit == .failure && answer.remarks.contains("drover capture -n 1000 web"))
    }

    @Test func `attach says where else to go`() {
        let tmux = daemon(session("tmux:agents:2.1"))
        let headless = daemon(session("headless"))
        defer { (tmux.stop(), headless.stop()).0 }
        #expect(Desk(tmux).type("attach", "web").remarks.contains("Go there: tmux attach -t '=agents:2'"))
        #expect(Desk(headless).type("attach", "web").remarks.contains("drover logs -f web"))
    }
}

@Suite struct RuntimeDoctorTests {
    private func report(
        launchers: [DoctorReport.Launcher] = [], lost: [DoctorReport.LostRuntime] = [], sweep: PreciseTime? = nil
    ) -> DoctorReport {
        DoctorReport(
            version: VersionInfo(version: "1", gitSHA: "x"), socketPath: "/s", uptimeSeconds: 1,
            sqlite: .init(applied: 2, total: 2, appliedDescriptions: [], pendingDescriptions: []),
            lifecycles: .init(running: 2, exited: 7, lost: 1),
            watchers: WatcherCounts(processExitWatchers: 2, shimSockets: 0, eventWaiters: 0), launchers: launchers,
            tmux: .init(available: false), logAvailability: [], lastProbeSweep: sweep, recentLost: lost)
    }

    @Test func `doctor tells what the runtime socket knows`() throws {
        let at = PreciseTime(Timestamp(milliseconds: 999_940_000))
        let report = report(
            launchers: [
                .init(runtime: "claude", command: "/bin/claude"),
                .init(runtime: "codex", error: "codex not found on PATH"),
            ], lost: [.init(sessionID: SessionID(rawValue: id), evidence: .pidNotAlive, occurredAt: at)], sweep: at)
        let daemon = FakeDaemon { _ in .json(["checks": []]) }
        let runtime = FakeRuntime { _ in .doctor(report) }
        defer { (daemon.stop(), runtime.stop()).0 }
        let answer = try JSON(parsing: Array(Desk(daemon, runtime).type("doctor", "--json").output.utf8))
        let checks = answer["checks"]?.array ?? []
        func check(_ name: String) -> JSON? { checks.first { $0["name"]?.string == name } }
        #expect(check("runtime socket")?["detail"]?.string == "answers at \(runtime.path)")
        #expect(check("agent claude")?["detail"] == "/bin/claude" && check("agent claude")?["fix"] == nil)
        #expect(check("agent codex")?["severity"] == "notice")
        #expect(check("agent codex")?["fix"]?.string?.contains("config.json") == true)
        #expect(check("daemon's tmux")?["severity"] == "notice")
        #expect(check("runtimes")?["detail"] == "2 running, 7 ended, 1 lost; looked after 1 min ago")
        #expect(check("lost 019cad10-4e20")?["fix"] == "drover why 019cad10-4e20")
    }

    @Test func `a socket that nobody answers is no reason to worry, one that speaks nonsense is`() {
        var desk = Desk()
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        desk.environment["RTM_SOCKET_PATH"] = "/nonexistent/s"
        let silent = desk.type("doctor")
        #expect(silent.exit == .ok && silent.output.contains("nobody answers at /nonexistent/s"))
        let nonsense = FakeRuntime.saying(Array("hello\n".utf8))
        defer { nonsense.stop() }
        desk.environment["RTM_SOCKET_PATH"] = nonsense.path
        #expect(desk.type("doctor").exit == .failure)
    }
}
