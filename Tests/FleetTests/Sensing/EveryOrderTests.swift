import Bytes
import Fleet
import Testing

/// Every type of event, every order in which a few of them can arrive, and longer ones drawn by seed: what is left after
/// quiet is the same, and makes sense.
@Suite struct SensingEveryOrderTests {
    private typealias Samples = SensingSamples

    /// One thing that may be told, at a time that is filled in.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var event: HookEvent

        init(
            _ type: HookEventType, _ detail: String = "", notification: String? = nil, isStopHookActive: Bool = false,
            filePath: String? = nil, metadata: JSON? = nil
        ) {
            name = detail.isEmpty ? type.rawValue : "\(type.rawValue) \(detail)"
            event = SensingSamples.event(
                type, 0, filePath: filePath, notification: notification, isStopHookActive: isStopHookActive,
                metadata: metadata)
            if type == .shellCwd {
                event.pid = 99
                event.tty = "/dev/pts/9"
            }
        }

        func at(_ milliseconds: Int) -> HookEvent {
            var event = event
            event.recordedAt = SensingSamples.noon + Int64(milliseconds)
            event.eventID = EventID("e\(milliseconds)")
            return event
        }

        var testDescription: String { name }
    }

    /// Those after which a session may be in another state.
    static let telling: [Kind] = [
        Kind(.sessionStart, "startup", metadata: ["source": "startup"]),
        Kind(.sessionStart, "compact", metadata: ["source": "compact"]),
        Kind(.userPromptSubmit),
        Kind(.preToolUse),
        Kind(.postToolUse, filePath: "a.swift"),
        Kind(.permissionRequest),
        Kind(.preCompact, "auto", metadata: ["trigger": "auto"]),
        Kind(.preCompact, "manual", metadata: ["trigger": "manual"]),
        Kind(.notification, "idle", notification: "idle_prompt"),
        Kind(.stop),
        Kind(.stop, "with tasks", metadata: ["background_tasks": [["id": "b", "type": "shell"]]]),
        Kind(.taskCompleted),
        Kind(.sessionEnd),
    ]

    /// All there is to tell.
    static let all: [Kind] =
        telling + [
            Kind(.sessionStart, "resume", metadata: ["source": "resume"]),
            Kind(.postToolUseFailure),
            Kind(.preCompact),
            Kind(.notification, "auth", notification: "auth_success"),
            Kind(.notification, "permission", notification: "permission_prompt"),
            Kind(.notification, "question", notification: "elicitation_dialog"),
            Kind(.notification, "other", notification: "agent_completed"),
            Kind(.stop, "held", isStopHookActive: true),
            Kind(.stop, "of a sub-agent", metadata: ["agent_id": "a"]),
            Kind(.stop, "with timers", metadata: ["session_crons": [["id": "c", "schedule": "* * * * *"]]]),
            Kind(.subagentStart, metadata: ["agent_id": "a"]),
            Kind(.subagentStop, metadata: ["agent_id": "a"]),
            Kind(.teammateIdle, metadata: ["teammate_name": "bob"]),
            Kind(.taskCompleted, "of a mate", metadata: ["teammate_name": "bob"]),
            Kind(.worktreeCreate),
            Kind(.worktreeRemove),
            Kind(.configChange),
            Kind(.shellCwd),
        ]

    @Test func `there is a kind of each type`() {
        #expect(Set(Self.all.map(\.event.type)) == Set(HookEventType.allCases))
    }

    /// Where a session may stand when it begins.
    static let beginnings: [[SensedSession]] = [
        [], [Samples.record(.working, tools: 1)], [Samples.record(.ready, because: .stopGate)],
        [Samples.record(.waiting, tools: 1)], [Samples.record(.compacting)], [Samples.record(.idle)],
    ]

    // MARK: - A few, in every order

    @Test(arguments: all)
    func `any two in either order`(first: Kind) {
        for second in Self.all {
            for beginning in Self.beginnings { expectOneEnd([first, second], from: beginning) }
        }
    }

    @Test(arguments: telling)
    func `any three in all six orders`(first: Kind) {
        for second in Self.telling {
            for third in Self.telling {
                for beginning in Self.beginnings.prefix(3) { expectOneEnd([first, second, third], from: beginning) }
            }
        }
    }

    /// What a turn is made of.
    static let turn = [2, 3, 4, 5, 7, 9].map { telling[$0] }

    @Test(arguments: turn)
    func `any four of a turn in all twenty-four orders`(first: Kind) {
        for second in Self.turn {
            for third in Self.turn {
                for fourth in Self.turn { expectOneEnd([first, second, third, fourth], from: []) }
            }
        }
    }

    private func expectOneEnd(_ kinds: [Kind], from beginning: [SensedSession]) {
        let events = kinds.enumerated().map { $0.element.at(($0.offset + 1) * 700) }
        let straight = Self.end(of: events, from: beginning)
        expectSense(straight, after: events, from: beginning)
        for order in Self.orders(of: events.count).dropFirst() {
            let arrived = Self.end(of: order.map { events[$0] }, from: beginning)
            #expect(
                arrived.session == straight.session && arrived.state.tombstones == straight.state.tombstones,
                "\(order.map { kinds[$0].name }) recorded as \(kinds.map(\.name)) from \(beginning.map(\.state))")
        }
    }

    /// All orders of so many, the first of which is the straight one.
    static func orders(of count: Int) -> [[Int]] {
        if count == 0 { return [[]] }
        return orders(of: count - 1).flatMap { shorter in
            (0..<count).reversed().map { place in
                var order = shorter
                order.insert(count - 1, at: place)
                return order
            }
        }
    }

    /// What is left when all has been told within six seconds.
    private static func end(of events: [HookEvent], from beginning: [SensedSession]) -> SensingDialogue {
        var dialogue = SensingDialogue(beginning)
        for event in events { dialogue.tell(event, at: 6) }
        return dialogue
    }

    // MARK: - Many

    @Test(arguments: 0..<400)
    func `many of all kinds in any order, and then quiet`(seed: Int) {
        var random = Seeded(UInt64(seed) &* 7919)
        var times = Set<Int>()
        let count = random.int(3...48)
        while times.count < count { times.insert(random.int(1...5900)) }
        var events: [HookEvent] = []
        for time in times.sorted() {
            var event = random.pick(random.int(0...2) == 0 ? Self.all : Self.telling).at(time)
            if event.type == .sessionEnd, random.int(0...2) > 0 { event = Self.telling[3].at(time) }
            if event.pid == nil, random.int(0...3) == 0 { event.pid = 10 }
            events.append(event)
        }
        let beginning = random.pick(Self.beginnings)
        let processes = FakeProcesses(alive: [10, 99])
        func end(_ events: [HookEvent]) -> SensingDialogue {
            var dialogue = SensingDialogue(beginning, processes: processes)
            for event in events { dialogue.tell(event, at: 6) }
            return dialogue
        }
        let straight = end(events)
        expectSense(straight, after: events, from: beginning)
        for _ in 0..<6 {
            // Hooks overtake each other mostly by little, and sometimes by all the time there is.
            let reach = random.pick([50, 300, 6000])
            let keys = Dictionary(
                uniqueKeysWithValues: events.map {
                    ($0.eventID, $0.recordedAt.milliseconds + Int64(random.int(0...reach)))
                })
            let arrived = end(
                events.sorted { (keys[$0.eventID] ?? 0, $0.eventID) < (keys[$1.eventID] ?? 0, $1.eventID) })
            #expect(arrived.session == straight.session)
            #expect(arrived.state.tombstones == straight.state.tombstones)
            #expect(arrived.state.liveness == straight.state.liveness)
            #expect(arrived.state.shells == straight.state.shells)
            if !events.contains(where: { $0.type == .sessionEnd }) {
                #expect(
                    Set(arrived.state.activity(limit: 1000).map(\.recordedAt))
                        == Set(straight.state.activity(limit: 1000).map(\.recordedAt)))
            }
            for seconds in [6.0, 9.5, 70, 310, 1300, 1900] {
                let now = Samples.at(seconds)
                #expect(
                    arrived.state.projectStates(at: now, processes) == straight.state.projectStates(at: now, processes))
            }
        }
    }

    // MARK: - Sense

    /// Holds of every state, however it came about.
    private func expectSense(_ dialogue: SensingDialogue, after events: [HookEvent], from beginning: [SensedSession]) {
        if let session = dialogue.session {
            let before = beginning.first?.toolsInFlight ?? 0
            let begun = events.count { $0.type == .preToolUse }
            #expect(Int(session.toolsInFlight) <= Int(before) + begun)
            #expect(session.readyReason == nil || session.state == .ready)
            #expect(session.compaction == nil || session.state == .compacting)
            if let updated = session.updatedAt {
                #expect(session.stateChangedAt.map { $0 <= updated } ?? false)
                #expect(session.lastActivityAt.map { $0 <= updated } ?? true)
                #expect(updated <= (events.map(\.recordedAt).max() ?? Samples.noon))
            }
            // The last word is believed.
            let last = events.last
            switch (last?.type, last?.metadata) {
            case (.permissionRequest, _): #expect(session.state == .waiting)
            case (.userPromptSubmit, _), (.preToolUse, _): #expect(session.state == .working)
            case (.preCompact, _): #expect(session.state == .compacting)
            case (.taskCompleted, nil): #expect(session.state == .ready && session.toolsInFlight == 0)
            case (.stop, nil) where last?.stopHookActive == false:
                #expect(session.state == .compacting || session.state == .ready && session.readyReason == .stopGate)
            case (.stop, .some) where last?.metadata?["background_tasks"] != nil:
                #expect(session.state == .compacting || session.state == .working)
            default: break
            }
        }
        // Nobody hears of it any more: it does not stay for ever.
        var quiet = dialogue.state
        _ = quiet.reconcile(.periodic, at: Samples.at(6 + 1801), FakeProcesses(gone: [10]))
        #expect(quiet.sessions(at: Samples.at(6 + 1801), FakeProcesses(gone: [10])).allSatisfy { $0.state == .idle })
        #expect(quiet.sessions(at: Samples.at(6 + 2500), FakeProcesses(gone: [10])).isEmpty)
        // A living process keeps it, and after a turn's last tool it is ready again, whatever the counter says.
        if dialogue.session?.state == .working, dialogue.session?.lastEvent == "post_tool_use" {
            #expect(
                dialogue.state.projectStates(at: Samples.at(330), FakeProcesses(alive: [10])).first?.state == .ready)
        }
    }

    // MARK: - Several sessions

    @Test(arguments: 0..<200)
    func `sessions of one process follow each other in any order of their events`(seed: Int) {
        var random = Seeded(UInt64(seed) &* 104_729)
        var events: [HookEvent] = []
        var time = 1
        let count = random.int(2...3)
        for number in 0..<count {
            var start = Self.telling[0].at(time)
            start.sessionID = SessionID("s\(number)")
            start.pid = 10
            events.append(start)
            for _ in 0..<random.int(0...4) {
                time += random.int(20...300)
                var event = random.pick(Self.turn).at(time)
                event.sessionID = SessionID("s\(number)")
                event.pid = 10
                events.append(event)
            }
            time += random.int(20...300)
        }
        let processes = FakeProcesses(alive: [10])
        func end(_ events: [HookEvent]) -> SensingState {
            var dialogue = SensingDialogue(processes: processes)
            for event in events { dialogue.tell(event, at: 6) }
            return dialogue.state
        }
        let straight = end(events)
        let left: [SessionID] = straight.sessions(at: Samples.at(6), processes).map(\.sessionID)
        #expect(left == [SessionID("s\(count - 1)")])
        for _ in 0..<6 {
            let arrivals = events.shuffled(using: &random)
            let arrived = end(arrivals)
            #expect(Set(arrived.activity(limit: 100).map(\.sessionID)).isSubset(of: left))
            #expect(
                arrived.sessions(at: Samples.at(6), processes) == straight.sessions(at: Samples.at(6), processes),
                "\(arrivals.map { "\($0.eventID.rawValue) \($0.sessionID?.rawValue ?? "") \($0.type)" })")
        }
    }
}
