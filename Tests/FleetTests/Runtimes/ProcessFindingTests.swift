import Fleet
import Testing

@Suite struct ProcessFindingTests {
    /// A row that knows ticks and boot.
    private let exact = RuntimeSamples.row(.running)

    /// A row that knows a time alone.
    private var timed: RuntimeLifecycle {
        var row = exact
        row.startTicks = nil
        row.bootID = nil
        return row
    }

    private func judge(
        _ row: RuntimeLifecycle, _ observed: ProcessObservation?, boot: String? = "b1", shim: Bool = true
    ) -> ProcessFinding {
        ProcessFinding.judge(expected: row, observed: observed, currentBootID: boot, isShimAlive: shim)
    }

    private func off(by milliseconds: Int64) -> PreciseTime {
        PreciseTime(nanoseconds: RuntimeSamples.started.nanoseconds + milliseconds * 1_000_000)
    }

    @Test func `nobody under the pid is gone`() {
        #expect(judge(exact, nil) == .gone)
        #expect(judge(timed, nil, boot: nil) == .gone)
    }

    @Test func `ticks are compared exactly`() {
        #expect(judge(exact, ProcessObservation(startTicks: 9_876_543)) == .alive)
        #expect(judge(exact, ProcessObservation(startTicks: 9_876_544)) == .reused)
    }

    @Test(arguments: [-86_400_000, -3000, 3000, 86_400_000])
    func `a step of the clock makes no stranger of a runtime`(milliseconds: Int64) {
        let observed = ProcessObservation(startTicks: 9_876_543, startTime: off(by: milliseconds))
        #expect(judge(exact, observed) == .alive)
        // Without ticks to look at, the time is no witness against a row that has them.
        #expect(judge(exact, ProcessObservation(startTime: off(by: milliseconds))) == .unknown)
    }

    @Test(arguments: [(0, true), (1999, true), (2000, true), (-2000, true), (2001, false), (-2001, false)])
    func `a row without ticks is compared by time, give or take two seconds`(milliseconds: Int64, isAlive: Bool) {
        let observed = ProcessObservation(startTicks: 1, startTime: off(by: milliseconds))
        #expect(judge(timed, observed) == (isAlive ? .alive : .reused))
    }

    @Test func `what cannot be read is not compared`() {
        #expect(judge(exact, ProcessObservation()) == .unknown)
        #expect(judge(timed, ProcessObservation(startTicks: 5)) == .unknown)
        var blank = timed
        blank.startTime = nil
        #expect(judge(blank, ProcessObservation(startTicks: 5, startTime: RuntimeSamples.started)) == .unknown)
    }

    @Test func `after a boot nobody is left, whatever has the pid`() {
        #expect(judge(exact, ProcessObservation(startTicks: 9_876_543), boot: "b2") == .gone)
        #expect(judge(exact, ProcessObservation(startTicks: 9_876_543), boot: nil) == .alive)
    }

    @Test func `a zombie lives as long as there is a shim to report it`() {
        let zombie = ProcessObservation(startTicks: 9_876_543, isZombie: true)
        #expect(judge(exact, zombie, shim: true) == .alive)
        #expect(judge(exact, zombie, shim: false) == .gone)
        #expect(judge(exact, ProcessObservation(startTicks: 1, isZombie: true), shim: false) == .reused)
    }

    @Test func `times at the ends of the calendar can be compared`() {
        var row = timed
        row.startTime = PreciseTime(nanoseconds: .min)
        #expect(judge(row, ProcessObservation(startTime: PreciseTime(nanoseconds: .max))) == .reused)
    }
}
