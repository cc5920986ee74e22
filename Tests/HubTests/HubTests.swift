import Bytes
import Fleet
import HTTP
import Reactor
import Testing

@testable import Hub

private let sessions = "/api/runner/sessions"

@Suite struct AdmissionTests {
    @Test func `a session is admitted, announced and started only after the commit`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop { world.journal.manner = .held }
        try client.send("POST", sessions, #"{"providerId":"command","command":{"argv":["make","all"]},"name":"build"}"#)
        #expect(await eventually { world.journal.waitingCount == 1 })
        let observer = try await world.connect()
        #expect(try observer.get("/api/fleet").json["total"] == 0)
        #expect(await onLoop { world.runner.story } == [])
        #expect(await onLoop { world.hub.metrics.emissions["agent_spawn"] } == nil)
        #expect(!client.hasNews)

        await onLoop { world.journal.commit() }
        let answer = try client.readResponse()
        #expect(answer.status == 201)
        let id = try #require(answer.json["sessionId"]?.string)
        #expect(answer.json["agentId"]?.string == "runner_" + id.prefix(8))
        #expect(answer.json["state"] == "CREATED")
        #expect(await onLoop { world.runner.story } == ["start make all"])
        // Once for each room that hears of it: the village's, and the public one's.
        #expect(await onLoop { world.hub.metrics.emissions["agent_spawn"] } == 2)
        let view = try observer.get("/api/fleet/build").json
        #expect(view["id"]?.string == id)
        #expect(view["command"]?["cwd"] == "/home/me")
    }

    @Test func `a journal that fails answers 503 and starts nothing`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        for error in [JournalError.full, .unavailable(reason: "gone"), .closed] {
            await onLoop { world.journal.manner = .failing(error) }
            let answer = try client.post(sessions, #"{"providerId":"mock"}"#)
            #expect(answer.status == 503)
            #expect(answer.code == "UNAVAILABLE")
        }
        #expect(await onLoop { world.runner.story } == [])
        #expect(await onLoop { world.hub.metrics.emissions } == [:])
        #expect(try client.get("/api/fleet").json["total"] == 0)
        await onLoop { world.journal.manner = .soon }
        #expect(try client.post(sessions, #"{"providerId":"mock"}"#).status == 201)
        #expect(await onLoop { world.runner.story } == ["start mock"])
    }

