import Fleet
import Glibc
import Reactor
import Testing

@testable import Running

@Suite struct LifeTests {
    @Test func `a good run tells its story in order`() async {
        let stage = await Stage.run(["sh", "-c", "echo hello; pwd"])
        #expect(await stage.ended)
        #expect(
            await stage.story == [
                "PREPARING_WORKSPACE", "STARTING_PROVIDER", "process_spawned", "RUNNING", "SESSION_STARTED", "output",
                "process_exited", "USAGE_TICK", "COMPLETED", "SESSION_ENDED",
            ])
        #expect(await stage.output == "hello\r\n/\r\n")
        #expect(await stage.end?.finalState == .completed)
        #expect(await stage.end?.exitCode == 0)
        let sequences = await onLoop { stage.sink.events.map(\.sequence) }
        #expect(sequences == Array(1...sequences.count))
        #expect(await onLoop { stage.recording.text } == "hello\r\n/\r\n")
        #expect(await onLoop { stage.recording.isClosed })
    }

    @Test func `an exit code that is not zero is a failure that names it`() async {
        let stage = await Stage.run(["sh", "-c", "exit 3"])
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .failed)
        #expect(await stage.end?.exitCode == 3)
        #expect(await stage.reason == "exited with code 3")
    }

    @Test func `a death by signal is a failure that names the signal`() async {
        let stage = await Stage.run(["sh", "-c", "kill -SEGV $$"])
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .failed)
        #expect(await stage.end?.exitCode == 139)
        #expect(await stage.reason == "killed by SIGSEGV")
    }

    @Test(arguments: [
        ("a program that is not there", ["no-such-program"], "/", "command not found"),
        ("a file that is no program", ["/etc/fstab"], "/", "Permission denied"),
        ("a directory that is not there", ["true"], "/no/such/directory", "No such file or directory"),
        ("a directory that is a file", ["true"], "/etc/passwd", "is not a directory"),
    ])
    func `what cannot be started fails with a sentence`(what: String, argv: [String], cwd: String, message: String)
        async
    {
        let stage = await Stage.run(argv, cwd: cwd)
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .failed)
        #expect(await stage.end?.exitCode == nil)
        let reason = await stage.reason
        #expect(reason?.contains(message) == true, "\(what)")
        #expect(await stage.story.suffix(2) == ["FAILED", "SESSION_ENDED"])
        #expect(await !stage.story.contains("process_spawned"))
        #expect(await onLoop { !stage.recording.isOpen || stage.recording.isClosed })
        #expect(await eventually { stage.session == nil })
    }

    @Test func `a kind of agent that is not known is refused, and so is one too many`() async {
        let stage = await Stage.run(["sleep", "60"])
        let answers = await onLoop { () -> [RunnerError] in
            var errors: [RunnerError] = []
            var config = stage.config
            config.sessionID = SessionID(randomBytes: randomID())
            config.providerID = .codex
            stage.runner.start(config) { if case .failure(let error) = $0 { errors.append(error) } }
            let small = LocalRunner(
                providers: [.mock: MockProvider()], recording: stage.recording,
                environment: SessionEnvironment(of: []), maxSessions: 0)
            config.providerID = .mock
            small.start(config) { if case .failure(let error) = $0 { errors.append(error) } }
            return errors
        }
        #expect(answers == [.providerNotSupported(.codex), .noRunnerAvailable])
        #expect(await stage.stop(graceful: false) == nil)
        #expect(await stage.ended)
    }

    @Test func `nothing of a session is left when it has ended`() async {
        let leftovers = await onLoop { () -> Leftovers in
            let leftovers = Leftovers()
            let stage = Stage(
                SessionConfig(
                    sessionID: SessionID(randomBytes: randomID()), orgID: "local", providerID: .mock,
                    repoRef: .local(path: "/", name: nil, defaultBranch: nil), mock: MockSpec(script: .all, stepMs: 0)),
                .soon, SessionLifecycle.Limits())
            let session = RunningSession(stage.config, provider: MockProvider(), runner: stage.runner)
            leftovers.stage = stage
            leftovers.session = session
            session.begin()
            leftovers.holder = session
            return leftovers
        }
        #expect(await eventually { leftovers.stage?.sink.end != nil })
        await onLoop { leftovers.holder = nil }
        #expect(await eventually { leftovers.session == nil })
    }

    @Loop
    private final class Leftovers {
        var stage: Stage?
        weak var session: RunningSession?
        var holder: RunningSession?
    }
}

