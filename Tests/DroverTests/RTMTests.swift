import Bytes
import Client
import Fleet
import Glibc
import Synchronization
import Testing
import Wire

@testable import drover

private let id = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"
private let session = SessionID(rawValue: id)
private let start = PreciseTime(rfc3339: "2026-03-02T08:15:30.120Z")!

private func record(
    _ state: RuntimeState, pane: String? = nil, pids: (UInt32, UInt32)? = (48210, 48211)
) -> LifecycleRecord {
    LifecycleRecord(
        sessionID: session, runtime: "claude", state: state, shimPID: pids?.0, runtimePID: pids?.1,
        startTime: pids == nil ? nil : start, tmuxPane: pane,
        logAvailability: .headless(stdoutPath: "/l/stdout.log", stderrPath: "/l/stderr.log"))
}

/// What `rtm` answers with in both formats (runtime-rpc §10).
@Suite struct RTMResultTests {
    private func ask(
        _ words: [String], _ script: @escaping FakeRuntime.Script
    ) -> (json: Desk.Answer, human: Desk.Answer, requests: [RPCRequest]) {
        let runtime = FakeRuntime(script)
        defer { runtime.stop() }
        let desk = Desk(runtime)
        return (desk.rtm(words), desk.rtm(words + ["--format", "human"]), runtime.requests)
    }

