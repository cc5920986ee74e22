import Fleet
import Testing

@Suite struct RuntimeTransitionTests {
    typealias Input = RuntimeLifecycle.Input
    typealias Reaction = RuntimeLifecycle.Reaction

    /// One cell of the table of runtime-rpc §4.1.
    struct Cell: CustomTestStringConvertible {
        var from: RuntimeState
        var input: Input
        var reaction: Reaction
        /// The state afterwards; `nil` when the row is gone.
        var to: RuntimeState?

        init(_ from: RuntimeState, _ input: Input, _ fact: RuntimeFact, to: RuntimeState?) {
            self.from = from
            self.input = input
            reaction = .record(fact)
            self.to = to
        }

        init(_ from: RuntimeState, _ input: Input, _ reaction: Reaction) {
            self.from = from
            self.input = input
            self.reaction = reaction
            to = from
        }

        var testDescription: String { "\(from) when \(input)" }
    }

    static let ready = Input.ready(
        shimPID: 48210, runtimePID: 48211, startTime: RuntimeSamples.started, startTicks: 9_876_543, bootID: "b1")
    static let otherReady = Input.ready(
        shimPID: 5, runtimePID: 6, startTime: RuntimeSamples.started, startTicks: nil, bootID: nil)
    static let code3 = RuntimeExit(code: 3)
    static let exited = RuntimeState.exited(RuntimeExit(code: 0))
    static let lost = RuntimeState.lost(.pidNotAlive)

    static let cells: [Cell] =
        [
            Cell(.forking, ready, RuntimeSamples.running, to: .running),
            Cell(.forking, .shimExit(code3), .terminated(code3, .shimExit), to: .exited(code3)),
            Cell(
                .forking, .shimExit(RuntimeExit(signal: 9)), .terminated(RuntimeExit(signal: 9), .shimExit),
                to: .exited(RuntimeExit(signal: 9))),
            Cell(
                .forking, .shimExit(RuntimeExit(code: 126)), .abandoned(reason: "the runtime could not be started"),
                to: nil),
            Cell(
                .forking, .shimExit(RuntimeExit(code: 127)), .abandoned(reason: "the runtime was not found"), to: nil),
            Cell(.forking, .startFailed(reason: "no ready"), .abandoned(reason: "no ready"), to: nil),
            Cell(.forking, .forkingExpired, .lost(.shimDiedBeforeReport), to: .lost(.shimDiedBeforeReport)),
            Cell(.running, .shimExit(code3), .terminated(code3, .shimExit), to: .exited(code3)),
            Cell(
                .running, .shimExit(RuntimeExit(code: 127)), .terminated(RuntimeExit(code: 127), .shimExit),
                to: .exited(RuntimeExit(code: 127))),
            Cell(
                .running, .settled(isShimAlive: true), .terminated(RuntimeExit(), .processExit),
                to: .exited(RuntimeExit())),
            Cell(
                .running, .settled(isShimAlive: false), .lost(.shimDiedBeforeReport), to: .lost(.shimDiedBeforeReport)),
            Cell(.running, .probed(.gone), .lost(.pidNotAlive), to: .lost(.pidNotAlive)),
            Cell(.running, .probed(.reused), .lost(.pidReuseDetected), to: .lost(.pidReuseDetected)),
            Cell(.running, .probed(.alive), .acknowledge),
            Cell(.running, .probed(.unknown), .acknowledge),
            // The same shim asks again, since it did not hear the answer; another one has no business here.
            Cell(.running, ready, .acknowledge),
            Cell(.running, otherReady, .refuse(.alreadyRunning(RuntimeSamples.session))),
            Cell(.running, .startFailed(reason: "late"), .acknowledge),
            Cell(.running, .forkingExpired, .acknowledge),
            Cell(exited, ready, .refuse(.ended(RuntimeSamples.session))),
            Cell(lost, ready, .refuse(.ended(RuntimeSamples.session))),
            // What comes too late is kept beside the state (D-12).
            Cell(lost, .shimExit(code3), .lateExit(code3), to: lost),
            Cell(lost, .shimExit(RuntimeExit()), .acknowledge),
            Cell(exited, .shimExit(code3), .acknowledge),
        ]
        + ProcessFinding.allCases.map { Cell(.forking, .probed($0), .acknowledge) }
        + [true, false].map { Cell(.forking, .settled(isShimAlive: $0), .acknowledge) }
        + [exited, lost].flatMap { state in
            [Input.settled(isShimAlive: true), .settled(isShimAlive: false), .startFailed(reason: ""), .forkingExpired]
                .map { Cell(state, $0, .acknowledge) }
                + ProcessFinding.allCases.map { Cell(state, .probed($0), .acknowledge) }
        }

