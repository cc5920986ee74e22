import Bytes
import Fleet
import Testing

@testable import Store

/// Whatever happens, the tables say what the rules say.
@Suite struct SensingPropertyTests {
    private typealias Bench = SensingBench
    private static let sessions = (0..<6).map { SessionID("s\($0) \"ä\"") }

    @Test(arguments: 1...12)
    func `reading back gives the state, whatever the events`(seed: Int) throws {
        var random = SeededGenerator(UInt64(seed))
        var bench = try Bench()
        var state = SensingState()
        var processes = FakeProcesses()
        var told: [(event: HookEvent, effects: [SensingEffect])] = []
        var seconds = 0.0
        var rowid: Int64 = 0
        for step in 0..<160 {
            let pauses: [Double] = [0, 0.001, 0.7, 3, 40, 500]
            seconds += pauses.randomElement(using: &random) ?? 0
            let now = Bench.at(seconds)
            processes.readings[.random(in: 1...5, using: &random)] = reading(&random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                // Of another source, and no business of ours.
                try bench.bench.journal.append([record("other\(step)")], token: UInt64(10_000 + step))
                rowid += 1
            case 1:
                guard let again = told.randomElement(using: &random) else { continue }
                try bench.append(again.event, again.effects)
            case 2:
                try bench.write(state.reconcile(.periodic, at: now, processes).effects)
            case 3:
                let session = Self.sessions.randomElement(using: &random) ?? "s"
                let compacted = ExtraEvent(
                    eventID: EventID("x\(step)"), recordedAt: now, type: "post_compact", sessionID: session)
                let effects =
                    Bool.random(using: &random)
                    ? state.childStarted(session, at: now) : state.apply(compacted, receivedAt: now)
                try bench.write(effects)
            default:
                for place in 0..<Int.random(in: 1...4, using: &random) {
                    rowid += 1
                    let event = event("e\(step)-\(place)", seconds, &random)
                    let effects = state.apply(
                        event, rowid: rowid, receivedAt: now, project: project(&random), processes: processes)
                    try bench.append(event, effects)
                    told.append((event, effects))
                }
            }
            if step % 16 == 15 { try expect(bench, state) }
        }
    }

    private func expect(_ bench: SensingBench, _ state: SensingState) throws {
        let contents = try bench.load()
        let read = contents.state()
        #expect(contents.problems.isEmpty)
        #expect(contents.repairs.isEmpty)
        for session in Self.sessions {
            #expect(read[session] == state[session])
            #expect(read.activity(of: session, limit: 2000) == state.activity(of: session, limit: 2000))
        }
        #expect(read.tombstones == state.tombstones)
        #expect(read.shells == state.shells)
        #expect(read.liveness == state.liveness)
        #expect(read.cursor == state.cursor)
        // There is nothing left to replay.
        #expect(try bench.archive { try $0.replayable(since: contents.cursor).items }.isEmpty)
    }

    private func event(_ id: String, _ seconds: Double, _ random: inout SeededGenerator) -> HookEvent {
        let types = HookEventType.allCases.filter { $0 != .sessionEnd } + [.preToolUse, .postToolUse, .postToolUse]
        let isEnd = Int.random(in: 0..<25, using: &random) == 0
        let type = isEnd ? .sessionEnd : types.randomElement(using: &random) ?? .stop
        let pid = UInt32.random(in: 0...5, using: &random)
        let late: Double = [0, 0, 0.3, 2, 5, 8, -20].randomElement(using: &random) ?? 0
        if type == .shellCwd {
            let metadata: [JSON?] = [nil, ["tmux_pane": "%3", "proc_start": 17]]
            return Bench.shell(
                max(1, pid), seconds - late, id: id, metadata: metadata.randomElement(using: &random) ?? nil)
        }
        let metadata: [JSON?] = [
            nil, nil, ["trigger": "manual"], ["trigger": "auto"], ["source": "compact"], ["agent_id": "a"],
            ["background_tasks": [["id": 1]]],
        ]
        let files: [String?] = ["a.swift", "/tmp/'b'", nil]
        return Bench.event(
            type, seconds - late, id: id, of: Self.sessions.randomElement(using: &random), pid: pid,
            tool: Bool.random(using: &random) ? "Edit" : nil, filePath: files.randomElement(using: &random) ?? nil,
            notification: ["idle_prompt", "permission_prompt", "auth_success", "x"].randomElement(using: &random),
            metadata: metadata.randomElement(using: &random) ?? nil)
    }

    private func reading(_ random: inout SeededGenerator) -> ProcessReading {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .gone
        case 1: return .unreadable
        case 2: return .running(ProcessStart(epochSeconds: 1_772_000_000))
        default:
            return .running(
                ProcessStart(
                    epochSeconds: .random(in: -5...2_000_000_000, using: &random),
                    ticks: .random(in: 0...(.max), using: &random), bootID: "boot"))
        }
    }

    private func project(_ random: inout SeededGenerator) -> ProjectFacts {
        let identities = [
            nil, Bench.project.cwd,
            ProjectIdentity(boundary: "/p/ö", projectPath: "/p/main/ö", projectID: "/p/main/.git"),
        ]
        return ProjectFacts(
            file: identities.randomElement(using: &random) ?? nil, cwd: identities.randomElement(using: &random) ?? nil,
            canonicalCwd: [nil, "/canonical"].randomElement(using: &random) ?? nil)
    }
}
