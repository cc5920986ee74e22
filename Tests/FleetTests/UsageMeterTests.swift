import Fleet
import Testing

private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }

@Suite struct UsageMeterTests {
    @Test func `ticks every 30 s from RUNNING, and once for the rest`() {
        var meter = UsageMeter(providerID: .codex)
        meter.stateChanged(to: .startingProvider, at: at(0))
        #expect(meter.deadline == nil)
        meter.stateChanged(to: .running, at: at(1_000))
        #expect(meter.deadline == at(31_000))
        meter.produced(bytes: 1536)
        meter.ran(commands: 2)
        #expect(meter.wake(at: at(30_999)) == nil)
        #expect(
            meter.wake(at: at(31_002))
                == UsageTick(
                    providerID: .codex, units: UsageMetrics(agentSeconds: 30, terminalKb: 1.5, commandsRun: 2),
                    intervalMs: 30_000))
        #expect(meter.deadline == at(61_000))
        #expect(
            meter.finish(at: at(33_500))
                == UsageTick(providerID: .codex, units: UsageMetrics(agentSeconds: 2.5), intervalMs: 2_500))
        #expect(meter.deadline == nil)
        #expect(meter.finish(at: at(40_000)) == nil)
        #expect(meter.total == UsageMetrics(agentSeconds: 32.5, terminalKb: 1.5, commandsRun: 2))
    }

    @Test func `waiting and pausing are free, but ticks go on`() {
        var meter = UsageMeter(providerID: .codex)
        meter.stateChanged(to: .running, at: at(0))
        meter.stateChanged(to: .waitingForApproval, at: at(10_000))
        meter.approvalRequested()
        #expect(meter.wake(at: at(30_000))?.units == UsageMetrics(agentSeconds: 10, approvalsRequested: 1))
        #expect(meter.wake(at: at(60_000))?.units == .zero)
        meter.stateChanged(to: .running, at: at(70_000))
        meter.stateChanged(to: .pausedByHuman, at: at(71_250))
        #expect(meter.wake(at: at(90_000))?.units.agentSeconds == 1.25)
        #expect(meter.finish(at: at(90_000)) == nil)
    }

    @Test func `a file counts once in an interval, when it is written or deleted`() {
        var meter = UsageMeter(providerID: .codex)
        meter.stateChanged(to: .running, at: at(0))
        for reason in FileTouch.Reason.allCases { meter.touched(FileTouch(path: "a", reason: reason)) }
        meter.touched(FileTouch(path: "b", reason: .delete))
        meter.touched(FileTouch(path: "c", reason: .read))
        #expect(meter.wake(at: at(30_000))?.units.filesTouched == 2)
        meter.touched(FileTouch(path: "a", reason: .write))
        #expect(meter.finish(at: at(30_001))?.units.filesTouched == 1)
        #expect(meter.total.filesTouched == 3)
    }

    @Test func `woken late, one tick stands for all that passed`() {
        var meter = UsageMeter(providerID: .codex)
        meter.stateChanged(to: .running, at: at(0))
        let tick = meter.wake(at: at(100_000))
        #expect(tick?.intervalMs == 90_000)
        #expect(tick?.units.agentSeconds == 90)
        #expect(meter.deadline == at(120_000))
    }

    @Test func `what was used before a session failed to start is told at its end`() {
        var meter = UsageMeter(providerID: .codex)
        meter.stateChanged(to: .startingProvider, at: at(0))
        meter.produced(bytes: 10)
        #expect(meter.finish(at: at(5))?.units == UsageMetrics(terminalKb: 0.01))
        var idle = UsageMeter(providerID: .codex)
        #expect(idle.finish(at: at(5)) == nil)
    }

    @Test(arguments: 0..<40)
    func `the ticks add up to the total exactly`(seed: Int) {
        var random = Seeded(UInt64(seed))
        var meter = UsageMeter(providerID: .codex)
        var now: Int64 = 0
        var ticks: [UsageTick] = []
        let states: [SessionState] = [.running, .running, .waitingForApproval, .pausedByHuman]
        meter.stateChanged(to: .running, at: MonotonicTime(nanoseconds: 0))
        var bytes = 0
        for _ in 0..<500 {
            now += Int64(random.int(1...7_000_000_000))
            let time = MonotonicTime(nanoseconds: now)
            if let tick = meter.wake(at: time) { ticks.append(tick) }
            switch random.int(0...4) {
            case 0: meter.stateChanged(to: random.pick(states), at: time)
            case 1: meter.touched(FileTouch(path: "f\(random.int(0...5))", reason: .write))
            case 2: meter.ran(commands: random.int(1...3))
            case 3: meter.approvalRequested()
            default:
                let count = random.int(1...5_000)
                meter.produced(bytes: count)
                bytes += count
            }
        }
        if let tick = meter.finish(at: MonotonicTime(nanoseconds: now + 123_456_789)) { ticks.append(tick) }
        #expect(ticks.reduce(.zero) { $0 + $1.units } == meter.total)
        #expect(meter.total.terminalKb == (Double(bytes) / 1024 * 1000).rounded() / 1000)
        #expect(ticks.allSatisfy { $0.intervalMs > 0 })
        #expect(ticks.allSatisfy { ($0.units.agentSeconds * 1000).rounded() / 1000 == $0.units.agentSeconds })
    }
}