@Suite struct StopTests {
    @Test func `a program that is asked to end ends, and that is no failure`() async {
        let stage = await Stage.run(["sleep", "60"])
        #expect(await stage.reached(.running))
        let answers = await onLoop {
            var answers: [Bool] = []
            for _ in 0..<2 {
                stage.runner.stop(stage.config.sessionID, graceful: true) { answers.append((try? $0.get()) != nil) }
            }
            return answers
        }
        #expect(answers == [true, true], "asking again is fine")
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .completed)
        #expect(
            await stage.story.suffix(5) == ["STOPPING", "process_exited", "USAGE_TICK", "COMPLETED", "SESSION_ENDED"])
        #expect(await stage.stop() == .sessionNotFound)
    }

    @Test func `a program that does not listen is killed after its grace`() async {
        let stage = await Stage.run(["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.05; done"])
        #expect(await stage.wrote("ready"))
        let start = ContinuousClock.now
        #expect(await stage.stop() == nil)
        #expect(await stage.ended)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        #expect(await stage.end?.finalState == .completed)
        #expect(await stage.end?.exitCode == 137)
    }

    @Test func `an impatient stop does not wait for the grace`() async {
        let stage = await Stage.run(
            ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.05; done"],
            limits: SessionLifecycle.Limits(grace: .seconds(3600)))
        #expect(await stage.wrote("ready"))
        #expect(await stage.stop() == nil)
        #expect(await stage.stop(graceful: false) == nil)
        #expect(await stage.ended)
        #expect(await stage.end?.exitCode == 137)
    }

    @Test func `a stop that comes while the program is being started is carried out`() async {
        let config = SessionConfig(
            sessionID: SessionID(randomBytes: randomID()), orgID: "local", providerID: .command,
            repoRef: .local(path: "/", name: nil, defaultBranch: nil),
            command: CommandSpec(argv: ["sleep", "60"], cwd: "/"))
        let limits = SessionLifecycle.Limits(grace: .milliseconds(200))
        // Before the directory was looked at.
        let early = await Stage.start(config, manner: .soon, limits: limits) { stage in
            stage.runner.stop(config.sessionID, graceful: true) { _ in }
        }
        #expect(await early.ended)
        #expect(await early.end?.finalState == .completed)
        #expect(await early.story == ["PREPARING_WORKSPACE", "STOPPING", "COMPLETED", "SESSION_ENDED"])

        // While the program is being executed.
        let late = await Stage.start(config, manner: .soon, limits: limits) { stage in
            stage.sink.heard = { word in
                guard word == "STARTING_PROVIDER" else { return }
                Loop.post { stage.runner.stop(config.sessionID, graceful: true) { _ in } }
            }
        }
        #expect(await late.ended)
        #expect(await late.end?.finalState == .completed)
        #expect(await late.story.suffix(2) == ["COMPLETED", "SESSION_ENDED"])
        #expect(await !late.story.contains("RUNNING"))
    }

    @Test func `a paused program can be stopped`() async {
        let stage = await Stage.run(["sleep", "60"])
        #expect(await stage.reached(.running))
        #expect(await stage.ask { $0.pause($1, completion: $2) } == nil)
        #expect(await stage.stop() == nil)
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .completed)
    }

    @Test func `a signal reaches the program`() async {
        let stage = await Stage.run([
            "sh", "-c", "trap 'echo caught; exit 5' USR1; echo ready; while true; do sleep 0.02; done",
        ])
        #expect(await stage.wrote("ready"))
        #expect(await stage.ask { $0.signal($1, .user1, completion: $2) } == nil)
        #expect(await stage.ended)
        #expect(await stage.output.contains("caught"))
        #expect(await stage.end?.exitCode == 5)
    }

    @Test func `a runner that drains stops everything and says when`() async {
        let stage = await Stage.run(["sleep", "60"])
        #expect(await stage.reached(.running))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            Loop.post { stage.runner.drain { continuation.resume() } }
        }
        #expect(await stage.end?.finalState == .completed)
        #expect(await onLoop { stage.runner.sessionCount } == 0)
    }

    @Test func `a session that lasts too long is ended as a failure`() async {
        let stage = await Stage.run(
            ["sleep", "60"], limits: SessionLifecycle.Limits(grace: .milliseconds(100), session: .milliseconds(150)))
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .failed)
        #expect(await stage.reason == "timeout")
    }
}

