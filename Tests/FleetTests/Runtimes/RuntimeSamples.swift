import Fleet

/// Runtimes to test with.
enum RuntimeSamples {
    static let session: SessionID = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"
    static let spawned = PreciseTime(nanoseconds: 1_772_439_330_000_000_000)
    static let started = PreciseTime(nanoseconds: 1_772_439_330_120_000_000)
    static let pane = PaneAddress(session: "agents", window: 2, pane: 1)

    /// Time after the spawn.
    static func at(_ milliseconds: Int64) -> PreciseTime {
        PreciseTime(nanoseconds: spawned.nanoseconds + milliseconds * 1_000_000)
    }

    static let accepted = RuntimeFact.accepted(
        runtime: "claude", target: .tmux(pane), paneID: "%7", spawnedAt: spawned)
    static let running = RuntimeFact.running(
        shimPID: 48210, runtimePID: 48211, startTime: started, startTicks: 9_876_543, bootID: "b1")

    static func row(
        _ state: RuntimeState, of id: SessionID = session, target: RuntimeTarget = .headless
    ) -> RuntimeLifecycle {
        var row = RuntimeLifecycle(sessionID: id, runtime: "claude", target: target, spawnedAt: spawned)
        if state == .forking { return row }
        row.apply(running, at: at(100))
        switch state {
        case .forking, .running: break
        case .exited(let exit): row.apply(.terminated(exit, .shimExit), at: at(200))
        case .lost(let evidence): row.apply(.lost(evidence), at: at(200))
        }
        return row
    }

    static let facts: [RuntimeFact] = [
        accepted,
        .accepted(runtime: "codex", target: .headless, paneID: nil, spawnedAt: PreciseTime(nanoseconds: -1)),
        .accepted(
            runtime: "x", target: .tmux(PaneAddress(session: "a b:c.d", window: 0, pane: .max)), paneID: nil,
            spawnedAt: PreciseTime(nanoseconds: 1_772_439_330_120_345_678)),
        .abandoned(reason: "timed out waiting for ShimReady"),
        .placed(PanePlacement(server: "4711.1795000000", pid: 48210)),
        running,
        .running(shimPID: .max, runtimePID: 0, startTime: spawned, startTicks: .max, bootID: nil),
        .running(shimPID: 1, runtimePID: 2, startTime: started, startTicks: nil, bootID: nil),
        .terminated(RuntimeExit(code: 0), .shimExit),
        .terminated(RuntimeExit(signal: 9), .shimExit),
        .terminated(RuntimeExit(code: .min, signal: .max), .shimExit),
        .terminated(RuntimeExit(), .processExit),
        .terminated(RuntimeExit(), .lost(.pidNotAlive)),
        .lost(.shimDiedBeforeReport), .lost(.pidNotAlive), .lost(.pidReuseDetected),
        .lateExit(RuntimeExit(code: 3)), .lateExit(RuntimeExit(signal: 15)),
        .adopted(row(.forking)), .adopted(row(.running, target: .tmux(pane))),
        .adopted(row(.exited(RuntimeExit(code: 3)))), .adopted(row(.exited(RuntimeExit()))),
        .adopted(late),
    ]

    /// Lost, with its true end known.
    static var late: RuntimeLifecycle {
        var row = row(.lost(.pidNotAlive), target: .tmux(pane))
        row.paneID = "%7"
        row.placement = PanePlacement(server: "4711.1795000000", pid: .max)
        row.apply(.lateExit(RuntimeExit(signal: 9)), at: at(300))
        return row
    }
}
