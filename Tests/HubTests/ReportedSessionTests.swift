import Bytes
import Fleet
import HTTP
import Reactor
import Testing

@testable import Hub

/// An agent that reports by itself, as sensing would tell of it.
private func agent(
    _ activity: SensedState, since: Int64, event: String = "pre_tool_use", id: SessionID = "agent-1",
    launchedAs: SessionID? = nil, origin: SessionOrigin = .observed
) -> ReportedSession {
    ReportedSession(
        origin: origin, id: id, agent: .claudeCode, title: "/src/demo", projectPath: "/src/demo",
        process: Fleet.ProcessIdentity(pid: 77, startTicks: 5, bootID: "b"),
        activity: AgentActivity(activity, since: Timestamp(milliseconds: since), event: event), launchedAs: launchedAs)
}

@Suite struct ReportedSessionTests {
    @Test func `an agent that reports is an ordinary session`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop { world.hub.reported.saw(agent(.working, since: 10)) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.activity?.activity == .working })
        let view = try client.get("/api/fleet/agent-1").json
        #expect(view["origin"] == "observed")
        #expect(view["agent"] == "claude_code")
        #expect(view["state"] == "RUNNING")
        #expect(view["activity"] == "working")
        #expect(view["activityAt"] == 10)
        #expect(view["evidence"]?["event"] == "pre_tool_use")
        #expect(view["evidence"]?["source"] == "hook")
        #expect(view["project"]?["name"] == "demo")
        #expect(view["process"]?["pid"] == 77)
        #expect(try client.get("/api/fleet?state=live").json["total"] == 1)
        // Its agent appears in its village, and so does its work.
        #expect(await onLoop { world.hub.metrics.emissions["agent_spawn"] } == 2)
        #expect(await onLoop { world.hub.metrics.emissions["work_stream_event"] ?? 0 } > 0)
    }

    @Test func `one that waits shows as waiting, and as at work again when it was answered`() async throws {
        let world = await World.open()
        await onLoop { world.hub.reported.saw(agent(.working, since: 10)) }
        await onLoop { world.hub.reported.saw(agent(.waiting, since: 20, event: "permission_request")) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.state == .waitingForApproval })
        #expect(await onLoop { world.hub.fleet["agent-1"]?.evidence.event } == "permission_request")
        await onLoop { world.hub.reported.saw(agent(.working, since: 30)) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.state == .running })
        await onLoop { world.hub.reported.saw(agent(.ready, since: 40, event: "stop")) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.activity?.activity == .ready })
        #expect(await onLoop { world.hub.fleet["agent-1"]?.state } == .running)
    }

    @Test func `the same again costs no event`() async throws {
        let world = await World.open()
        await onLoop { world.hub.reported.saw(agent(.working, since: 10)) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.activity != nil })
        let count = await onLoop { world.journal.events.count }
        for event in ["pre_tool_use", "post_tool_use", "user_prompt_submit"] {
            await onLoop { world.hub.reported.saw(agent(.working, since: 10, event: event)) }
        }
        await turn()
        #expect(await onLoop { world.journal.waitingCount } == 0)
        #expect(await onLoop { world.journal.events.count } == count)
    }

    @Test func `one that is over has ended, and may come again under its id`() async throws {
        let world = await World.open()
        await onLoop { world.hub.reported.saw(agent(.working, since: 10)) }
        await onLoop { world.hub.reported.left("agent-1", at: Timestamp(milliseconds: 50)) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.state == .completed })
        #expect(await onLoop { world.hub.fleet["agent-1"]?.activity } == nil)
        #expect(await onLoop { world.hub.reported.observed } == [])
        await onLoop { world.hub.reported.saw(agent(.ready, since: 60, event: "session_start")) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.isLive == true })
        #expect(await onLoop { world.hub.fleet["agent-1"]?.activity?.event } == "session_start")
    }

    @Test(arguments: ["input", "stop", "pause", "signal", "resize"])
    func `it takes no orders, and says why`(order: String) async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop { world.hub.reported.saw(agent(.working, since: 10)) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.state == .running })
        let answer = try client.post("/api/runner/sessions/agent-1/\(order)", #"{"data":"x","signal":"SIGINT"}"#)
        #expect(answer.status == 409)
        #expect(answer.code == "INVALID_STATE")
        #expect(answer.json["error"]?["message"]?.string?.contains("started elsewhere") == true)
        #expect(await onLoop { world.runner.story } == [])
    }

    @Test func `an agent in a session of ours speaks for it`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        let ours = try world.start(client, name: "web")
        await world.tell(RunnerEvent.Body.starting, of: ours)
        await onLoop { world.hub.reported.saw(agent(.waiting, since: 20, launchedAs: ours)) }
        #expect(await eventually { world.hub.fleet[ours]?.activity?.activity == .waiting })
        #expect(try client.get("/api/fleet").json["total"] == 1)
        let view = try client.get("/api/fleet/web").json
        #expect(view["state"] == "RUNNING")
        #expect(view["activity"] == "waiting")
        // Its state still rests on what its runner said.
        #expect(view["evidence"]?["source"] == "runner")
        #expect(await onLoop { world.hub.reported.speaker(of: ours) } == "agent-1")

        // A second agent, started by the first, has the same environment and is a session of its own.
        await onLoop { world.hub.reported.saw(agent(.working, since: 30, id: "agent-2", launchedAs: ours)) }
        #expect(await eventually { world.hub.fleet["agent-2"]?.isLive == true })
        #expect(await onLoop { world.hub.fleet[ours]?.activity?.activity } == .waiting)

        // When the first is over, the next may speak.
        await onLoop { world.hub.reported.left("agent-1", at: Timestamp(milliseconds: 40)) }
        #expect(await eventually { world.hub.fleet[ours]?.activity?.activity == .idle })
        await onLoop { world.hub.reported.saw(agent(.working, since: 50, id: "agent-3", launchedAs: ours)) }
        #expect(await eventually { world.hub.fleet[ours]?.activity?.activity == .working })
    }

    @Test func `a restart goes on where it was and loses nobody`() async throws {
        let before = await World.open()
        let client = try await before.connect()
        let ours = try before.start(client)
        await before.tell(RunnerEvent.Body.starting, of: ours)
        await onLoop {
            before.hub.reported.saw(agent(.waiting, since: 10))
            before.hub.reported.saw(agent(.working, since: 10, id: "agent-2", launchedAs: ours))
        }
        #expect(await eventually { before.hub.fleet[ours]?.activity != nil && before.journal.waitingCount == 0 })

        let after = await World.open()
        let lost = await onLoop {
            after.journal.take(over: before.journal)
            for event in after.journal.events { after.hub.replay(event) }
            return after.hub.accountForLostSessions(bytes: { _ in nil }, survived: { $0.id == ours }).lost
        }
        #expect(lost.isEmpty)
        #expect(await onLoop { after.hub.fleet["agent-1"]?.state } == .waitingForApproval)
        #expect(await onLoop { after.hub.reported.observed } == ["agent-1", "agent-2"])
        let count = await onLoop { after.journal.events.count }
        await onLoop {
            after.hub.reported.saw(agent(.waiting, since: 10))
            after.hub.reported.saw(agent(.working, since: 10, id: "agent-2", launchedAs: ours))
        }
        await turn()
        #expect(await onLoop { after.journal.events.count } == count)
        await onLoop { after.hub.reported.saw(agent(.working, since: 20)) }
        #expect(await eventually { after.hub.fleet["agent-1"]?.state == .running })
        let numbers = await onLoop {
            after.journal.events.filter { $0.sessionID == "agent-1" }.compactMap(\.sequence)
        }
        #expect(numbers == Array(1...numbers.count))
    }

    @Test func `files that its tools touch are shown, and only a session that is known has any`() async throws {
        let world = await World.open()
        await onLoop {
            world.hub.reported.touched("a.swift", .write, by: "agent-1", at: Timestamp(milliseconds: 5))
            world.hub.reported.saw(agent(.working, since: 10))
            world.hub.reported.touched("a.swift", .write, by: "agent-1", at: Timestamp(milliseconds: 15))
        }
        #expect(await eventually { world.hub.fleet["agent-1"]?.files.map(\.path) == ["a.swift"] })
    }

    @Test func `they hold no place of those that run here, and no event of the journal`() async throws {
        let world = await World.open { $0.maxSessions = 1 }
        let client = try await world.connect()
        await onLoop { world.hub.reported.saw(agent(.working, since: 10)) }
        #expect(await eventually { world.hub.fleet["agent-1"]?.isLive == true })
        #expect(await onLoop { world.hub.forgettable == world.hub.fleet.cursor })
        #expect(throws: Never.self) { try world.start(client) }
    }

    @Test func `why tells what was reported`() async throws {
        let world = await World.open()
        let client = try await world.connect()
        await onLoop {
            world.hub.evidence = { $0 == "agent-1" ? ["restsOn": ["event": "stop"]] : nil }
            world.hub.reported.saw(agent(.ready, since: 10, event: "stop"))
        }
        #expect(await eventually { world.hub.fleet["agent-1"]?.activity != nil })
        let why = try client.get("/api/fleet/agent-1/why").json
        #expect(why["reported"]?["restsOn"]?["event"] == "stop")
        #expect(why["activity"]?["activity"] == "ready")
        #expect(try client.get("/api/fleet/nobody/why").status == 404)
    }

    @Test func `changes are told with what was before`() async throws {
        let world = await World.open()
        final class Notices: @unchecked Sendable {
            var all: [SessionNotice] = []
        }
        let notices = Notices()
        await onLoop {
            world.hub.onChange = { before, now in
                if let notice = SessionNotice(from: before, to: now) { notices.all.append(notice) }
            }
            world.hub.reported.saw(agent(.working, since: 10))
            world.hub.reported.saw(agent(.waiting, since: 20))
            world.hub.reported.saw(agent(.working, since: 30))
            world.hub.reported.saw(agent(.ready, since: 40))
            world.hub.reported.left("agent-1", at: Timestamp(milliseconds: 50))
        }
        #expect(await eventually { world.hub.fleet["agent-1"]?.isLive == false })
        #expect(await onLoop { notices.all } == [.waiting, .done])
    }
}