@Suite struct TerminalTests {
    @Test func `what is typed reaches the program, and only while it runs`() async {
        let config = SessionConfig(
            sessionID: SessionID(randomBytes: randomID()), orgID: "local", providerID: .command,
            repoRef: .local(path: "/", name: nil, defaultBranch: nil),
            command: CommandSpec(argv: ["sh", "-c", "stty -echo; echo ready; read line; echo got $line"], cwd: "/"))
        let early = Early()
        let stage = await Stage.start(config, manner: .soon, limits: SessionLifecycle.Limits()) { stage in
            stage.runner.input([0x61], to: config.sessionID) { early.answer = $0 }
        }
        let refused = await onLoop { () -> RunnerError? in
            if case .failure(let error)? = early.answer { error } else { nil }
        }
        #expect(refused == .invalidState(.preparingWorkspace))
        #expect(await stage.wrote("ready"))
        #expect(await stage.type("yes\n") == nil)
        #expect(await stage.ended)
        #expect(await stage.output == "ready\r\ngot yes\r\n")
        #expect(await stage.type("more") == .sessionNotFound)
    }

    @Loop
    private final class Early {
        var answer: Result<Void, RunnerError>?
        nonisolated init() {}
    }

    @Test func `input that a program does not read is bounded`() async {
        let stage = await Stage.run(["sh", "-c", "stty raw -echo; echo ready; sleep 60"])
        #expect(await stage.wrote("ready"))
        let block = String(repeating: "x", count: 256 << 10)
        var refusal: RunnerError?
        for _ in 0..<8 where refusal == nil { refusal = await stage.type(block) }
        #expect(refusal == .inputFull)
        #expect(await stage.stop() == nil)
        #expect(await stage.ended)
    }

    @Test func `a new size reaches the program, the recording and those who look`() async {
        let stage = await Stage.run(["sh", "-c", "trap 'stty size' WINCH; echo ready; while true; do sleep 0.02; done"])
        #expect(await stage.wrote("ready"))
        #expect(await stage.ask { $0.resize($1, to: TerminalSize(columns: 77, rows: 33), completion: $2) } == nil)
        #expect(await stage.wrote("33 77"))
        // The same size again is no news.
        #expect(await stage.ask { $0.resize($1, to: TerminalSize(columns: 77, rows: 33), completion: $2) } == nil)
        #expect(await stage.story.count { $0 == "terminal_resized" } == 1)
        #expect(await onLoop { stage.recording.sizes } == [TerminalSize(columns: 77, rows: 33)])
        #expect(await stage.stop(graceful: false) == nil)
        #expect(await stage.ended)
    }

    @Test func `a size that is set while the program starts is the one it sees, and the recording knows`() async {
        let config = SessionConfig(
            sessionID: SessionID(randomBytes: randomID()), orgID: "local", providerID: .command,
            repoRef: .local(path: "/", name: nil, defaultBranch: nil),
            command: CommandSpec(argv: ["sh", "-c", "sleep 0.3; stty size"], cwd: "/"))
        let stage = await Stage.start(config, manner: .soon, limits: SessionLifecycle.Limits()) { stage in
            stage.runner.resize(config.sessionID, to: TerminalSize(columns: 61, rows: 17)) { _ in }
        }
        #expect(await stage.ended)
        #expect(await stage.output == "17 61\r\n")
        #expect(await onLoop { stage.recording.sizes } == [TerminalSize(columns: 61, rows: 17)])
    }