    @Test func `version`() throws {
        let answer = ask(["version"]) { _ in .version(VersionInfo(version: "0.1.0", gitSHA: "9f3c2d1ab004")) }
        #expect(answer.json.exit == .ok && answer.json.remarks.isEmpty)
        #expect(
            answer.json.output.hasPrefix(
                """
                {
                  "version": "0.1.0",
                  "git_sha": "9f3c2d1ab004",
                  "protocol_version": "0.3",
                  "capabilities": [
                    "structured_protocol_errors",
                """))
        #expect(answer.human.output == "version=0.1.0 git_sha=9f3c2d1ab004 protocol=0.3\n")
    }

    @Test func `spawn tells the whole answer, and where the logs are`() throws {
        let spawned = SpawnedRuntime(
            lifecycle: record(.running), event: .running(session, runtimePID: 48211, startTime: start),
            logDirectory: "/l", stdoutPath: "/l/stdout.log", stderrPath: "/l/stderr.log")
        let answer = ask(["spawn", "--runtime", "claude", "--session-id", id, "--target", "headless"]) { _ in
            .spawned(spawned)
        }
        let json = try JSON(parsing: Array(answer.json.output.utf8))
        #expect(json == (try JSON(parsing: RPCResponse.spawned(spawned).encoded())))
        #expect(answer.json.output.hasPrefix("{\n  \"type\": \"spawned\",\n  \"payload\": {\n    \"lifecycle\": {\n"))
        #expect(
            answer.human.output
                == "spawn OK; lifecycle state=Running; runtime event=Running; runtime_pid=48211 log_dir=/l "
                + "stdout_path=/l/stdout.log stderr_path=/l/stderr.log\n")
    }

    @Test func `spawn into a pane has no logs`() {
        let answer = ask(["spawn", "--runtime", "codex", "--session-id", id, "--target", "tmux:agents:+2.01"]) { _ in
            .spawned(
                SpawnedRuntime(
                    lifecycle: record(.running, pane: "agents:2.1"),
                    event: .running(session, runtimePID: 48211, startTime: start)))
        }
        #expect(answer.human.output.contains("log_dir=- stdout_path=- stderr_path=-"))
        guard case .spawn(let request)? = answer.requests.first else {
            Issue.record("no spawn was asked for")
            return
        }
        #expect(request.target == .tmux(PaneAddress(session: "agents", window: 2, pane: 1)))
    }

    @Test(arguments: [["kill", "--session-id", id], ["kill", id], ["kill", "--session-id", id, id]])
    func `kill of a session, in both styles of naming it`(words: [String]) {
        let answer = ask(words) { _ in .ack }
        #expect(answer.json.output == "{\n  \"session_id\": \"\(id)\"\n}\n")
        #expect(answer.human.output == "kill OK; session_id=\(id)\n")
        #expect(answer.requests.first == .kill(session, .term, graceSeconds: 2))
    }

    @Test(arguments: [
        ("TERM", KillSignal.term), ("term", .term), ("SIGINT", .int), ("SIGint", .int), ("Hup", .hup), ("KILL", .kill),
    ])
    func `kill knows its signals`(name: String, signal: KillSignal) {
        let answer = ask(["kill", id, "--signal", name, "--grace-secs", "0"]) { _ in .ack }
        #expect(answer.requests.first == .kill(session, signal, graceSeconds: 0))
    }

    @Test func `kill of a process`() {
        let answer = ask(["kill", "--pid", "48211", "--grace-secs", "3"]) { _ in
            .killByPID(pid: 48211, signal: 15, killedAfterGrace: true)
        }
        #expect(
            answer.json.output
                == "{\n  \"pid\": 48211,\n  \"signal\": 15,\n  \"killed_after_grace\": true\n}\n")
        #expect(answer.human.output == "kill OK; pid=48211 signal=15 killed_after_grace=true\n")
        #expect(answer.requests.first == .killByPID(pid: 48211, signal: 15, graceSeconds: 3))
    }

    @Test(arguments: [["nudge", "--session-id", id, "--content", "go on"], ["nudge", id, "go on"]])
    func `nudge that is delivered`(words: [String]) {
        let answer = ask(words) { _ in .nudge(.delivered) }
        #expect(
            answer.json.output == "{\n  \"delivered\": true,\n  \"outcome\": {\n    \"kind\": \"delivered\"\n  }\n}\n")
        #expect(answer.human.output == "nudge delivered\n")
        #expect(answer.requests.first == .nudge(session, content: "go on"))
    }

    @Test(arguments: [
        (NudgeOutcome.unsupported(.headlessLifecycle), "nudge unsupported; reason=headless_lifecycle session_id=\(id)"),
        (.failed(.tmuxPaneDead), "nudge failed; reason=tmux_pane_dead session_id=\(id)"),
    ])
    func `nudge that is not`(outcome: NudgeOutcome, message: String) {
        let answer = ask(["nudge", "--session-id", id, "--content", "x"]) { _ in .nudge(outcome) }
        #expect(answer.json.exit == .failure && answer.json.output.isEmpty)
        #expect(answer.json.remarks == "{\n  \"code\": \"runtime_error\",\n  \"message\": \"\(message)\"\n}\n")
        #expect(answer.human.remarks == "error: \(message)\n")
    }

    @Test func `capture`() {
        let snapshot = PaneSnapshot(
            content: "> \n", capturedAtMilliseconds: 1_772_439_362_470, scrollbackLinesRequested: 200,
            scrollbackLinesIncluded: 1, paneHistoryLines: 318)
        let answer = ask(["capture", id, "--scrollback-lines", "200"]) { _ in .capture(.captured(snapshot)) }
        #expect(answer.json.output.hasPrefix("{\n  \"content\": \"> \\n\",\n  \"captured_at_ms\": 1772439362470,"))
        #expect(
            answer.human.output
                == "pane snapshot; captured_at_ms=1772439362470 scrollback_lines_requested=200 "
                + "scrollback_lines_included=1 pane_history_lines=318\n> \n\n")
        #expect(answer.requests.first == .capture(session, scrollbackLines: 200))
    }

    @Test(arguments: [
        (CaptureError.notATmuxTarget, "not_a_tmux_target"), (.paneUnavailable, "pane_unavailable"),
        (.sessionMissing, "session_missing"), (.tmuxNotAvailable, "tmux_not_available"),
        (.capturePaneFailed(stderr: "no such pane"), "capture_pane_failed stderr=no such pane"),
    ])
    func `capture that fails`(error: CaptureError, reason: String) {
        let answer = ask(["capture", "--session-id", id]) { _ in .capture(.failed(error)) }
        #expect(answer.json.exit == .failure)
        #expect(answer.human.remarks == "error: capture failed; reason=\(reason) session_id=\(id)\n")
    }

    @Test(arguments: [
        (RuntimeState.forking, "Forking"), (.running, "Running"), (.exited(RuntimeExit(code: 0)), "Exited(code=0)"),
        (.exited(RuntimeExit(signal: 9)), "Exited(signal=9)"), (.exited(RuntimeExit()), "Exited(unknown)"),
        (.lost(.shimDiedBeforeReport), "Lost(ShimDiedBeforeReport)"), (.lost(.pidNotAlive), "Lost(PidNotAlive)"),
        (.lost(.pidReuseDetected), "Lost(PidReuseDetected)"),
    ])
    func `status tells each state in words`(state: RuntimeState, word: String) {
        let answer = ask(["status"]) { _ in .status([record(state)]) }
        #expect(
            answer.human.output
                == "session_id=\(id) state=\(word) runtime=claude shim_pid=48210 runtime_pid=48211 "
                + "start_time=2026-03-02T08:15:30.120+00:00 tmux_pane=-\n")
    }

    @Test func `status is an array, and asks for what was asked of it`() throws {
        let answer = ask([
            "status", "--session-id", id.uppercased(), "--updated-since", "2026-03-02T08:00:00Z", "--runtime", "claude",
            "--state", "running",
        ]) { _ in .status([record(.forking, pids: nil)]) }
        let json = try JSON(parsing: Array(answer.json.output.utf8))
        #expect(json == [try JSON(parsing: record(.forking, pids: nil).encoded())])
        #expect(answer.human.output.contains("shim_pid=- runtime_pid=- start_time=- tmux_pane=-"))
        let filter = StatusFilter(
            sessionIDs: [session], updatedSince: PreciseTime(rfc3339: "2026-03-02T08:00:00Z"), runtime: "claude",
            state: "running")
        #expect(answer.requests.first == .status(filter))
        #expect(ask(["status"]) { _ in .status([]) }.human.output == "no lifecycles\n")
        #expect(ask(["status"]) { _ in .status([]) }.json.output == "[]\n")
    }

    @Test func `events are an array, and the cursor is told when it is asked for`() throws {
        let events: [RuntimeEvent] = [
            .running(session, runtimePID: 48211, startTime: start),
            .terminated(session, RuntimeExit(code: 0), .shimExit), .terminated(session, RuntimeExit(), .processExit),
            .lost(session, .pidNotAlive),
        ]
        let script: FakeRuntime.Script = { _ in .events(events, cursor: .max) }
        let answer = ask(["events", "--since", "18446744073709551610", "--wait-ms", "5"], script)
        #expect(try JSON(parsing: Array(answer.json.output.utf8)).array?.count == 4)
        #expect(
            answer.human.output == """
                runtime event=Running session_id=\(id) runtime_pid=48211 start_time=2026-03-02T08:15:30.120+00:00
                runtime event=Terminated session_id=\(id) exit_code=0 signal=- evidence=ShimExit
                runtime event=Terminated session_id=\(id) exit_code=- signal=- evidence=ProcessExit
                runtime event=Lost session_id=\(id) evidence=PidNotAlive

                """)
        #expect(answer.requests.first == .events(since: 18_446_744_073_709_551_610, waitMilliseconds: 5))
        let cursor = ask(["events", "--cursor"], script)
        #expect(cursor.json.output.hasSuffix("],\n  \"cursor\": 18446744073709551615\n}\n"))
        let expired = ask(["events"]) { _ in .cursorExpired(oldest: 1200) }
        #expect(expired.json.exit == .failure && expired.human.remarks.contains("oldest=1200"))
    }

    @Test func `validate-target fails when the target does not do`() {
        let valid = ask(["validate-target", "headless"]) { _ in .validateTarget(.valid) }
        #expect(valid.json.exit == .ok && valid.human.output == "headless: valid (Valid)\n")
        let dead = ask(["validate-target", "tmux:a:0.1"]) { _ in .validateTarget(.tmuxPaneDead(address: "a:0.1")) }
        #expect(dead.json.exit == .failure && dead.human.output == "tmux:a:0.1: invalid (TmuxPaneDead: a:0.1)\n")
        #expect(
            dead.json.output.hasPrefix("{\n  \"valid\": false,\n  \"outcome\": {\n    \"kind\": \"tmux_pane_dead\","))
    }

    @Test func `doctor lines its labels up`() {
        let report = DoctorReport(
            version: VersionInfo(version: "0.1.0", gitSHA: "unknown", capabilities: ["a", "b"]),
            socketPath: "~/.rtm/sock", uptimeSeconds: 90_061,
            sqlite: .init(
                applied: 2, total: 3, appliedDescriptions: ["lifecycle", "probe state"], pendingDescriptions: ["x"]),
            lifecycles: .init(forking: 0, running: 2, exited: 7, lost: 1),
            watchers: WatcherCounts(processExitWatchers: 2, shimSockets: 0, eventWaiters: 1),
            launchers: [
                .init(runtime: "claude", command: "/bin/claude"),
                .init(runtime: "codex", error: "codex not found on PATH"), .init(runtime: "mine"),
            ], tmux: .init(available: true, version: "tmux 3.3a"), logAvailability: [], lastProbeSweep: nil,
            recentLost: [.init(sessionID: session, evidence: .pidNotAlive, occurredAt: start)])
        let answer = ask(["doctor"]) { _ in .doctor(report) }
        #expect(answer.json.output.hasPrefix("{\n  \"version\": {\n    \"version\": \"0.1.0\","))
        #expect(
            answer.human.output == """
                rtmd
                  version             0.1.0 (unknown)
                  protocol            0.3
                  capabilities        a, b
                  socket              ~/.rtm/sock
                  uptime              25:01:01
                sqlite
                  applied migrations  2 of 3 (lifecycle, probe state)
                  pending migrations  x
                lifecycles
                  forking             0
                  running             2
                  exited              7
                  lost                1
                process exit watchers 2
                shim sockets          0
                event waiters         1
                launchers
                  claude              /bin/claude
                  codex               codex not found on PATH
                  mine                unavailable
                tmux                  available (tmux 3.3a)
                last probe sweep      never
                recent lost
                  session_id=\(id) evidence=PidNotAlive at 2026-03-02T08:15:30.120+00:00

                """)
    }
}

