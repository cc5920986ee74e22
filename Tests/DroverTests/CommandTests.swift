import Bytes
import Client
import Glibc
import Synchronization
import Testing

@testable import drover

@Suite struct CommandTests {
    @Test func `without a daemon every verb that asks one says how to start it`() {
        for words in [
            ["ls"], ["show", "x"], ["attach", "x"], ["run", "ls"], ["stop", "x"], ["events"], ["approvals"], ["down"],
        ] {
            var desk = Desk()
            desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
            let answer = words.count == 1 ? desk.type(words[0]) : desk.type(words[0], words[1])
            #expect(answer.exit == .daemonNotRunning)
            #expect(
                answer.remarks == """
                    No daemon is running: nobody answers at http://127.0.0.1:1.
                    Start one with: drover up

                    """)
        }
    }

    @Test func `drover alone greets a newcomer`() {
        var desk = Desk()
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        let answer = desk.type()
        #expect(answer.exit == .daemonNotRunning)
        #expect(answer.output.contains("drover up"))
    }

    @Test func `drover alone tells what needs attention`() {
        let daemon = FakeDaemon { _ in
            Sample.fleet(
                Sample.web, Sample.session("dddddddd", state: "WAITING_FOR_APPROVAL", ["pendingApprovals": ["p"]]),
                Sample.session("ffffffff", state: "FAILED", ["endedAt": 999_990_000, "exitCode": 2]),
                Sample.session("eeeeeeee", state: "COMPLETED"))
        }
        defer { daemon.stop() }
        let lines = Desk(daemon).type().lines
        #expect(lines[0] == "1 waits for your decision, 1 failed lately, 1 is at work")
        #expect(lines[2].contains("dddddddd") && lines[3].contains("ffffffff") && lines[4].contains("web"))
        #expect(lines[5].contains("drover approvals"))
    }

    @Test func `ls puts first what needs a person`() {
        let daemon = FakeDaemon { _ in
            Sample.fleet(
                Sample.web, Sample.session("dddddddd", state: "WAITING_FOR_APPROVAL", ["pendingApprovals": ["p"]]))
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("ls")
        #expect(
            answer.lines == [
                "   ID        NAME  AGENT    STATE    AGE  ACTIVE  WHAT",
                "◆  dddddddd        command  waiting   2m     10s  sh",
                "●  3f0e1c2d  web   command  running   2m      3s  npm start",
                "One waits for your decision: drover approvals",
            ])
        #expect(Desk(daemon).type("ls", "--ids").lines.last == "dddddddd")
        #expect(Desk(daemon).type("ls", "--json").output.contains("\"cursor\": 40"))
    }

    @Test func `ls asks for what was asked of it`() {
        let daemon = FakeDaemon { _ in Sample.fleet() }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("ls", "--state", "waiting", "--agent", "claude")
        #expect(answer.output == "No sessions of that kind. Start one: drover run -- bash\n")
        #expect(daemon.requests[0].line == "GET /api/fleet?limit=1000&state=WAITING_FOR_APPROVAL&agent=claude_code")
    }

    @Test func `run launches a command and says where it is`() {
        let daemon = FakeDaemon { request in
            switch request.route {
            case "POST /api/runner/sessions": .json(["sessionId": "3f0e1c2d-0000-4000-8000-000000000001"], status: 201)
            case "GET /api/fleet/3f0e1c2d-0000-4000-8000-000000000001": .json(Sample.web)
            default: nil
            }
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type(
            "run", "--name", "web", "-C", "/tmp", "-e", "A=b=c", "npm", "start", "--port", "1")
        #expect(answer.exit == .ok)
        #expect(answer.lines[0] == "● 3f0e1c2d-0000-4000-8000-000000000001 (web)")
        #expect(answer.lines[2] == "  attach  drover attach web")
        let body = daemon.requests[0].body
        #expect(body["providerId"] == "command" && body["name"] == "web" && body["env"] == ["A": "b=c"])
        #expect(body["command"]?["argv"] == ["npm", "start", "--port", "1"] && body["command"]?["cwd"] == "/tmp")
    }

    @Test func `run waits for the start, and says at once when there is none`() {
        let asked = Mutex(0)
        let daemon = FakeDaemon { request in
            if request.route == "POST /api/runner/sessions" { return .json(["sessionId": "abcd"], status: 201) }
            let count = asked.withLock {
                $0 += 1; return $0
            }
            return .json(
                count < 3
                    ? Sample.session("abcd", state: "STARTING_PROVIDER")
                    : Sample.session("abcd", state: "FAILED", ["errorMessage": "nope: no such program"]))
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("run", "nope")
        #expect(answer.exit == .failure)
        #expect(answer.remarks.hasPrefix("nope could not be started: no such program.\n"))
        #expect(asked.withLock { $0 } == 3)
    }

    @Test(arguments: [
        ["run"], ["run", "--name", "a b", "ls"], ["run", "--env", "A", "ls"], ["run", "--agent", "mock", "dance"],
        ["run", "--tmux", "--headless", "ls"], ["run", "--tmux=agents", "ls"], ["run", "--headless", "--attach", "ls"],
        ["run", "--agent", "claude", "--name", "x"], ["run", "--agent", ""], ["capture"], ["capture", "x", "-n", "0"],
        ["ls", "--state", "wating"], ["kill", "-s", "FOO", "x"], ["send", "x"], ["send", "x", "--keys", "Foo"],
        ["attach"], ["attach", "x", "--detach-key", "q"], ["logs", "x", "--tail", "-1"], ["completion", "tcsh"],
        ["show", "a", "b"], ["frobnicate"], ["--json", "ls"], ["help", "nothing"], ["stop", "--help-me"],
    ])
    func `words that do not fit end with 2 and ask nobody`(words: [String]) {
        let daemon = FakeDaemon { _ in nil }
        defer { daemon.stop() }
        var desk = Desk(daemon)
        desk.width = 80
        let dispatcher = desk
        let answer = dispatcher.type(words)
        #expect(answer.exit == .usage)
        #expect(answer.output.isEmpty && answer.remarks.contains("See: drover help"))
        #expect(daemon.requests.isEmpty)
    }

    @Test func `an id that may mean several lists them`() {
        let daemon = FakeDaemon { _ in
            .refusal(
                409, "AMBIGUOUS_ID", "\"3f0e\" may mean several sessions", details: ["matches": ["3f0e1", "3f0e2"]])
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("show", "3f0e")
        #expect(answer.exit == .failure)
        #expect(answer.remarks == "\"3f0e\" may mean several sessions.\nIt may mean:\n  3f0e1\n  3f0e2\n")
    }

    @Test func `something else at that address is not taken for a daemon`() {
        let daemon = FakeDaemon { _ in .init(type: "text/html", body: Array("<html>".utf8)) }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("ls")
        #expect(answer.exit == .failure)
        #expect(answer.remarks.hasPrefix("What answers there is not Drover's daemon"))
    }

    @Test func `stop and kill give their orders, and go on after a failure`() {
        let daemon = FakeDaemon { request in
            switch request.route {
            case "GET /api/fleet/web": .json(Sample.web)
            case "GET /api/fleet/no": .refusal(404, "SESSION_NOT_FOUND", "no session \"no\"")
            default: .json(["ok": true])
            }
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("stop", "no", "web")
        #expect(answer.exit == .failure)
        #expect(answer.output == "web is stopping.\n")
        #expect(answer.remarks.hasPrefix("no: No session is called \"no\".\n"))
        #expect(Desk(daemon).type("kill", "web").exit == .ok)
        #expect(daemon.requests.last?.body == ["graceful": false])
        #expect(Desk(daemon).type("kill", "-s", "usr1", "web").output == "web got SIGUSR1.\n")
        #expect(daemon.requests.last?.line == "POST /api/runner/sessions/3f0e1c2d-0000-4000-8000-000000000001/signal")
    }

    @Test func `stop waits for the end when it is told to`() {
        let asked = Mutex(0)
        let daemon = FakeDaemon { request in
            if request.line.hasPrefix("POST") { return .json(["ok": true]) }
            let count = asked.withLock {
                $0 += 1; return $0
            }
            return .json(
                count < 3 ? Sample.web : Sample.session("3f0e", name: "web", state: "COMPLETED", ["signal": "SIGTERM"]))
        }
        defer { daemon.stop() }
        #expect(Desk(daemon).type("stop", "--wait", "web").output == "web was ended by SIGTERM.\n")
    }

    @Test func `send types a line, keys, or what it is given`() {
        let daemon = FakeDaemon { $0.line.hasPrefix("GET") ? .json(Sample.web) : .json(["ok": true]) }
        defer { daemon.stop() }
        #expect(Desk(daemon).type("send", "web", "npm", "test").exit == .ok)
        #expect(Desk(daemon).type("send", "web", "--no-enter", "y").exit == .ok)
        #expect(Desk(daemon).type("send", "web", "--keys", "C-c Up").exit == .ok)
        let typed = daemon.requests.filter { $0.line.hasPrefix("POST") }.compactMap { $0.body["data"]?.string }
        #expect(typed == ["npm test", "\r", "y", "\u{03}\u{1B}[A"])
    }

    @Test func `logs prints the bytes exactly, or as plain text`() {
        let output = "\u{1B}[31mred\u{1B}[0m\r\n"
        let daemon = FakeDaemon { request in
            switch request.route {
            case "GET /api/fleet/web": .json(Sample.web)
            default: .bytes(output, from: 0, end: output.utf8.count)
            }
        }
        defer { daemon.stop() }
        #expect(Desk(daemon).type("logs", "web").output == output)
        #expect(Desk(daemon).type("logs", "--plain", "web").output == "red\n")
        #expect(daemon.requests[1].line.hasSuffix("/output?from=0"))
        _ = Desk(daemon).type("logs", "-n", "10", "web")
        #expect(daemon.requests.last?.line.hasSuffix("/output?from=-10") == true)
    }

    @Test func `events prints the last of the journal, page by page`() {
        @Sendable func event(_ row: Int) -> JSON {
            [
                "rowid": .integer(row), "at": 1000, "source": "runner", "type": "T", "sessionId": "abc",
                "payload": ["a": "b"],
            ]
        }
        let daemon = FakeDaemon { request in
            switch request.line {
            case "GET /api/fleet?limit=1": .json(["items": [], "total": 0, "cursor": 60])
            case "GET /api/events?since=10&limit=500": .json(["items": [event(11)], "cursor": 11, "more": true])
            case "GET /api/events?since=11&limit=500": .json(["items": [event(60)], "cursor": 60, "more": false])
            default: nil
            }
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("events", "--json")
        #expect(answer.lines == [event(11).text, event(60).text])
        let human = Desk(daemon).type("events").lines
        #expect(human.count == 2 && human[0].contains("   #11  T ") && human[0].hasSuffix("abc  a=b"))
    }

    @Test func `doctor works without a daemon`() throws {
        var desk = Desk()
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        let answer = desk.type("doctor", "--json")
        let report = try JSON(parsing: Array(answer.output.utf8))
        #expect(report["version"]?.string == DroverVersion.current)
        #expect(report["checks"]?.array?.contains { $0["name"] == "daemon" && $0["severity"] == "notice" } == true)
    }

    @Test func `doctor passes on what the daemon complains about`() {
        let daemon = FakeDaemon { _ in
            .json(["checks": [["name": "journal", "ok": false, "detail": "is full", "fix": "Make room."]]])
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("doctor")
        #expect(answer.exit == .failure)
        #expect(answer.output.contains("is full") && answer.output.contains("Make room."))
    }

    @Test func `doctor says how to close a home that others can read`() {
        let home = "/tmp/drover-open-home-\(getpid())"
        mkdir(home, 0o755)
        chmod(home, 0o755)
        defer { rmdir(home) }
        var desk = Desk()
        desk.environment = ["HOME": home, "DROVER_HOME": home, "DROVER_URL": "http://127.0.0.1:1"]
        let answer = desk.type("doctor")
        #expect(answer.exit == .failure)
        #expect(answer.output.contains("can be read by others") && answer.output.contains("chmod 700 \(home)"))
        chmod(home, 0o700)
        #expect(desk.type("doctor").exit == .ok)
    }

    @Test func `up reads its options, then the environment, then the defaults`() throws {
        var arguments = try Arguments(["--port", "0", "--quiet"], for: UpCommand.spec)
        let command = try UpCommand(&arguments)
        let options = try command.options(
            in: Environment(["HOME": "/h", "DROVER_PORT": "4000", "PORT": "5000", "JWT_SECRET": "s"]))
        #expect(options.port == 0 && options.host == "127.0.0.1" && options.isQuiet && options.jwtSecret == "s")
        #expect(options.home == "/h/.drover" && options.ipcSocket == "/h/.capacitor/daemon.sock")
        #expect(options.rpcSocket == "/h/.rtm/sock")
        #expect(try DaemonOptions(environment: Environment(["DROVER_PORT": "4000", "PORT": "5000"])).port == 4000)
        #expect(try DaemonOptions(environment: Environment(["PORT": "5000"])).port == 5000)
        #expect(throws: UsageError.self) { try DaemonOptions(environment: Environment(["PORT": "http"])) }
    }

    @Test func `commands find the daemon that wrote down where it is`() throws {
        let daemon = FakeDaemon { _ in Sample.fleet() }
        defer { daemon.stop() }
        let home = "/tmp/drover-home-\(getpid())"
        mkdir(home, 0o700)
        let text = #"{"pid":1,"http":"\#(daemon.url)","startedAt":1,"version":"0.1.0"}"#
        let file = open(DaemonRecord.path(inHome: home), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        #expect(write(file, text, text.utf8.count) == text.utf8.count)
        close(file)
        defer {
            unlink(DaemonRecord.path(inHome: home))
            rmdir(home)
        }
        var desk = Desk()
        desk.environment = ["DROVER_HOME": home]
        #expect(desk.type("ls").exit == .ok)
    }
}

@Suite struct RefusalTests {
    private func remark(_ reply: FakeDaemon.Reply) -> String {
        let daemon = FakeDaemon { $0.line.hasPrefix("GET") ? .json(Sample.web) : reply }
        defer { daemon.stop() }
        return Desk(daemon).type("send", "web", "x").remarks
    }

    @Test func `states are told in words`() {
        #expect(
            remark(.refusal(409, "INVALID_STATE", "the session is PAUSED_BY_HUMAN, which does not allow this"))
                == "The session is paused, which does not allow this.\n")
    }

    @Test func `fields that are wrong are listed`() {
        #expect(
            remark(
                .refusal(
                    400, "VALIDATION_ERROR", "invalid body", details: [["path": "env.PATH", "message": "may not"]]))
                == "The daemon does not accept this:\n  env.PATH: may not\n")
    }

    @Test func `a missing token is asked for`() {
        #expect(remark(.refusal(401, "UNAUTHORIZED", "sign in first")).contains("DROVER_TOKEN"))
    }

    @Test func `what the chat surface says is understood too`() {
        #expect(remark(.json(["code": "nope", "message": "not like this"], status: 400)) == "Not like this.\n")
    }
}
