import Fleet
import Testing

/// daemon-ipc §6.1 to §6.6.
@Suite struct RouteResolverTests {
    private typealias Samples = SensingSamples
    private static let now = Samples.at(0)
    private static let project = "/home/ada/src/demo"

    private static func client(
        _ session: String, _ path: String?, age: Double = 1, tty: String = "/dev/pts/1"
    ) -> SensedTmuxClient {
        SensedTmuxClient(tty: tty, sessionName: session, panePath: path, capturedAt: Samples.at(-age))
    }

    private static func session(_ name: String, _ paths: [String], age: Double = 1) -> SensedTmuxSession {
        SensedTmuxSession(name: name, panePaths: paths, capturedAt: Samples.at(-age))
    }

    private static func shell(
        _ cwd: String, age: Double = 1, app: String? = "kitty", tmux: String? = nil, pid: UInt32 = 7
    ) -> SensedShell {
        SensedShell(
            pid: pid, cwd: cwd, tty: "/dev/pts/\(pid)", parentApp: app, tmuxSession: tmux, updatedAt: Samples.at(-age))
    }

    private func resolve(
        _ signals: TerminalSignals, binding: WorkspaceBinding? = nil, project: String = project
    ) -> RouteDiagnosis {
        var settings = RoutingSettings()
        settings.bindings["w"] = binding
        return RouteResolver(settings).resolve(project, workspace: "w", among: signals, at: Self.now)
    }

    // MARK: - Stages