    @Test func `a paused program is silent until it may go on`() async {
        let stage = await Stage.run(["sh", "-c", "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.01; done"])
        #expect(await stage.wrote("line 3"))
        #expect(await stage.ask { $0.pause($1, completion: $2) } == nil)
        #expect(await stage.type("x") == .invalidState(.pausedByHuman))
        #expect(await stage.ask { $0.pause($1, completion: $2) } == .invalidState(.pausedByHuman))
        // What it had written before still comes; then it is quiet.
        var (before, quiet) = (await stage.output, 0)
        for _ in 0..<200 where quiet < 10 {
            try? await Task.sleep(for: .milliseconds(20))
            let now = await stage.output
            quiet = now == before ? quiet + 1 : 0
            before = now
        }
        #expect(quiet == 10)
        #expect(await stage.ask { $0.resume($1, completion: $2) } == nil)
        let silent = before
        #expect(await eventually { stage.sink.output.count > silent.count })
        #expect(await stage.stop(graceful: false) == nil)
        #expect(await stage.ended)
        #expect(await stage.story.filter { $0 != "output" }.contains("PAUSED_BY_HUMAN"))
    }

    @Test func `all output of a program that ends at once is there before its end is told`() async {
        for _ in 0..<3 {
            let stage = await Stage.run(["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; echo; echo the end"])
            #expect(await stage.ended)
            let text = await onLoop { stage.recording.text }
            #expect(text.utf8.count == 300_000 + 2 + 9)
            #expect(text.hasSuffix("\r\nthe end\r\n"))
            let story = await stage.story
            #expect(story.lastIndex(of: "output")! < story.firstIndex(of: "process_exited")!)
        }
    }

    @Test func `bytes that are not UTF-8 are recorded as they are and shown as what can be shown`() async {
        let stage = await Stage.run(["printf", "a\\377b\\303\\251\\342\\202"])
        #expect(await stage.ended)
        #expect(await onLoop { stage.recording.bytes } == [0x61, 0xFF, 0x62, 0xC3, 0xA9, 0xE2, 0x82])
        #expect(await stage.output == "a\u{FFFD}bé\u{FFFD}")
        let chunks = await onLoop { stage.sink.chunks }
        var offset = 0
        for chunk in chunks {
            #expect(chunk.offset == offset)
            offset += chunk.bytes ?? 0
        }
        #expect(offset == 7)
    }

    @Test func `nothing is shown before it is recorded`() async {
        let stage = await Stage.run(["sh", "-c", "echo early"], manner: .held)
        #expect(await eventually { stage.recording.text == "early\r\n" })
        #expect(await eventually { stage.sink.story.contains("SESSION_STARTED") })
        #expect(await !stage.story.contains("output"))
        #expect(await stage.end == nil, "the end waits for the recording")
        await onLoop { stage.recording.settle() }
        #expect(await stage.ended)
        #expect(await stage.output == "early\r\n")
    }

    @Test func `a slow recording holds the program up, and nothing is lost`() async {
        let size = 12 << 20
        let stage = await Stage.run(["head", "-c", "\(size)", "/dev/zero"], manner: .held)
        // It is held back: the pile stops growing, far below what there is.
        #expect(await eventually { stage.recording.pendingBytes > 4 << 20 })
        for _ in 0..<20 { try? await Task.sleep(for: .milliseconds(10)) }
        #expect(await onLoop { stage.recording.pendingBytes } < 5 << 20)
        // It is slow, not dead.
        let done = await eventually(within: .seconds(40)) {
            stage.recording.settle()
            return stage.sink.end != nil
        }
        #expect(done)
        #expect(await onLoop { stage.recording.bytes.count } == size)
        #expect(await onLoop { stage.recording.mostPending } < 5 << 20)
        #expect(await stage.end?.exitCode == 0)
    }

    @Test func `a recording that fails raises one alert and does not end the session`() async {
        let stage = await Stage.run(
            ["sh", "-c", "stty -echo; echo one; read x; echo two"], manner: .failing("the disk is full"))
        #expect(await stage.wrote("one"))
        #expect(await stage.type("\n") == nil)
        #expect(await stage.ended)
        #expect(await stage.output.contains("two"))
        #expect(await stage.end?.finalState == .completed)
        let alerts = await onLoop { stage.sink.alerts }
        #expect(alerts.count == 1)
        #expect(alerts.first?.description.contains("the disk is full") == true)
    }