    @Test func `a runner that refuses is told as a failure of the session`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop { world.runner.refusal = .noRunnerAvailable }
        let id = try world.start(client)
        #expect(await eventually { world.hub.fleet[id]?.state == .failed })
        let view = try client.get("\(sessions)/\(id)").json
        #expect(view["errorMessage"]?.string?.contains("no runner") == true)
        #expect(try client.get("\(sessions)/\(id)/events").json["items"]?.array?.last?["type"] == "SESSION_ENDED")
        #expect(await onLoop { world.hub.metrics.emissions["agent_disconnect"] } == 2)
    }

    @Test func `no more sessions live than may, those on their way included`() async throws {
        let world = await World.open { $0.maxSessions = 2 }
        let (first, second, third) = (try await world.connect(), try await world.connect(), try await world.connect())
        await onLoop { world.journal.manner = .held }
        for client in [first, second] { try client.send("POST", sessions, #"{"providerId":"mock"}"#) }
        #expect(await eventually { world.journal.waitingCount == 2 })
        let refused = try third.post(sessions, #"{"providerId":"mock"}"#)
        #expect(refused.status == 429)
        #expect(refused.code == "SESSION_LIMIT_EXCEEDED")
        await onLoop {
            world.journal.commit()
            world.journal.manner = .soon
        }
        let answer = try first.readResponse()
        #expect(answer.status == 201)
        #expect(try second.readResponse().status == 201)
        #expect(try third.post(sessions, #"{"providerId":"mock"}"#).status == 429)
        // One ends, and there is room again.
        let id = SessionID(answer.json["sessionId"]?.string ?? "")
        await world.tell(RunnerEvent.Body.starting + RunnerEvent.Body.ending, of: id)
        #expect(try third.post(sessions, #"{"providerId":"mock"}"#).status == 201)
    }

    @Test func `a failed admission does not count`() async throws {
        let world = await World.open { $0.maxSessions = 1 }
        let client = try await world.connect()
        await onLoop { world.journal.manner = .failing(.full) }
        #expect(try client.post(sessions, #"{"providerId":"mock"}"#).status == 503)
        await onLoop { world.journal.manner = .soon }
        #expect(try client.post(sessions, #"{"providerId":"mock"}"#).status == 201)
    }

    @Test(arguments: [
        (#"{}"#, 400, "VALIDATION_ERROR"),
        (#"{"providerId":"nobody"}"#, 400, "VALIDATION_ERROR"),
        (#"{"providerId":"command"}"#, 400, "VALIDATION_ERROR"),
        (#"{"providerId":"command","command":{"argv":[]}}"#, 400, "VALIDATION_ERROR"),
        (#"{"providerId":"mock","name":"a b"}"#, 400, "VALIDATION_ERROR"),
        (#"{"providerId":"mock","env":{"LD_PRELOAD":"x"}}"#, 400, "VALIDATION_ERROR"),
        (#"[]"#, 400, "VALIDATION_ERROR"),
        (#"{"providerId":"#, 400, "VALIDATION_ERROR"),
        (#""#, 400, "VALIDATION_ERROR"),
        (
            #"{"providerId":"codex","repoRef":{"provider":"local","path":"/x"},"task":{"title":"t","goal":"g"}}"#, 400,
            "PROVIDER_AUTH_MISSING"
        ),
        (
            #"{"providerId":"gemini_cli","repoRef":{"provider":"local","path":"/x"},"task":{"title":"t","goal":"g"}}"#,
            400, "PROVIDER_NOT_SUPPORTED"
        ),
    ])
    func `a start that asks for the impossible is refused, and nothing is written`(
        body: String, status: Int, code: String
    ) async throws {
        let world = await World.open()
        let answer = try await world.connect().post(sessions, body)
        #expect(answer.status == status)
        #expect(answer.code == code, "\(answer.text)")
        #expect(answer.json["requestId"]?.string == answer["x-request-id"])
        #expect(await onLoop { world.journal.events.count + world.runner.story.count } == 0)
    }

    @Test func `a hub that drains admits nothing`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop { world.hub.drain() }
        let answer = try client.post(sessions, #"{"providerId":"mock"}"#)
        #expect(answer.status == 503)
        #expect(answer.code == "NO_RUNNER_AVAILABLE")
    }
}

@Suite struct ShowingTests {
    @Test func `nothing is shown before it is durable, and everything in order`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        await onLoop {
            world.journal.manner = .held
            world.report(
                [.chunk("before", at: 0)] + RunnerEvent.Body.starting + [.chunk("after", at: 6), .touched("a")], of: id)
        }
        func types() throws -> [String] {
            (try client.get("\(sessions)/\(id)/events").json["items"]?.array ?? []).compactMap { $0["type"]?.string }
        }
        #expect(try types() == ["TERMINAL_CHUNK"])
        #expect(try client.get("\(sessions)/\(id)").json["state"] == "CREATED")
        await onLoop { world.journal.commit(1) }
        #expect(try types() == ["TERMINAL_CHUNK", "SESSION_STATE_CHANGED"])
        #expect(try client.get("\(sessions)/\(id)").json["state"] == "PREPARING_WORKSPACE")
        await onLoop { world.journal.commit(3) }
        let shown =
            ["TERMINAL_CHUNK"] + Array(repeating: "SESSION_STATE_CHANGED", count: 3) + [
                "SESSION_STARTED", "TERMINAL_CHUNK",
            ]
        #expect(try types() == shown)
        await onLoop { world.journal.commit() }
        #expect(try types() == shown + ["FILE_TOUCHED"])
        let sequences = (try client.get("\(sessions)/\(id)/events").json["items"]?.array ?? []).compactMap {
            $0["seq"]?.integer
        }
        #expect(sequences == Array(1...7))
    }

    @Test func `a fact that the journal lost is not shown, and what follows is`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        await onLoop {
            world.journal.manner = .held
            world.report([.touched("lost"), .chunk("x", at: 0)], of: id)
            world.journal.manner = .failing(.unavailable(reason: "once"))
            world.journal.commit()
            world.journal.manner = .soon
        }
        await world.tell([.touched("kept")], of: id)
        let view = try client.get("/api/fleet/\(id)").json
        #expect(view["files"]?.array?.compactMap { $0["path"]?.string } == ["kept"])
        #expect(view["terminal"]?["bytes"] == 1)
    }

    @Test func `the view that is rebuilt from the journal is the one that was live`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let ids = [try world.start(client, name: "one"), try world.start(client, name: "two"), try world.start(client)]
        for (index, id) in ids.enumerated() {
            await world.tell(
                RunnerEvent.Body.starting + [
                    .chunk("hello", at: 0), .touched("a"), .approval(ApprovalID("ap\(index)"), of: id),
                ], of: id)
            await world.tell(
                [
                    .approvalResolved(ApprovalResolution(approvalID: ApprovalID("ap\(index)"), decision: .allow)),
                    .testRunStarted(TestRunStart(command: "make test")),
                    .testRunFinished(TestRunFinish(exitCode: 0, passed: 1, failed: 0, skipped: 0, duration: 5)),
                    .alertRaised(Alert(alertID: "al", severity: .warn, category: .test, title: "t", description: "d")),
                    .diffSummary(DiffSummary(files: [.init(path: "a", status: .modified, additions: 1, deletions: 0)])),
                ], of: id)
            await onLoop {
                world.hub.note(.terminalResized(TerminalSize(columns: 99, rows: 9)), of: id, at: WallTime.now)
                world.hub.note(.processExited(ProcessExit(status: .code(0), bytes: 5)), of: id, at: WallTime.now)
            }
            // The last one lives on; only ended ones know all from the journal.
            if index < 2 { await world.tell(RunnerEvent.Body.ending, of: id) }
        }
        #expect(await eventually { world.journal.waitingCount == 0 })
        let (live, rebuilt) = await onLoop { () -> (FleetState, FleetState) in
            let hub = Hub(
                settings: world.hub.settings, journal: world.journal, runner: world.runner, archive: world.archive,
                health: world.health)
            for event in world.journal.events { hub.replay(event) }
            return (world.hub.fleet, hub.fleet)
        }
        #expect(live.cursor == rebuilt.cursor)
        #expect(live.cursor > 0)
        for id in ids.prefix(2) { #expect(live[id] == rebuilt[id]) }
        #expect(live[ids[2]]?.state == rebuilt[ids[2]]?.state)
        #expect(rebuilt[ids[0]]?.json["terminal"]?["bytes"] == 5)
    }

    @Test func `sessions that the daemon before this one left open are ended once`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let (ended, open) = (try world.start(client), try world.start(client))
        await world.tell(RunnerEvent.Body.starting + RunnerEvent.Body.ending, of: ended)
        await world.tell(RunnerEvent.Body.starting, of: open)
        let next = await World.open()
        await onLoop {
            next.journal.take(over: world.journal)
            for event in world.journal.events { next.hub.replay(event) }
            #expect(
                next.hub.accountForLostSessions(bytes: { _ in 7 }, survived: { _ in false }).lost.map(\.id) == [open])
        }
        #expect(await eventually { next.hub.fleet[open]?.state == .failed })
        let view = try await next.connect().get("/api/fleet/\(open)").json
        #expect(view["errorMessage"]?.string?.isEmpty == false)
        #expect(view["terminal"]?["bytes"] == 7)
        #expect(
            await onLoop { next.hub.accountForLostSessions(bytes: { _ in nil }, survived: { _ in false }).lost.isEmpty }
        )
    }

    @Test func `a change of the fleet is told at once, and what follows within 100 ms together`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        // A member of the room, by polling.
        let opened = try client.get("/socket.io/?EIO=4&transport=polling")
        let sid = try #require(JSON(parsing: Array(opened.body.dropFirst()))["sid"]?.string)
        let path = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
        #expect(try client.post(path, "40").status == 200)
        #expect(try client.get(path).text.hasPrefix("40{"))
        #expect(try client.post(path, #"420["join_fleet",{}]"#).status == 200)
        #expect(try client.get(path).text == #"430[{"ok":true,"room":"fleet"}]"#)

        let id = try world.start(client)
        #expect(await eventually { world.hub.metrics.emissions["fleet_changed"] == 1 })
        // Fifty changes in one moment are one more announcement, now or when its time has come.
        await onLoop {
            world.journal.manner = .held
            world.report((0..<50).map { .touched("file \($0)") }, of: id)
            world.journal.commit()
        }
        var last: JSON = .null
        // The last word is the whole truth.
        while last["session"]?["filesTouched"] != 50 {
            for packet in try client.get(path).text.split(separator: "\u{1E}") where packet.hasPrefix("42") {
                let event = try JSON(parsing: Array(packet.drop { $0.isNumber }.utf8))
                if event[0] == "fleet_changed" { last = event[1] ?? .null }
            }
        }
        #expect(last["session"]?["id"]?.string == id.rawValue)
        #expect(await onLoop { world.hub.metrics.emissions["fleet_changed"] ?? 0 } <= 3)
    }
}

@Suite struct ViewTests {
    @Test func `the fleet and its sessions can be looked at`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let (one, two) = (try world.start(client, name: "one"), try world.start(client, name: "two"))
        await world.tell(RunnerEvent.Body.starting + [.chunk("héllo\r\n", at: 0)], of: one)
        await world.tell(RunnerEvent.Body.starting + RunnerEvent.Body.ending, of: two)
        await onLoop { world.archive.output[one] = Array("héllo\r\n".utf8) }

        let fleet = try client.get("/api/fleet").json
        #expect(fleet["total"] == 2)
        #expect(fleet["items"]?.array?.compactMap { $0["name"]?.string } == ["one", "two"], "live ones come first")
        #expect(fleet["cursor"]?.integer == Int(await onLoop { world.hub.fleet.cursor }))
        #expect(fleet["daemon"] == ["pid": 42, "version": "1.2.3", "startedAt": 1000])
        #expect(try client.get("/api/fleet?state=ended").json["items"]?[0]?["name"] == "two")
        #expect(try client.get("/api/fleet?state=RUNNING&agent=mock&limit=1").json["total"] == 1)
        #expect(try client.get("/api/fleet?limit=0").code == "VALIDATION_ERROR")
        #expect(try client.get("/api/fleet/\(one.rawValue.prefix(8))").json["name"] == "one")
        #expect(try client.get("/api/fleet/nobody").status == 404)
        #expect(try client.get("/api/fleet/one").json["timeline"]?.array?.count == 4)

        let page = try client.get("\(sessions)?pageSize=1").json
        #expect(page["total"] == 2)
        #expect(page["hasMore"] == true)
        #expect(page["items"]?.array?.count == 1)
        #expect(try client.get("\(sessions)?state=COMPLETED").json["total"] == 1)
        #expect(try client.get("\(sessions)/one").json["state"] == "RUNNING")

        let events = try client.get("\(sessions)/one/events?afterSeq=3&limit=1").json
        #expect(events["items"]?[0]?["seq"] == 4)
        #expect(events["lastSeq"] == 5)
        #expect(events["truncated"] == false)

        let output = try client.get("/api/fleet/one/output?from=-4")
        #expect(output.text == "lo\r\n")
        #expect(output["x-drover-offset"] == "4")
        #expect(output["x-drover-end"] == "8")
        #expect(output["content-type"] == "application/octet-stream")
        #expect(try client.get("/api/fleet/one/output?from=2&limit=3").body == Array(Array("héllo".utf8)[2..<5]))
        #expect(try client.get("/api/fleet/two/output").body == [])
        let cast = try client.get("/api/fleet/one/recording")
        #expect(cast["content-disposition"] == "attachment; filename=\"one.cast\"")
        #expect(try client.get("/api/fleet/two/recording").status == 404)
    }

    @Test func `an id that fits several sessions is not guessed`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop {
            for end in ["a", "b"] {
                world.hub.admit(
                    SessionConfig(
                        sessionID: SessionID("12345678-1111-4222-8333-00000000000\(end)"), orgID: "local",
                        providerID: .mock,
                        repoRef: .local(path: "/", name: nil, defaultBranch: nil))
                ) { _ in }
            }
        }
        #expect(await eventually { world.hub.fleet.sessions.count == 2 })
        let answer = try client.get("/api/fleet/1234")
        #expect(answer.status == 409)
        #expect(answer.code == "AMBIGUOUS_ID")
        #expect(answer.json["error"]?["details"]?["matches"]?.array?.count == 2)
    }

    @Test func `health is what the daemon says of itself`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        #expect(try client.get("/healthz").json["status"] == "ok")
        #expect(try client.get("/readyz").status == 200)
        await onLoop { world.health.isJournalWritable = false }
        #expect(try client.get("/readyz").status == 503)
        #expect(try client.get("/healthz").status == 200)
        let doctor = try client.get("/api/doctor").json
        #expect(doctor["ok"] == false)
        #expect(doctor["checks"]?[1] == ["name": "web", "ok": false, "detail": "no page", "fix": "install it"])
        _ = try world.start(client)
        let metrics = try client.get("/metrics")
        #expect(metrics["content-type"] == "text/plain; version=0.0.4")
        #expect(metrics.text.contains("drover_sessions{state=\"CREATED\"} 1\n"))
        #expect(metrics.text.contains("drover_sessions_started_total{provider=\"mock\"} 1\n"))
        #expect(try client.post("/api/shutdown").status == 202)
        #expect(await eventually { world.health.isShutDown })
    }

    @Test func `who may not use the daemon is told so in kind`() async throws {
        let world = await World.open { $0.allowedOrigins = ["https://friend.example"] }
        let client = try await world.connect()
        let stranger = try client.request("GET", "/api/fleet", host: "evil.example")
        #expect(stranger.status == 403)
        #expect(stranger.code == "FORBIDDEN")
        #expect(try client.request("GET", "/api/fleet", headers: "Origin: https://evil.example\r\n").status == 403)
        let polling = try client.request("GET", "/socket.io/?EIO=4&transport=polling", headers: "Origin: null\r\n")
        #expect(polling.status == 403)
        #expect(polling.json == ["code": 4, "message": "CORS origin not allowed"])
        let friend = try client.request("GET", "/api/fleet", headers: "Origin: https://friend.example\r\n")
        #expect(friend.status == 200)
        #expect(friend["access-control-allow-origin"] == "https://friend.example")
        #expect(friend["vary"] == "Origin")
        let preflight = try client.request(
            "OPTIONS", sessions, headers: "Origin: https://friend.example\r\nAccess-Control-Request-Method: POST\r\n")
        #expect(preflight.status == 204)
        #expect(preflight["access-control-allow-methods"]?.contains("POST") == true)
        let post = try client.request(
            "POST", sessions, #"{"providerId":"mock"}"#, headers: "Sec-Fetch-Site: cross-site\r\n")
        #expect(post.status == 403)
        #expect(await onLoop { world.journal.events.isEmpty })
    }

    @Test func `every error has one shape and the id of its request`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let own = "X-Request-Id: mine-7\r\n"
        for (method, path, status, code) in [
            ("GET", "/nowhere", 404, "NOT_FOUND"), ("DELETE", "/api/fleet", 405, "METHOD_NOT_ALLOWED"),
            ("GET", "/api/fleet/nobody", 404, "SESSION_NOT_FOUND"),
            ("POST", "\(sessions)/nobody/stop", 404, "SESSION_NOT_FOUND"),
            ("GET", "/api/events?since=x", 400, "VALIDATION_ERROR"),
            ("GET", "\(sessions)?page=0", 400, "VALIDATION_ERROR"),
        ] {
            let answer = try client.request(method, path, headers: own)
            #expect(answer.status == status, "\(method) \(path)")
            #expect(answer.code == code, "\(method) \(path)")
            #expect(answer.json["error"]?["message"]?.string?.isEmpty == false)
            #expect(answer.json["requestId"] == "mine-7")
            #expect(answer["x-request-id"] == "mine-7")
        }
        let (first, second) = (try client.get("/nowhere"), try client.get("/nowhere"))
        #expect(first.json["requestId"]?.string?.count == 36)
        #expect(first.json["requestId"] != second.json["requestId"])
    }
}

@Suite struct CommandTests {
    @Test func `commands reach the runner, and its refusals the client`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        for (path, body) in [
            ("input", #"{"data":"ls\n"}"#), ("stop", ""), ("stop", #"{"graceful":false}"#), ("pause", ""),
            ("resume", "{}"),
            ("resize", #"{"cols":80,"rows":24}"#), ("signal", #"{"signal":"SIGHUP"}"#),
        ] {
            let answer = try client.post("\(sessions)/\(id)/\(path)", body)
            #expect(answer.status == 200, "\(path)")
            #expect(answer.json == ["ok": true])
        }
        #expect(
            await onLoop { world.runner.story.dropFirst() } == [
                "input ls\n", "stop", "stop now", "pause", "resume", "resize 80x24", "signal SIGHUP",
            ])
        for (refusal, status, code) in [
            (RunnerError.invalidState(.pausedByHuman), 409, "INVALID_STATE"),
            (.sessionNotFound, 404, "SESSION_NOT_FOUND"),
            (.inputFull, 429, "RATE_LIMITED"), (.internal("our secret"), 500, "INTERNAL_ERROR"),
        ] {
            await onLoop { world.runner.refusal = refusal }
            let answer = try client.post("\(sessions)/\(id)/pause")
            #expect(answer.status == status)
            #expect(answer.code == code)
            #expect(!answer.text.contains("our secret"))
        }
    }

    @Test(arguments: [
        ("input", #"{}"#), ("input", #"{"data":1}"#), ("input", #"{"data":"x","more":1}"#),
        ("stop", #"{"gracefull":false}"#),
        ("stop", #"{"graceful":"no"}"#), ("stop", #"[]"#), ("resize", #"{"cols":1,"rows":24}"#),
        ("resize", #"{"cols":80}"#),
        ("resize", #"{"cols":80.0,"rows":24}"#), ("signal", #"{"signal":"SIGSTOP"}"#), ("signal", #"{}"#),
        ("approvals/a", #"{}"#), ("approvals/a", #"{"decision":"maybe"}"#),
        ("approvals/a", #"{"decision":"allow","x":1}"#),
        ("input", #"{"data":"#),
    ])
    func `a body that does not say what it should is refused and carried nowhere`(path: String, body: String)
        async throws
    {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        let answer = try client.post("\(sessions)/\(id)/\(path)", body)
        #expect(answer.status == 400)
        #expect(answer.code == "VALIDATION_ERROR")
        #expect(await onLoop { world.runner.story.count } == 1)
    }

    @Test func `a session that has ended takes no commands`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        await world.tell(RunnerEvent.Body.starting + RunnerEvent.Body.ending, of: id)
        for (path, body) in [
            ("stop", ""), ("input", #"{"data":"x"}"#), ("pause", ""), ("signal", #"{"signal":"SIGINT"}"#),
        ] {
            let answer = try client.post("\(sessions)/\(id)/\(path)", body)
            #expect(answer.status == 409)
            #expect(answer.code == "INVALID_STATE")
            #expect(answer.json["error"]?["details"]?["state"] == "COMPLETED")
        }
        #expect(await onLoop { world.runner.story.count } == 1)
    }

    @Test func `an approval is answered once; the same answer again is fine, the other one a conflict`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        await world.tell(RunnerEvent.Body.starting + [.approval("a1", of: id)], of: id)
        let path = "\(sessions)/\(id)/approvals"
        #expect(try client.get(path).json["items"]?[0]?["approvalId"] == "a1")
        #expect(try client.get("\(sessions)/\(id)").json["pendingApprovals"] == ["a1"])

        let unknown = try client.post("\(path)/a2", #"{"decision":"allow"}"#)
        #expect(unknown.status == 404)
        #expect(unknown.code == "APPROVAL_NOT_FOUND")
        #expect(await onLoop { world.runner.resolutions.isEmpty })

        #expect(try client.post("\(path)/a1", #"{"decision":"allow","note":"go"}"#).json == ["ok": true])
        let resolution = await onLoop { world.runner.resolutions.first }
        #expect(resolution == ApprovalResolution(approvalID: "a1", decision: .allow, resolvedBy: "local", note: "go"))
        await world.tell(
            [.approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow, resolvedBy: "local"))], of: id)

        #expect(try client.post("\(path)/a1", #"{"decision":"allow"}"#).status == 200)
        let conflict = try client.post("\(path)/a1", #"{"decision":"deny"}"#)
        #expect(conflict.status == 409)
        #expect(conflict.code == "APPROVAL_CONFLICT")
        #expect(conflict.json["error"]?["details"]?["decision"] == "allow")
        #expect(await onLoop { world.runner.resolutions.count } == 1)
        #expect(try client.get("\(sessions)/\(id)").json["pendingApprovals"] == [])
    }

    @Test func `the runner's word on an approval counts while the journal has not heard yet`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        await world.tell(RunnerEvent.Body.starting + [.approval("a1", of: id)], of: id)
        await onLoop { world.runner.refusal = .approvalConflict(recorded: .deny) }
        let answer = try client.post("\(sessions)/\(id)/approvals/a1", #"{"decision":"allow"}"#)
        #expect(answer.status == 409)
        #expect(answer.code == "APPROVAL_CONFLICT")
    }
}

@Suite struct EventStreamTests {
    /// Rows and types of the next events of a stream.
    private func next(_ count: Int, of client: Client) throws -> [Int] {
        try (0..<count).map { _ in try client.nextEvent().id ?? -1 }
    }

    @Test func `a reader who names no row hears what happens from now on`() async throws {
        let world = await World.open()
        let (client, reader) = (try await world.connect(), try await world.connect())
        let id = try world.start(client)
        try reader.listen("/api/events")
        await world.tell([.touched("a")], of: id)
        let event = try reader.nextEvent()
        #expect(event.name == "FILE_TOUCHED")
        #expect(event.id == 2)
        #expect(event.data["rowid"] == 2)
        #expect(event.data["sessionId"]?.string == id.rawValue)
        #expect(event.data["payload"]?["path"] == "a")
        #expect(event.data["source"] == "runner")
    }

    @Test func `a reader catches up without gap or double while events keep coming`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let id = try world.start(client)
        await world.tell((0..<1200).map { .touched("\($0)") }, of: id)
        let readers = [try await world.connect(), try await world.connect(), try await world.connect()]
        try readers[0].listen("/api/events?since=0")
        try readers[1].listen("/api/events?since=700")
        try readers[2].listen("/api/events?since=3", headers: "Last-Event-ID: 1199\r\n")
        for round in 0..<20 { await world.tell((0..<20).map { .touched("later \(round) \($0)") }, of: id) }
        #expect(try next(1601, of: readers[0]) == Array(1...1601))
        #expect(try next(901, of: readers[1]) == Array(701...1601))
        #expect(try next(402, of: readers[2]) == Array(1200...1601))
        await world.tell([.touched("last")], of: id)
        for reader in readers { #expect(try next(1, of: reader) == [1602]) }
    }

    @Test func `what happens while a page is being read is not forgotten`() async throws {
        let world = await World.open()
        let (client, reader) = (try await world.connect(), try await world.connect())
        let id = try world.start(client)
        await world.tell([.touched("a"), .touched("b")], of: id)
        await onLoop { world.journal.holdsReads = true }
        try reader.listen("/api/events?since=0")
        #expect(await eventually { world.journal.pageCount == 1 })
        // The page is read, and not delivered yet.
        await world.tell([.touched("c"), .touched("d")], of: id)
        await onLoop {
            world.journal.holdsReads = false
            world.journal.deliver()
        }
        #expect(try next(5, of: reader) == [1, 2, 3, 4, 5])
        await world.tell([.touched("e")], of: id)
        #expect(try next(1, of: reader) == [6])
    }

    @Test func `a reader whose rows were forgotten is told where the stream begins now`() async throws {
        let world = await World.open()
        let (client, reader) = (try await world.connect(), try await world.connect())
        let id = try world.start(client)
        await world.tell((0..<9).map { .touched("\($0)") }, of: id)
        await onLoop { world.journal.forget(before: 6) }
        try reader.listen("/api/events?since=2")
        let reset = try reader.nextEvent()
        #expect(reset.name == "reset")
        #expect(reset.id == nil)
        #expect(reset.data == ["oldest": 6])
        #expect(try next(5, of: reader) == [6, 7, 8, 9, 10])
        // Just before the oldest is no gap.
        let other = try await world.connect()
        try other.listen("/api/events?since=5")
        #expect(try next(5, of: other) == [6, 7, 8, 9, 10])
    }

    @Test func `a reader may ask for one session and for some kinds`() async throws {
        let world = await World.open()
        let (client, reader, page) = (try await world.connect(), try await world.connect(), try await world.connect())
        let (one, two) = (try world.start(client, name: "one"), try world.start(client, name: "two"))
        await world.tell([.touched("1"), .approval("a", of: one)], of: one)
        await world.tell([.touched("2")], of: two)
        try reader.listen("/api/events?since=0&session=one&types=FILE_TOUCHED,SESSION_CREATED")
        await world.tell([.touched("3")], of: two)
        await world.tell([.touched("4")], of: one)
        #expect(try next(3, of: reader) == [1, 3, 7])

        let first = try page.request("GET", "/api/events?limit=4", headers: "Accept: application/json\r\n").json
        #expect(first["items"]?.array?.compactMap { $0["rowid"]?.integer } == [1, 2, 3, 4])
        #expect(first["more"] == true)
        #expect(first["cursor"] == 4)
        let rest = try page.request(
            "GET", "/api/events?since=4&types=FILE_TOUCHED", headers: "Accept: application/json\r\n"
        ).json
        #expect(rest["items"]?.array?.compactMap { $0["rowid"]?.integer } == [5, 6, 7])
        #expect(rest["more"] == false)
        #expect(rest["cursor"] == 7)
    }

    @Test func `a reader who falls behind gets everything once it reads`() async throws {
        let world = await World.open()
        let (client, reader) = (try await world.connect(), try await world.connect())
        let id = try world.start(client)
        try reader.listen("/api/events")
        // More than any kernel keeps for somebody who does not read.
        let path = String(repeating: "p", count: 20_000)
        for round in 0..<60 { await world.tell((0..<20).map { .touched("\(round)-\($0)-\(path)") }, of: id) }
        #expect(try next(1200, of: reader) == Array(2...1201))
        await world.tell([.touched("last")], of: id)
        #expect(try next(1, of: reader) == [1202])
    }

    @Test func `readers come and go, and a drain ends their streams`() async throws {
        let world = await World.open()
        var readers: [Client] = []
        for _ in 0..<3 {
            let reader = try await world.connect()
            try reader.listen("/api/events")
            readers.append(reader)
        }
        #expect(await onLoop { world.hub.feed.count } == 3)
        readers.removeLast()
        #expect(await eventually { world.hub.feed.count == 2 })
        await onLoop { world.hub.drain() }
        for reader in readers { #expect(throws: Client.Failure.closed) { try reader.nextEvent() } }
        #expect(await onLoop { world.hub.feed.count } == 0)
    }
}