    @Test(arguments: cells)
    func `every report meets every state`(cell: Cell) {
        let row = RuntimeSamples.row(cell.from)
        #expect(row.reaction(to: cell.input) == cell.reaction)
        guard case .record(let fact) = cell.reaction else { return }
        var table = RuntimeTable([row])
        #expect(table.apply(fact, of: row.sessionID, at: RuntimeSamples.at(500)) == true)
        #expect(table[row.sessionID]?.state == cell.to)
    }

    @Test func `a life from spawn to end`() {
        var table = RuntimeTable()
        let id = RuntimeSamples.session
        table.apply(RuntimeSamples.accepted, of: id, at: RuntimeSamples.at(0))
        #expect(table[id]?.state == .forking)
        #expect(table[id]?.updatedAt == RuntimeSamples.spawned)
        #expect(table[id]?.paneID == "%7")
        table.apply(RuntimeSamples.running, of: id, at: RuntimeSamples.at(120))
        #expect(table[id]?.runtimePID == 48211)
        #expect(table[id]?.startTicks == 9_876_543)
        #expect(table[id]?.updatedAt == RuntimeSamples.at(120))
        // The pane that the spawn asked for stays known (D-14).
        #expect(table[id]?.target == .tmux(RuntimeSamples.pane))
        table.apply(.terminated(RuntimeExit(code: 0), .shimExit), of: id, at: RuntimeSamples.at(900))
        #expect(table[id]?.state == .exited(RuntimeExit(code: 0)))
        #expect(table[id]?.updatedAt == RuntimeSamples.at(900))
    }

    @Test func `after the end no report leads to another event`() {
        for state in [Self.exited, Self.lost] {
            let row = RuntimeSamples.row(state)
            let reports: [Input] = [
                Self.ready, .shimExit(Self.code3), .settled(isShimAlive: true), .settled(isShimAlive: false),
                .probed(.gone), .probed(.reused), .startFailed(reason: ""), .forkingExpired,
            ]
            for report in reports {
                guard case .record(let fact) = row.reaction(to: report) else { continue }
                #expect(fact.event(of: row.sessionID) == nil)
            }
        }
    }

    @Test func `a stale fact never overwrites an end`() {
        for state in [Self.exited, Self.lost] {
            var row = RuntimeSamples.row(state)
            let before = row
            row.apply(RuntimeSamples.running, at: RuntimeSamples.at(900))
            row.apply(.terminated(Self.code3, .shimExit), at: RuntimeSamples.at(900))
            row.apply(.lost(.pidReuseDetected), at: RuntimeSamples.at(900))
            #expect(row == before)
        }
    }

    @Test func `only the first late exit is kept, and the time of the loss stays`() {
        var row = RuntimeSamples.row(Self.lost)
        let lostAt = row.updatedAt
        row.apply(.lateExit(Self.code3), at: RuntimeSamples.at(900))
        #expect(row.lateExit == Self.code3)
        #expect(row.state == Self.lost)
        #expect(row.updatedAt == lostAt)
        #expect(row.reaction(to: .shimExit(RuntimeExit(code: 4))) == .acknowledge)
        row.apply(.lateExit(RuntimeExit(code: 4)), at: RuntimeSamples.at(901))
        #expect(row.lateExit == Self.code3)
        var ended = RuntimeSamples.row(Self.exited)
        ended.apply(.lateExit(Self.code3), at: RuntimeSamples.at(900))
        #expect(ended.lateExit == nil)
    }

    @Test func `refusals say what to do`() {
        for refusal in [RuntimeRefusal.ended("s"), .alreadyRunning("s")] {
            #expect(refusal.description.hasPrefix("session s "))
            #expect(refusal.description.contains("; "))
        }
    }
}