    @Test func `a secret of the environment is never shown nor recorded`() async {
        let secret = "s3cr3t-Value-0123456789"
        let script =
            "echo \"key: $API_TOKEN\"; printf %s \"$API_TOKEN\" | cut -c1-10 | tr -d '\\n'; printf %s \"$API_TOKEN\" | cut -c11-; env; echo done"
        let stage = await Stage.run(["sh", "-c", script], environment: ["API_TOKEN": secret])
        #expect(await stage.ended)
        let output = await stage.output
        #expect(output.contains("done"))
        #expect(!output.contains(secret))
        #expect(await !onLoop { stage.recording.text }.contains(secret))
        #expect(!output.contains("DAEMON_ONLY"), "what the daemon has for itself it keeps")
        #expect(output.contains("DROVER_SESSION_ID="))
        #expect(await onLoop { stage.sink.alerts.contains { $0.category == .security } })
    }

    @Test func `a child that outlives its program does not keep the session`() async {
        let stage = await Stage.run(["sh", "-c", "sleep 30 & echo $!; exit 0"])
        #expect(await stage.ended)
        #expect(await stage.end?.exitCode == 0)
        if let child = Int32(await stage.output.split(separator: "\r\n").first ?? "") { kill(child, SIGKILL) }
    }
}

@Suite struct MockTests {
    @Test func `the whole script makes all twelve kinds of events, and the ticks add up`() async {
        let stage = await Stage.play(.all)
        #expect(await stage.ended)
        #expect(await onLoop { stage.sink.kinds } == Set(RunnerEvent.Kind.allCases))
        #expect(await stage.story.last == "SESSION_ENDED")
        let ticks = await onLoop { stage.sink.ticks }
        let total = ticks.reduce(UsageMetrics.zero) { $0 + $1.units }
        #expect(await stage.end?.totalUsage == total)
        #expect(total.filesTouched > 0)
        #expect(total.commandsRun == 1)
        #expect(total.approvalsRequested == 1)
        #expect(await stage.end?.finalState == .completed)
    }

    @Test func `a real program's ticks add up, too`() async {
        let stage = await Stage.run(["sh", "-c", "head -c 50000 /dev/zero; exit 1"])
        #expect(await stage.ended)
        let total = await onLoop { stage.sink.ticks.reduce(UsageMetrics.zero) { $0 + $1.units } }
        #expect(await stage.end?.totalUsage == total)
        #expect(abs(total.terminalKb - 50_000.0 / 1024) < 0.01)
    }

    @Test func `an agent that holds echoes, tells its size and stops when asked`() async {
        let stage = await Stage.play(.hold)
        #expect(await stage.wrote("ready"))
        #expect(await stage.type("hello") == nil)
        #expect(await stage.wrote("hello"))
        #expect(await stage.ask { $0.resize($1, to: TerminalSize(columns: 70, rows: 30), completion: $2) } == nil)
        #expect(await stage.wrote("size 70x30"))
        #expect(await stage.stop() == nil)
        #expect(await stage.ended)
        #expect(await stage.end?.finalState == .completed)
    }

    @Test func `an agent that floods waits for a slow recording`() async {
        let stage = await Stage.play(.flood, stepMs: 0, manner: .held)
        #expect(await eventually { stage.recording.pendingBytes > 4 << 20 })
        let before = await onLoop { stage.recording.pendingBytes }
        #expect(before < 5 << 20)
        await onLoop {
            stage.recording.manner = .soon
            stage.recording.settle()
        }
        #expect(await eventually { stage.recording.bytes.count > before + 1000 })
        #expect(await stage.stop() == nil)
        #expect(await stage.ended)
    }

    @Test func `an approval can be answered once, and only as it was asked`() async {
        // The script answers its own approval; before that happens, nobody else has one to answer.
        let stage = await Stage.play(.hold)
        #expect(await stage.wrote("ready"))
        let error = await stage.ask {
            $0.resolveApproval(ApprovalResolution(approvalID: "none", decision: .allow), of: $1, completion: $2)
        }
        #expect(error == .approvalNotFound)
        #expect(await stage.stop() == nil)
        #expect(await stage.ended)
    }
}