    @Test func `a terminal that shows the project comes first`() {
        let found = resolve(
            TerminalSignals(
                clients: [Self.client("work", Self.project)], sessions: [Self.session("work", [Self.project])],
                shells: [Self.shell(Self.project)]))
        #expect(found.route.status == .attached)
        #expect(found.route.target == .tmuxSession("work"))
        #expect(found.route.confidence == .high)
        #expect(found.route.reason == .tmuxClientAttached)
        #expect(
            found.route.evidence == [
                TerminalRoute.Evidence(.tmuxClient, "/dev/pts/1", age: 1000),
                TerminalRoute.Evidence(.tmuxPanePath, Self.project, age: 1000),
            ])
        #expect(found.route.evidence.map(\.kind.trustRank) == [1, 1])
        #expect(found.route.updatedAt == Self.now)
        #expect(found.route.workspaceID == "w")
        #expect(found.scope == .pathExact)
        #expect(found.tmuxClientAge == 1000)
        // Nobody had to ask the shells.
        #expect(found.shellAge == nil)
        #expect(found.candidates == [.tmuxSession("work")])
        #expect(found.conflicts.isEmpty)
    }

    @Test func `without one, a session of tmux does`() {
        let found = resolve(
            TerminalSignals(
                clients: [Self.client("work", Self.project, age: 5.001)],
                sessions: [Self.session("work", ["/x", Self.project + "/a"], age: 100)]))
        #expect(found.route.status == .detached)
        #expect(found.route.target == .tmuxSession("work"))
        #expect(found.route.confidence == .medium)
        #expect(found.route.reason == .tmuxSessionDetached)
        #expect(
            found.route.evidence == [
                TerminalRoute.Evidence(.tmuxSession, "work", age: 100_000),
                TerminalRoute.Evidence(.tmuxPanePath, Self.project + "/a", age: 100_000),
            ])
        #expect(found.scope == .pathParent)
        // The oldest counts too.
        #expect(found.tmuxClientAge == 5001)
    }

    @Test(arguments: [
        (600.0, TerminalRoute.Reason.shellFallbackActive), (600.001, .shellFallbackStale),
        (86_400, .shellFallbackStale),
        (86_400.001, .noTrustedEvidence),
    ])
    func `then shells, fresh ones before stale ones`(age: Double, reason: TerminalRoute.Reason) {
        let found = resolve(TerminalSignals(shells: [Self.shell(Self.project, age: age)]))
        #expect(found.route.reason == reason)
        #expect(found.route.confidence == .low)
        #expect(found.shellAge == Int64((age * 1000).rounded()))
        if reason != .noTrustedEvidence {
            #expect(found.route.status == .detached)
            #expect(found.route.target == .terminalApp("kitty"))
            #expect(found.route.evidence.map(\.kind) == [.shellCwd])
            #expect(found.route.evidence.map(\.kind.trustRank) == [2])
        }
    }

    @Test func `a fresh shell goes before a nearer one that is stale`() {
        let found = resolve(
            TerminalSignals(shells: [
                Self.shell(Self.project, age: 700, app: "foot", pid: 8), Self.shell(Self.project + "/a", age: 10),
            ]))
        #expect(found.route.target == .terminalApp("kitty"))
        #expect(found.candidates == [.terminalApp("kitty")])
    }

    @Test func `a shell inside tmux leads to its session`() {
        let found = resolve(TerminalSignals(shells: [Self.shell(Self.project, tmux: "work")]))
        #expect(found.route.target == .tmuxSession("work"))
        #expect(found.route.status == .detached)
        #expect(found.route.confidence == .medium)
    }

    @Test(arguments: [nil, "", " ", "unknown", "UNKNOWN", " Unknown "])
    func `a shell of no known terminal leads nowhere`(app: String?) {
        let found = resolve(TerminalSignals(shells: [Self.shell(Self.project, app: app, tmux: " ")]))
        #expect(found.route.status == .unavailable)
        #expect(found.shellAge == 1000)
    }

    @Test func `nothing is unavailable, and no evidence is given`() {
        let found = resolve(TerminalSignals())
        #expect(found.route.status == .unavailable)
        #expect(found.route.target == .none)
        #expect(found.route.confidence == .low)
        #expect(found.route.reason == .noTrustedEvidence)
        #expect(found.route.evidence.isEmpty)
        #expect(found.scope == .globalFallback)
        #expect(found.tmuxClientAge == nil)
        #expect(found.shellAge == nil)
        #expect(!TerminalRoute.Reason.allCases.contains { $0.text.isEmpty })
    }

    @Test func `what is in a directory above routes no project`() {
        let above = "/home/ada/src"
        let found = resolve(
            TerminalSignals(
                clients: [Self.client("a", above)], sessions: [Self.session("a", [above, "/home/ada/src/demo2"])],
                shells: [Self.shell(above)]))
        #expect(found.route.status == .unavailable)
        #expect(found.candidates.isEmpty)
    }

    @Test func `times ahead of the clock have no age`() {
        let found = resolve(TerminalSignals(clients: [Self.client("w", Self.project, age: -10)]))
        #expect(found.tmuxClientAge == 0)
        #expect(found.route.evidence.first?.age == 0)
    }

    // MARK: - Scopes

    struct Scope: Sendable {
        var session = "other"
        var path: String?
        var binding: WorkspaceBinding?
        var scope: RouteScope?
    }

    static let scopes: [Scope] = [
        Scope(path: project, scope: .pathExact),
        Scope(path: project + "//", scope: .pathExact),
        Scope(path: project + "/a/b", scope: .pathParent),
        Scope(path: "/home/ada/src", scope: nil),
        Scope(path: project + "2", scope: nil),
        Scope(path: "/home/ada/src/DEMO", scope: nil),
        Scope(session: "demo", path: nil, scope: .sessionNameExact),
        Scope(session: "demo", path: "/elsewhere", scope: .sessionNameExact),
        Scope(session: "demo", path: project, scope: .pathExact),
        Scope(session: "demo", path: project + "/a", scope: .sessionNameExact),
        Scope(session: "Demo", path: nil, scope: nil),
        Scope(
            path: nil, binding: WorkspaceBinding(preferredSessions: ["x", "other"]), scope: .workspaceBindingExact),
        Scope(
            path: project, binding: WorkspaceBinding(preferredSessions: ["other"]), scope: .workspaceBindingExact),
        Scope(
            path: "/home/ada/src/api", binding: WorkspaceBinding(pathPatterns: ["/home/ada/src/**"]),
            scope: .workspaceBindingPattern),
        Scope(
            path: "/home/ada/src", binding: WorkspaceBinding(pathPatterns: ["/home/ada/src/**"]),
            scope: .workspaceBindingPattern),
        Scope(
            path: "/home/ada/srcs", binding: WorkspaceBinding(pathPatterns: ["/home/ada/src/**"]), scope: nil),
        Scope(path: project, binding: WorkspaceBinding(pathPatterns: [project + "/"]), scope: .workspaceBindingPattern),
        Scope(path: project + "/a", binding: WorkspaceBinding(pathPatterns: [project]), scope: .pathParent),
        // A pattern that does not hold for the project says nothing.
        Scope(path: "/opt/x", binding: WorkspaceBinding(pathPatterns: ["/opt/**"]), scope: nil),
    ]

    @Test(arguments: scopes)
    func `a client is as near as its binding, path and name say`(scope: Scope) {
        let found = resolve(
            TerminalSignals(clients: [Self.client(scope.session, scope.path)]), binding: scope.binding,
            project: Self.project)
        #expect(found.scope == scope.scope ?? .globalFallback)
        #expect((found.route.status == .attached) == (scope.scope != nil))
        if scope.scope != nil { #expect(found.route.evidence.last?.value == scope.path ?? "unknown") }
    }

    @Test func `names count for nothing once something better is there`() {
        let both = TerminalSignals(clients: [
            Self.client("demo", "/elsewhere", age: 0, tty: "/dev/pts/1"),
            Self.client("work", Self.project + "/a", age: 2, tty: "/dev/pts/2"),
        ])
        let found = resolve(both)
        #expect(found.route.target == .tmuxSession("work"))
        #expect(found.candidates == [.tmuxSession("work")])
    }

    @Test func `a session is known by its name only while it is fresh`() {
        let fresh = resolve(TerminalSignals(sessions: [Self.session("demo", ["/x"], age: 5)]))
        #expect(fresh.route.reason == .tmuxSessionDetached)
        #expect(fresh.scope == .sessionNameExact)
        let old = resolve(TerminalSignals(sessions: [Self.session("demo", ["/x"], age: 5.001)]))
        #expect(old.route.status == .unavailable)
    }

    @Test func `shells are not known by name`() {
        #expect(resolve(TerminalSignals(shells: [Self.shell("/x", tmux: "demo")])).route.status == .unavailable)
        let bound = resolve(
            TerminalSignals(shells: [Self.shell("/x", tmux: "demo")]),
            binding: WorkspaceBinding(preferredSessions: ["demo"]))
        #expect(bound.route.target == .tmuxSession("demo"))
        #expect(bound.scope == .workspaceBindingExact)
    }

    @Test func `the nearest pane speaks for its session`() {
        let found = resolve(
            TerminalSignals(sessions: [Self.session("w", ["/home/ada/src", Self.project + "/a", Self.project])]))
        #expect(found.route.evidence.last?.value == Self.project)
        // By name all are equal, and one inside goes before one above.
        let named = resolve(TerminalSignals(sessions: [Self.session("demo", ["/home/ada/src", Self.project + "/a"])]))
        #expect(named.route.evidence.last?.value == Self.project + "/a")
    }

    // MARK: - Ranking

    @Test func `the nearer wins, then the newer`() {
        let found = resolve(
            TerminalSignals(clients: [
                Self.client("c", Self.project + "/a", age: 0), Self.client("b", Self.project, age: 2),
                Self.client("a", Self.project, age: 3),
            ]))
        #expect(found.route.target == .tmuxSession("b"))
        #expect(found.conflicts.isEmpty)
        #expect(found.candidates.count == 3)
    }

    @Test func `of equals the first by name wins, and the conflict is told`() {
        let clients = [
            Self.client("b", Self.project, tty: "/dev/pts/1"), Self.client("a", Self.project, tty: "/dev/pts/3"),
            Self.client("a", Self.project, tty: "/dev/pts/2"),
        ]
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let found = resolve(TerminalSignals(clients: order.map { clients[$0] }))
            #expect(found.route.target == .tmuxSession("a"))
            #expect(found.route.evidence.first?.value == "/dev/pts/2")
            #expect(found.conflicts.map(\.rawValue) == ["ROUTING_CONFLICT_DETECTED", "ROUTING_SCOPE_AMBIGUOUS"])
            #expect(found.scope == .workspaceAmbiguous)
        }
    }

    @Test func `two terminals of one session do not conflict`() {
        let found = resolve(
            TerminalSignals(clients: [
                Self.client("a", Self.project, tty: "/dev/pts/2"), Self.client("a", Self.project, tty: "/dev/pts/1"),
            ]))
        #expect(found.conflicts.isEmpty)
        #expect(found.scope == .pathExact)
    }

    // MARK: - Which shells

    @Test func `a shell that is gone routes for five minutes and no longer`() {
        var dialogue = SensingDialogue(processes: FakeProcesses(gone: [7]))
        dialogue.tell(Samples.shell(7, 0))
        dialogue.tell(Samples.shell(8, 0))
        func pids(_ seconds: Double) -> [UInt32] {
            dialogue.state.routableShells(at: Samples.at(seconds), dialogue.processes).map(\.pid)
        }
        #expect(pids(300) == [7, 8])
        #expect(pids(300.001) == [8])
        let early = dialogue.state.pruneShells(at: Samples.at(300), dialogue.processes)
        #expect(early.isEmpty)
        let late = dialogue.state.pruneShells(at: Samples.at(301), dialogue.processes)
        #expect(late == [.deleteShell(pid: 7)])
        #expect(dialogue.state.shells.keys.sorted() == [8])
    }
}
