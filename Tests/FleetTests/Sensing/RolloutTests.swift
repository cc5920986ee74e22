import Fleet
import Testing

/// daemon-ipc §6.7 and §6.8.
@Suite struct RoutingRolloutTests {
    private typealias Samples = SensingSamples
    private static let project = "/home/ada/src/demo"

    private static func shell(
        _ cwd: String, age: Double = 1, app: String? = "kitty", tmux: String? = nil, client: String? = nil,
        pid: UInt32 = 7
    ) -> SensedShell {
        SensedShell(
            pid: pid, cwd: cwd, tty: "/dev/pts/\(pid)", parentApp: app, tmuxSession: tmux, tmuxClientTTY: client,
            updatedAt: Samples.at(-age))
    }

    struct Row: Sendable {
        var shells: [SensedShell]
        var route: LegacyRoute
    }

    private static let unavailable = LegacyRoute(status: .unavailable, target: .none)

    static let decisions: [Row] = [
        Row(shells: [], route: unavailable),
        Row(shells: [shell("/x")], route: unavailable),
        Row(shells: [shell(project + "/")], route: LegacyRoute(status: .detached, target: .terminalApp("kitty"))),
        Row(shells: [shell("/home/ada")], route: LegacyRoute(status: .detached, target: .terminalApp("kitty"))),
        Row(
            shells: [shell(project, tmux: "w", client: "/dev/pts/1")],
            route: LegacyRoute(status: .attached, target: .tmuxSession("w"))),
        Row(
            shells: [shell(project, age: 601, tmux: "w", client: "/dev/pts/1")],
            route: LegacyRoute(status: .detached, target: .tmuxSession("w"))),
        Row(
            shells: [shell(project, client: " ")],
            route: LegacyRoute(status: .detached, target: .terminalApp("kitty"))),
        Row(
            shells: [shell(project, age: 1e6)], route: LegacyRoute(status: .detached, target: .terminalApp("kitty"))),
        // The best alone is asked for a target.
        Row(shells: [shell(project, app: nil), shell(project + "/a", pid: 8)], route: unavailable),
        Row(
            shells: [shell(project + "/a", app: "a"), shell(project, age: 9, app: "b", pid: 8)],
            route: LegacyRoute(status: .detached, target: .terminalApp("b"))),
        Row(
            shells: [shell(project, age: 2, app: "a"), shell(project, age: 1, app: "b", pid: 8)],
            route: LegacyRoute(status: .detached, target: .terminalApp("b"))),
        Row(
            shells: [shell(project, app: "b", pid: 9), shell(project, app: "a", pid: 8)],
            route: LegacyRoute(status: .detached, target: .terminalApp("a"))),
    ]

