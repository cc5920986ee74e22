import Fleet
import Testing

@Suite struct KillPlanTests {
    private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }

    /// Polls at the times the plan asks for, until it is finished, and lists what it did.
    private func play(
        _ plan: KillPlan, goneAt: Int64? = nil, terminalAt: Int64? = nil, goneAfterKill: Bool = false
    ) -> (sent: [Signal], killedAfterGrace: Bool, tookMilliseconds: Int64, polls: Int) {
        var plan = plan
        var sent: [Signal] = []
        var polls = 0
        var now = at(0)
        var actions = plan.start(at: now)
        while polls < 200_000 {
            var next: MonotonicTime?
            for action in actions {
                switch action {
                case .send(let signal): sent.append(signal)
                case .wake(let time): next = time
                case .finish(let killed): return (sent, killed, now.nanoseconds / 1_000_000, polls)
                }
            }
            guard let next else { break }
            now = next
            polls += 1
            let isGone = goneAt.map { now >= at($0) } == true || (goneAfterKill && sent.last == .kill)
            actions = plan.poll(isGone: isGone, isTerminal: terminalAt.map { now >= at($0) } == true, at: now)
        }
        Issue.record("the plan never finished")
        return (sent, false, 0, polls)
    }

    @Test func `one that obeys is not killed`() {
        let end = play(KillPlan(signal: .terminate, graceSeconds: 5, hasRow: true), goneAt: 60, terminalAt: 70)
        #expect(end.sent == [.terminate])
        #expect(!end.killedAfterGrace)
        #expect(end.tookMilliseconds == 75)
    }

    @Test func `looks every twenty-five milliseconds, and when grace ends`() {
        var plan = KillPlan(signal: .terminate, graceSeconds: 1, hasRow: true)
        #expect(plan.start(at: at(0)) == [.send(.terminate), .wake(at: at(25))])
        #expect(plan.poll(isGone: false, isTerminal: false, at: at(25)) == [.wake(at: at(50))])
        #expect(plan.poll(isGone: false, isTerminal: false, at: at(990)) == [.wake(at: at(1000))])
        #expect(plan.poll(isGone: false, isTerminal: false, at: at(1000)) == [.send(.kill), .wake(at: at(1025))])
        #expect(plan.poll(isGone: true, isTerminal: false, at: at(1025)) == [.wake(at: at(1050))])
        #expect(plan.poll(isGone: true, isTerminal: true, at: at(1050)) == [.finish(killedAfterGrace: true)])
        #expect(plan.poll(isGone: true, isTerminal: true, at: at(1060)).isEmpty)
    }

    @Test func `waits half a second for the row of one that is gone`() {
        let end = play(KillPlan(signal: .terminate, graceSeconds: 60, hasRow: true), goneAt: 100)
        #expect(end.sent == [.terminate])
        #expect(end.tookMilliseconds == 600)
        let soon = play(KillPlan(signal: .terminate, graceSeconds: 60, hasRow: true), goneAt: 100, terminalAt: 400)
        #expect(soon.tookMilliseconds == 400)
    }

    @Test func `a terminal row is enough`() {
        let end = play(KillPlan(signal: .hangup, graceSeconds: 5, hasRow: true), terminalAt: 20)
        #expect(end.sent == [.hangup])
        #expect(end.tookMilliseconds == 25)
    }

    @Test func `one that does not obey is killed after the grace`() {
        let end = play(
            KillPlan(signal: .terminate, graceSeconds: 2, hasRow: false), goneAfterKill: true)
        #expect(end.sent == [.terminate, .kill])
        #expect(end.killedAfterGrace)
        #expect(end.tookMilliseconds == 2025)
    }

    @Test func `no grace is a look at once`() {
        var plan = KillPlan(signal: .terminate, graceSeconds: 0, hasRow: false)
        #expect(plan.start(at: at(7)) == [.send(.terminate), .wake(at: at(7))])
        #expect(plan.poll(isGone: false, at: at(7)) == [.send(.kill), .wake(at: at(32))])
        #expect(plan.poll(isGone: true, at: at(32)) == [.finish(killedAfterGrace: true)])
        var quick = KillPlan(signal: .terminate, graceSeconds: 0, hasRow: false)
        _ = quick.start(at: at(7))
        #expect(quick.poll(isGone: true, at: at(7)) == [.finish(killedAfterGrace: false)])
    }

    @Test func `SIGKILL is sent once`() {
        let end = play(KillPlan(signal: .kill, graceSeconds: 1, hasRow: true))
        #expect(end.sent == [.kill])
        #expect(!end.killedAfterGrace)
        #expect(end.tookMilliseconds == 1500)
    }

    @Test func `one that cannot be killed is not waited for without end`() {
        let end = play(KillPlan(signal: .terminate, graceSeconds: 1, hasRow: false))
        #expect(end.sent == [.terminate, .kill])
        #expect(end.killedAfterGrace)
        #expect(end.tookMilliseconds == 1500)
    }

    @Test func `a bare pid has no row to wait for`() {
        let end = play(KillPlan(signal: .interrupt, graceSeconds: 9, hasRow: false), goneAt: 30)
        #expect(end.tookMilliseconds == 50)
        #expect(!end.killedAfterGrace)
    }

    @Test func `an hour is the longest grace`() {
        var plan = KillPlan(signal: .terminate, graceSeconds: .max, hasRow: true)
        _ = plan.start(at: at(0))
        #expect(plan.poll(isGone: false, at: at(3_599_999)) == [.wake(at: at(3_600_000))])
        #expect(plan.poll(isGone: false, at: at(3_600_000)).first == .send(.kill))
    }
}
