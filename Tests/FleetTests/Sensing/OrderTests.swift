import Bytes
import Fleet
import Testing

/// Hooks run beside each other: the order in which their events arrive must not matter, nor how often they are told.
@Suite struct SensingOrderTests {
    private typealias Samples = SensingSamples

    /// What an agent does within five seconds, each event at a time of its own.
    private static func burst(_ random: inout Seeded) -> [HookEvent] {
        var events: [HookEvent] = []
        var ticks = Set<Int>()
        while ticks.count < random.int(2...40) { ticks.insert(random.int(1...5000)) }
        var tools = 0
        for tick in ticks.sorted() {
            let seconds = Double(tick) / 1000
            var event: HookEvent
            switch random.int(0...13) {
            case 0: event = Samples.event(.userPromptSubmit, seconds)
            case 1...4:
                event = Samples.event(.preToolUse, seconds, tool: "Bash")
                tools += 1
            case 5...8:
                event = Samples.event(
                    random.pick([.postToolUse, .postToolUseFailure]), seconds, tool: "Edit",
                    filePath: random.pick([nil, "a.swift", "/tmp/b"]))
            case 9: event = Samples.event(.permissionRequest, seconds)
            case 10:
                event = Samples.event(
                    .preCompact, seconds, metadata: ["trigger": random.pick([.null, "auto", "manual"])])
            case 11:
                event = Samples.event(
                    .sessionStart, seconds, metadata: ["source": random.pick(["compact", "startup", "resume"])])
            case 12:
                event = Samples.event(
                    .notification, seconds,
                    notification: random.pick(["idle_prompt", "permission_prompt", "auth_success", "x"]))
            default:
                event = Samples.event(
                    .stop, seconds, isStopHookActive: random.int(0...3) == 0,
                    metadata: random.pick([nil, ["agent_id": "a"], ["background_tasks": [["id": "b"]]]]))
            }
            if random.int(0...3) == 0 { event.pid = UInt32(random.int(10...12)) }
            event.eventID = EventID("e\(tick)")
            events.append(event)
        }
        if random.int(0...5) == 0, let last = events.popLast() {
            events.append(Samples.event(.sessionEnd, Double(last.recordedAt - Samples.noon) / 1000, id: "end"))
        }
        return events
    }

    @Test(arguments: 0..<300)
    func `any order of five seconds ends in the same state`(seed: Int) {
        var random = Seeded(UInt64(seed))
        let events = Self.burst(&random)
        let first = random.pick([
            [], [Samples.record(.ready, because: .stopGate)], [Samples.record(.working, tools: 1)],
        ])
        var straight = SensingDialogue(first)
        for event in events { straight.tell(event) }
        for _ in 0..<5 {
            var shuffled = SensingDialogue(first)
            for event in events.shuffled(using: &random) { shuffled.tell(event, at: 6) }
            #expect(shuffled.session == straight.session)
            #expect(shuffled.state.tombstones == straight.state.tombstones)
            #expect(
                shuffled.state.evidence(of: Samples.session, at: Samples.at(6))?.restsOn.at
                    == straight.state.evidence(of: Samples.session, at: Samples.at(6))?.restsOn.at)
            // And stays the same in the quiet that follows.
            for seconds in [7.0, 70, 310, 1300] {
                let now = Samples.at(seconds)
                #expect(
                    shuffled.state.projectStates(at: now, shuffled.processes)
                        == straight.state.projectStates(at: now, straight.processes))
            }
        }
    }

    @Test(arguments: 0..<50)
    func `a turn that has ended is ready however its events came`(seed: Int) {
        var random = Seeded(UInt64(seed))
        var events = [Samples.event(.userPromptSubmit, 0.01)]
        for tool in 0..<random.int(1...8) {
            let begin = 0.1 + Double(tool) * 0.4
            events.append(Samples.event(.preToolUse, begin))
            if random.int(0...1) == 0 { events.append(Samples.event(.permissionRequest, begin + 0.01)) }
            events.append(Samples.event(.postToolUse, begin + Double(random.int(50...900)) / 1000))
        }
        events.append(Samples.event(.stop, 4.9))
        var dialogue = SensingDialogue()
        for event in events.shuffled(using: &random) { dialogue.tell(event, at: 5) }
        #expect(dialogue.session?.state == .ready)
        #expect(dialogue.session?.readyReason == .stopGate)
        #expect(dialogue.session?.toolsInFlight == 0)
    }

    @Test(arguments: 0..<100)
    func `replaying any prefix twice changes nothing`(seed: Int) {
        var random = Seeded(UInt64(seed))
        let events = Self.burst(&random).shuffled(using: &random)
        var dialogue = SensingDialogue()
        let processes = dialogue.processes
        for event in events { dialogue.tell(event, at: 6) }
        var again = dialogue.state
        let prefix = events.prefix(random.int(0...events.count))
        for _ in 0..<2 {
            for (index, event) in prefix.enumerated() {
                let effects = again.apply(
                    event, rowid: Int64(index + 1), receivedAt: Samples.at(6), project: Samples.project,
                    processes: processes)
                #expect(effects.isEmpty)
            }
        }
        #expect(again == dialogue.state)
    }

    @Test(arguments: 0..<100)
    func `the effects written to tables give the same state`(seed: Int) {
        var random = Seeded(UInt64(seed))
        var tables = Tables()
        var dialogue = SensingDialogue()
        for event in Self.burst(&random).shuffled(using: &random) {
            var event = event
            event.sessionID = random.pick(["s1", "s2"])
            dialogue.tell(event, at: 6)
            tables.carryOut(dialogue.effects)
        }
        let reloaded = tables.state
        #expect(reloaded.cursor == dialogue.state.cursor)
        #expect(
            reloaded.sessions(at: Samples.at(6), dialogue.processes)
                == dialogue.state.sessions(at: Samples.at(6), dialogue.processes))
        #expect(reloaded.tombstones == dialogue.state.tombstones)
        #expect(reloaded.activity(limit: 1000) == dialogue.state.activity(limit: 1000))
        #expect(reloaded.liveness == dialogue.state.liveness)
    }
}

/// The tables as the effects leave them.
struct Tables {
    var sessions: [SessionID: SensedSession] = [:]
    var tombstones: [SessionID: Tombstone] = [:]
    var activity: [SensedActivity] = []
    var shells: [UInt32: SensedShell] = [:]
    var liveness: [UInt32: ProcessLiveness] = [:]
    var cursor: Int64 = 0

    mutating func carryOut(_ effects: [SensingEffect]) {
        for effect in effects {
            switch effect {
            case .upsertLiveness(let row): liveness[row.pid] = row
            case .deleteLiveness(let pid): liveness[pid] = nil
            case .upsertSession(let row): sessions[row.sessionID] = row
            case .deleteSession(let id):
                sessions[id] = nil
                activity.removeAll { $0.sessionID == id }
            case .appendActivity(let row): activity.append(row)
            case .writeTombstone(let row): tombstones[row.sessionID] = row
            case .deleteTombstone(let id): tombstones[id] = nil
            case .upsertShell(let row): shells[row.pid] = row
            case .deleteShell(let pid): shells[pid] = nil
            case .advanceCursor(let rowid): cursor = rowid
            }
        }
    }

    var state: SensingState {
        SensingState(
            cursor: cursor, sessions: Array(sessions.values), tombstones: Array(tombstones.values), activity: activity,
            shells: Array(shells.values), liveness: Array(liveness.values))
    }
}