    @Test(arguments: decisions)
    func `the older rules decide by the best shell`(row: Row) {
        #expect(LegacyRoute(Self.project, shells: row.shells, at: Samples.noon, RoutingSettings()) == row.route)
        #expect(
            LegacyRoute(Self.project, shells: row.shells.reversed(), at: Samples.noon, RoutingSettings()) == row.route)
    }

    private func route(_ shells: [SensedShell], at seconds: Double = 0) -> TerminalRoute {
        RouteResolver().resolve(
            Self.project, workspace: "w", among: TerminalSignals(shells: shells), at: Samples.at(seconds)
        ).route
    }

    @Test func `a comparison counts status and target each for itself`() {
        var counters = RoutingCounters()
        let shell = Self.shell(Self.project, tmux: "w", client: "/dev/pts/1")
        let route = route([shell])
        let isStored = counters.emitted(route, legacy: LegacyRoute(status: .attached, target: .tmuxSession("w")))
        #expect(isStored)
        #expect(counters.rollout.statusMismatches == 1)
        #expect(counters.rollout.targetMismatches == 0)
        _ = counters.emitted(route, legacy: LegacyRoute(status: .detached, target: .terminalApp("w")))
        #expect(counters.rollout.statusMismatches == 1)
        #expect(counters.rollout.targetMismatches == 1)
        _ = counters.emitted(route, legacy: LegacyRoute(status: .detached, target: .tmuxSession("w")))
        #expect(counters.rollout.comparisons == 3)
        #expect(counters.rollout.targetMismatches == 1)
        #expect(counters.snapshotsEmitted == 3)
        #expect(counters.confidenceMedium == 3)
        #expect(counters.confidenceHigh == 0)
    }

    @Test func `without dual run routes are counted and not compared`() {
        var counters = RoutingCounters()
        let isStored = counters.emitted(route([]), legacy: nil)
        #expect(!isStored)
        #expect(counters.snapshotsEmitted == 1)
        #expect(counters.confidenceLow == 1)
        #expect(counters.rollout.comparisons == 0)
        #expect(counters.rollout.lastSnapshotAt == Samples.noon)
    }

    @Test func `the first and the last comparison are kept, whatever the clock does`() {
        var counters = RoutingCounters()
        for seconds in [10.0, 5, 20, 15] {
            _ = counters.emitted(route([], at: seconds), legacy: Self.unavailable)
        }
        #expect(counters.rollout.firstComparisonAt == Samples.at(5))
        #expect(counters.rollout.lastComparisonAt == Samples.at(20))
        #expect(counters.rollout.lastSnapshotAt == Samples.at(15))
        let stored = RoutingRollout(firstComparisonAt: Samples.at(20), lastComparisonAt: Samples.at(5))
        #expect(stored.firstComparisonAt == Samples.at(5))
        #expect(stored.lastComparisonAt == Samples.at(20))
    }

    // MARK: - Gates

    private func gates(
        _ comparisons: UInt64, _ status: UInt64, _ target: UInt64, last: String?, dualRun: Bool = true
    ) -> RolloutGates {
        RolloutGates(
            RoutingRollout(
                comparisons: comparisons, statusMismatches: status, targetMismatches: target,
                firstComparisonAt: Timestamp(rfc3339: "2026-02-14T15:00:00Z"),
                lastComparisonAt: last.flatMap { Timestamp(rfc3339: $0) }), isDualRunEnabled: dualRun)
    }

    @Test func `status may agree where targets do not`() {
        let found = gates(1010, 4, 6, last: "2026-02-22T15:00:00Z")
        #expect(found.windowElapsedHours == 192)
        #expect(found.isVolumeMet)
        #expect(found.isWindowMet)
        #expect(found.isStatusMet)
        #expect(!found.isTargetMet)
        #expect(found.isStatusRowReady)
        #expect(!found.isLauncherReady)
        #expect(gates(1010, 4, 4, last: "2026-02-22T15:00:00Z").isLauncherReady)
    }

    @Test func `hours are whole`() {
        let found = gates(1000, 0, 0, last: "2026-02-20T14:59:59Z")
        #expect(found.windowElapsedHours == 143)
        #expect(found.isVolumeMet)
        #expect(!found.isWindowMet)
        #expect(!found.isStatusMet)
    }

    @Test func `one comparison agrees and proves nothing`() {
        let found = gates(1, 0, 0, last: "2026-02-14T15:00:00Z")
        #expect(found.statusAgreementRate == 1)
        #expect(found.targetAgreementRate == 1)
        #expect(found.windowElapsedHours == 0)
        #expect(!found.isVolumeMet && !found.isWindowMet && !found.isStatusMet && !found.isTargetMet)
    }

    @Test func `without dual run no agreement counts`() {
        let found = gates(5000, 0, 0, last: "2026-03-22T15:00:00Z", dualRun: false)
        #expect(!found.isStatusMet && !found.isTargetMet && !found.isStatusRowReady && !found.isLauncherReady)
    }

    @Test func `nothing compared has no rates`() {
        let found = RolloutGates(RoutingRollout(), isDualRunEnabled: true)
        #expect(found.statusAgreementRate == nil)
        #expect(found.targetAgreementRate == nil)
        #expect(found.windowElapsedHours == nil)
        // More mismatches than comparisons, as a row may have them, are all.
        #expect(gates(10, 20, 10, last: nil).statusAgreementRate == 0)
    }
}