@Suite struct RTMFailureTests {
    @Test(arguments: [
        ["spawn", "--runtime", "claude", "--session-id", id, "--target", "headless"], ["kill", id], ["nudge", id, "x"],
        ["capture", id], ["status"], ["events"], ["version"], ["doctor"], ["daemon", "stop"],
        ["validate-target", "headless"],
    ])
    func `without a daemon every question names the socket and the system's reason`(words: [String]) throws {
        var desk = Desk()
        desk.environment["RTM_SOCKET_PATH"] = "/nonexistent/sock"
        let message = "rtmd unavailable at /nonexistent/sock: No such file or directory (os error 2)"
        let json = desk.rtm(words)
        #expect(json.exit == .failure && json.output.isEmpty)
        let failure = try JSON(parsing: Array(json.remarks.utf8))
        #expect(failure["code"] == "runtime_error" && failure["message"]?.string == message)
        #expect(failure["details"]?["causes"] == ["No such file or directory (os error 2)"])
        #expect(desk.rtm(words + ["--format=human"]).remarks == "error: \(message)\n")
    }

    @Test func `an error of the daemon is passed on with its code`() {
        let runtime = FakeRuntime { _ in .error(RPCError(.sessionNotFound, "session \(id) not found")) }
        defer { runtime.stop() }
        let answer = Desk(runtime).rtm(["kill", id, "--format", "human"])
        #expect(answer.exit == .failure)
        #expect(answer.remarks == "error: rtmd returned session_not_found: session \(id) not found\n")
    }

