import Fleet
import Reactor

// The probe sweep (runtime-rpc §4.3): finds what no watcher could see.
extension RuntimeService {
    /// Looks at every running row, and calls back when what follows is decided and the time is noted.
    func sweep(then completion: @escaping @Loop () -> Void) {
        let rows = table.running
        let observe = observe
        worker.run(
            {
                rows.map { look($0, observe: observe) }
            },
            then: { [self] looks in
                let waiting = Countdown(rows.count) { [self] in
                    adoptForeignRows { [self] in
                        let now = PreciseTime(Timestamp(milliseconds: SystemClock.milliseconds))
                        lastSweep = now
                        records.swept(at: now)
                        completion()
                    }
                }
                for (row, look) in zip(rows, looks) {
                    swept(row, look) { waiting.oneLess() }
                }
            })
    }

    private func swept(_ row: RuntimeLifecycle, _ look: Look, then completion: @escaping @Loop () -> Void) {
        guard let runtime = runtimes[row.sessionID] else { return completion() }
        let finding = judge(row, observe: look.runtime, isShimAlive: look.isShimAlive)
        switch finding {
        case .alive, .unknown:
            runtime.watch()
            completion()
        case .gone where runtime.isWatched:
            // Its watcher has seen it too, and gives its shim the time to report.
            completion()
        case .gone, .reused: runtime.take(.probed(finding)) { _ in completion() }
        }
    }

    /// Takes up rows that another program wrote into the table (§4.3).
    private func adoptForeignRows(then completion: @escaping @Loop () -> Void) {
        let known = Set(runtimes.keys).union(table.status().map(\.sessionID))
        records.foreignRows(known: known) { [self] result in
            let rows = ((try? result.get()) ?? []).filter {
                table[$0.sessionID] == nil && runtimes[$0.sessionID] == nil
            }
            let waiting = Countdown(rows.count, completion)
            for row in rows { adopt(row) { waiting.oneLess() } }
        }
    }

    private func adopt(_ row: RuntimeLifecycle, then completion: @escaping @Loop () -> Void) {
        record(.adopted(row), of: row.sessionID) { [self] result in
            guard case .success = result, !row.state.isTerminal else { return completion() }
            runtimes[row.sessionID] = SupervisedRuntime(row, service: self)
            swept(row, look(row, observe: observe), then: completion)
        }
    }
}

/// What was seen of a runtime and its shim at one moment.
private struct Look: Sendable {
    var runtime: ProcessObservation?
    var isShimAlive: Bool
}

/// Looks at the processes of a row. Touches `/proc`.
private func look(_ row: RuntimeLifecycle, observe: @Sendable (Int32) -> ProcessObservation?) -> Look {
    let shim = row.shimPID.flatMap { Int32(exactly: $0) }.flatMap(observe)
    return Look(
        runtime: row.runtimePID.flatMap { Int32(exactly: $0) }.flatMap(observe),
        isShimAlive: shim.map { !$0.isZombie } ?? false)
}

/// Calls back when so many things have happened; at once when there is none to wait for.
@Loop
final class Countdown {
    private var count: Int
    private var body: (@Loop () -> Void)?

    init(_ count: Int, _ body: @escaping @Loop () -> Void) {
        self.count = count
        self.body = body
        if count == 0 { finish() }
    }

    func oneLess() {
        count -= 1
        if count == 0 { finish() }
    }

    private func finish() {
        let body = body
        self.body = nil
        body?()
    }
}
