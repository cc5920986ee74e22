import Fleet
import Testing

@Suite struct SweepScheduleTests {
    private let start = Moment(wall: Samples.noon, monotonic: MonotonicTime(milliseconds: 500))

    /// So long after the start by the monotonic clock, with the wall clock ahead of it by some milliseconds.
    private func after(_ milliseconds: Int64, ahead: Int64 = 0) -> Moment {
        let moment = start + .milliseconds(milliseconds)
        return Moment(wall: moment.wall + ahead, monotonic: moment.monotonic)
    }

    @Test func `sweeps every thirty seconds and looks every second`() {
        var schedule = SweepSchedule(at: start)
        var sweeps: [Int64] = []
        for second in 1...95 {
            #expect(schedule.nextWake == after(Int64(second) * 1000).monotonic)
            if schedule.woke(at: after(Int64(second) * 1000)) { sweeps.append(Int64(second)) }
        }
        #expect(sweeps == [30, 60, 90])
    }

    @Test func `sweeps when the machine has slept, and then after an interval`() {
        var schedule = SweepSchedule(at: start)
        #expect(schedule.woke(at: after(1000)) == false)
        #expect(schedule.woke(at: after(2000, ahead: 60_000)) == true)
        #expect(schedule.woke(at: after(3000, ahead: 60_000)) == false)
        #expect(schedule.woke(at: after(31_500, ahead: 31_500)) == false)
        #expect(schedule.woke(at: after(32_000, ahead: 31_500)) == true)
    }

    @Test func `three seconds are no gap yet`() {
        var schedule = SweepSchedule(at: start)
        #expect(schedule.woke(at: after(1000, ahead: 2000)) == false)
        #expect(schedule.woke(at: after(2000, ahead: 4001)) == true)
    }

    @Test func `a clock set back is nothing to it`() {
        var schedule = SweepSchedule(at: start)
        #expect(schedule.woke(at: after(1000, ahead: -3_600_000)) == false)
        #expect(schedule.woke(at: after(2000, ahead: -3_600_000)) == false)
        #expect(schedule.woke(at: after(30_000, ahead: -3_600_000)) == true)
    }

    @Test func `a short interval is not held up by the looks`() {
        var settings = RuntimeSettings()
        settings.sweepInterval = .milliseconds(200)
        var schedule = SweepSchedule(settings, at: start)
        #expect(schedule.nextWake == after(200).monotonic)
        #expect(schedule.woke(at: after(200)) == true)
        #expect(schedule.nextWake == after(400).monotonic)
    }

    @Test func `settings come from the environment`() throws {
        #expect(try RuntimeSettings(environment: ["PATH": "/bin"]) == RuntimeSettings())
        let settings = try RuntimeSettings(environment: [
            "RTM_PROBE_SWEEP_INTERVAL_MS": "250", "RTM_RESUME_POLL_INTERVAL_MS": "50",
            "RTM_RESUME_GAP_THRESHOLD_MS": "0",
        ])
        #expect(settings.sweepInterval == .milliseconds(250))
        #expect(settings.resumePollInterval == .milliseconds(50))
        #expect(settings.resumeGapThreshold == .zero)
    }

    @Test(arguments: [
        ("RTM_PROBE_SWEEP_INTERVAL_MS", "soon"), ("RTM_PROBE_SWEEP_INTERVAL_MS", "1.5"),
        ("RTM_PROBE_SWEEP_INTERVAL_MS", "0"), ("RTM_RESUME_POLL_INTERVAL_MS", "-1"),
        ("RTM_RESUME_POLL_INTERVAL_MS", ""), ("RTM_RESUME_GAP_THRESHOLD_MS", "3s"),
    ])
    func `what is no number of milliseconds is refused with a sentence`(name: String, value: String) {
        let error = #expect(throws: RuntimeSettingsError.self) {
            try RuntimeSettings(environment: [name: value])
        }
        #expect(error?.variable == name)
        #expect(error?.description.hasPrefix("\(name) is \"\(value)\"; set it to a whole number") == true)
    }

    @Test func `an interval without end does not overflow`() throws {
        let settings = try RuntimeSettings(environment: ["RTM_PROBE_SWEEP_INTERVAL_MS": "\(UInt64.max)"])
        var schedule = SweepSchedule(settings, at: start)
        #expect(schedule.woke(at: after(86_400_000, ahead: -86_400_000)) == false)
    }
}