    @Test func `what does not speak the protocol is said so`() {
        let runtime = FakeRuntime.saying(Array("HTTP/1.1 400 Bad Request\n".utf8))
        defer { runtime.stop() }
        #expect(Desk(runtime).rtm(["version"]).remarks.contains("rtmd returned protocol_mismatch: "))
    }

    @Test func `without HOME nobody knows where the socket is`() {
        var desk = Desk()
        desk.environment = [:]
        #expect(desk.rtm(["daemon", "status"]).remarks.contains("HOME is not set"))
        #expect(desk.rtm(["daemon", "status"]).exit == .failure)
    }

    @Test(arguments: [
        ["spwan"], ["daemon", "strt"], ["spawn"], ["spawn", "--runtime", "claude", "--session-id", id],
        ["spawn", "--runtime", "", "--session-id", id, "--target", "headless"], ["kill"],
        ["kill", "--session-id", id, "--pid", "7"], ["kill", id, "--signal", "USR1"], ["kill", "--pid", "-1"],
        ["kill", "--pid", "4294967296"], ["kill", "not-a-uuid"], ["nudge", id], ["nudge", id, "a", "--content", "b"],
        ["capture"], ["capture", id, "--scrollback-lines", "-1"], ["status", "--updated-since", "2026-03-02T08:00:00"],
        ["events", "--since", "1.5"], ["version", "--format", "yaml"], ["version", "now"], ["--frmt", "json"],
        ["validate-target"], ["--format", "human"],
    ])
    func `words that do not fit end with 2 and ask nobody`(words: [String]) {
        let runtime = FakeRuntime { _ in .ack }
        defer { runtime.stop() }
        let answer = Desk(runtime).rtm(words)
        #expect(answer.exit == .usage)
        #expect(answer.output.isEmpty && answer.remarks.contains("--help'"))
        #expect(runtime.requests.isEmpty)
    }

    @Test func `a target that is none is refused before anybody is asked`() {
        let runtime = FakeRuntime { _ in .ack }
        defer { runtime.stop() }
        let answer = Desk(runtime).rtm([
            "spawn", "--runtime", "claude", "--session-id", id, "--target", "tmux:a", "--format", "human",
        ])
        #expect(answer.exit == .failure)
        #expect(
            answer.remarks
                == "error: invalid spawn target tmux:a; expected headless or tmux:<session>:<window>.<pane>\n")
        #expect(runtime.requests.isEmpty)
    }

    @Test func `the closest command is suggested`() {
        #expect(Desk().rtm(["spwan"]).remarks.contains("a similar subcommand exists: 'spawn'"))
        #expect(Desk().rtm(["daemon", "strt"]).remarks.contains("'daemon start'"))
        #expect(Desk().rtm(["version", "--formt", "json"]).remarks.contains("--format"))
    }
}

@Suite struct RTMCommandLineTests {
    @Test func `says its version, and helps with every command`() {
        #expect(Desk().rtm(["--version"]).output == "runtime-matters \(DroverVersion.current)\n")
        let overview = Desk().rtm(["--help"])
        #expect(overview.exit == .ok && Desk().rtm(["help"]) == overview)
        for spec in RTM.specs {
            #expect(overview.output.contains("  \(spec.word) "))
            let words = spec.word.split(separator: " ").map(String.init)
            let page = Desk().rtm(words + ["--help"])
            #expect(page.exit == .ok && page.output.contains("rtm \(spec.word)") && !spec.examples.isEmpty)
            #expect(Desk().rtm(["help"] + words) == page)
            let names = spec.allOptions.map(\.name)
            #expect(Set(names).count == names.count)
        }
        #expect(Desk().rtm([]).exit == .usage)
        #expect(Desk().rtm(["daemon", "--help"]).output.contains("daemon start"))
    }

    @Test func `the format may stand before the command`() {
        let runtime = FakeRuntime { _ in .status([]) }
        defer { runtime.stop() }
        #expect(Desk(runtime).rtm(["--format", "human", "status"]).output == "no lifecycles\n")
        #expect(Desk(runtime).rtm(["--format=human", "status"]).output == "no lifecycles\n")
    }

    @Test func `daemon status looks for the file alone`() {
        var desk = Desk()
        desk.environment["RTM_SOCKET_PATH"] = "/etc/passwd"
        #expect(desk.rtm(["daemon", "status"]).output == "rtmd socket present at /etc/passwd\n")
        desk.environment["RTM_SOCKET_PATH"] = "/nonexistent/sock"
        let answer = desk.rtm(["daemon", "status"])
        #expect(answer.exit == .ok && answer.output == "rtmd not running\n")
    }

    @Test func `daemon stop waits until the socket is gone`() {
        let runtime = FakeRuntime { _ in .stopping }
        let path = runtime.path
        FakeDaemon.thread {
            while runtime.requests.isEmpty { WallClock.sleep(.milliseconds(5)) }
            unlink(path)
        }
        defer { runtime.stop() }
        #expect(Desk(runtime).rtm(["daemon", "stop"]).output == "rtmd stopped\n")
        #expect(runtime.requests == [.stop(drain: false)])
    }

    @Test func `daemon logs says where they are`() {
        var desk = Desk()
        desk.environment["RTM_HOME"] = "/r"
        #expect(desk.rtm(["daemon", "logs"]).output.contains("/r/logs/<session_id>/stdout.log"))
    }

    @Test func `initdb makes a database without a daemon`() {
        let home = "/tmp/drover-initdb-\(getpid())"
        var desk = Desk()
        desk.environment["DROVER_HOME"] = home
        defer {
            for file in ["drover.db", "drover.db-wal", "drover.db-shm"] { unlink("\(home)/\(file)") }
            rmdir(home)
        }
        for _ in 0..<2 {
            let answer = desk.rtm(["initdb"])
            #expect(answer.exit == .ok && answer.output == "rtm db initialized at \(home)/drover.db\n")
        }
        #expect(access(home + "/drover.db", R_OK | W_OK) == 0)
    }

    @Test func `called as rtm the program is rtm`() throws {
        let runtime = FakeRuntime { _ in .version(VersionInfo(version: "9.9", gitSHA: "x")) }
        defer { runtime.stop() }
        guard
            let seat = Seat(
                ["version", "--format", "human"], name: "rtm", environment: ["RTM_SOCKET_PATH": runtime.path])
        else { return }
        #expect(seat.shows("version=9.9 git_sha=x protocol=0.3"))
        #expect(seat.leaves() == 0)
    }
}

@Suite struct CapturedEnvironmentTests {
    @Test func `drops what belongs to the caller's own session, and keeps the rest in order`() {
        let entries = [
            "PATH=/bin", "TMUX=/tmp/tmux-0/default,1,0", "TMUX_PANE=%1", "TMUX_TMPDIR=/t", "CLAUDECODE=1",
            "CLAUDECODE2=1", "CLAUDE_CODE_ENTRYPOINT=cli", "CLAUDE_PLUGIN_ROOT=/p", "CLAUDE_API=1",
            "ANTHROPIC_API_KEY=sk=1", "RTM_SOCKET_PATH=/s", "RTM_DB_PATH=/d", "RTM_HOME=/r", "HELIOY_SESSION_ID=1",
            "HELIOY_RUNTIME=1", "RTM_SESSION_ID=1", "RTM_RUNTIME_KIND=1", "EMPTY=", "=C:=x", "odd",
        ]
        let variables = CapturedEnvironment.variables(of: entries.map { Array($0.utf8) })
        #expect(
            variables.map { "\($0.key)|\($0.value)" } == [
                "PATH|/bin", "TMUX_TMPDIR|/t", "CLAUDECODE2|1", "CLAUDE_API|1", "ANTHROPIC_API_KEY|sk=1",
                "RTM_HOME|/r", "EMPTY|", "=C:|x",
            ])
    }

    @Test func `bytes that are no UTF-8 are replaced, never refused`() {
        let entry: [UInt8] = [0x4B, 0xFF, 0x3D, 0x61, 0xC3, 0x28]
        #expect(CapturedEnvironment.variables(of: [entry]) == [.init(key: "K\u{FFFD}", value: "a\u{FFFD}(")])
    }

    @Test func `spawn sends it, with what was set on the command line`() {
        let runtime = FakeRuntime { _ in .error(RPCError(.launchFailed, "no")) }
        defer { runtime.stop() }
        var desk = Desk(runtime)
        desk.variables = ["A=1", "TMUX=x", "B=2"]
        _ = desk.rtm([
            "spawn", "--runtime", "mine", "--session-id", id, "--target", "headless", "--env", "A=9", "--env", "TMUX",
            "--env", "NONE", "--env", "C=c=c", "--cwd", "/", "--arg", "-p", "--arg", "two words", "--force",
        ])
        let expected = SpawnRequest(
            sessionID: session, runtime: "mine",
            environment: [.init(key: "A", value: "9"), .init(key: "B", value: "2"), .init(key: "TMUX", value: "x")]
                + [.init(key: "C", value: "c=c")],
            cwd: "/", target: .headless, arguments: ["-p", "two words"], force: true)
        #expect(runtime.requests == [.spawn(expected)])
    }
}
