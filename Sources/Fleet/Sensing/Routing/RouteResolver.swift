/// All that is known of terminals at a moment (daemon-ipc §6.1).
public struct TerminalSignals: Equatable, Sendable {
    public var clients: [SensedTmuxClient]
    public var sessions: [SensedTmuxSession]
    public var shells: [SensedShell]

    public init(clients: [SensedTmuxClient] = [], sessions: [SensedTmuxSession] = [], shells: [SensedShell] = []) {
        self.clients = clients
        self.sessions = sessions
        self.shells = shells
    }

    public init(_ registry: TmuxRegistry, shells: [SensedShell]) {
        self.init(clients: registry.clients, sessions: registry.sessions, shells: shells)
    }
}

/// Answers which terminal a project is in (§6.4): the first stage with a winner decides.
public struct RouteResolver: Sendable {
    private let settings: RoutingSettings

    public init(_ settings: RoutingSettings = RoutingSettings()) { self.settings = settings }

    /// Resolves at `now`. `projectPath` is canonical, as ``PathRules/resolve(_:_:)`` gives it.
    public func resolve(
        _ projectPath: String, workspace: WorkspaceID, among signals: TerminalSignals, at now: Timestamp
    ) -> RouteDiagnosis {
        let question = RouteQuestion(projectPath: projectPath, binding: settings.bindings[workspace])
        var diagnosis = RouteDiagnosis(
            route: TerminalRoute(
                workspaceID: workspace, projectPath: projectPath, status: .unavailable, target: .none,
                confidence: .low, reason: .noTrustedEvidence, evidence: [], updatedAt: now),
            tmuxClientAge: signals.clients.map { age($0.capturedAt, now) }.min(), candidates: [], conflicts: [],
            scope: .globalFallback)

        if decide(attached(signals.clients, question, now), .attached, .tmuxClientAttached, &diagnosis) {
            return diagnosis
        }
        if decide(detached(signals.sessions, question, now), .detached, .tmuxSessionDetached, &diagnosis) {
            return diagnosis
        }
        diagnosis.shellAge = signals.shells.map { age($0.updatedAt, now) }.min()
        let shells = shells(signals.shells, question, now)
        let fresh = settings.shellSignalFresh
        if decide(shells.filter { $0.age <= fresh }, .detached, .shellFallbackActive, &diagnosis) { return diagnosis }
        let retained = settings.shellRetentionHours.multipliedReportingOverflow(by: 3_600_000)
        let oldest = retained.overflow ? Int64.max : retained.partialValue
        _ = decide(
            shells.filter { $0.age > fresh && $0.age <= oldest }, .detached, .shellFallbackStale, &diagnosis)
        return diagnosis
    }

    private func age(_ time: Timestamp, _ now: Timestamp) -> Int64 { max(0, now - time) }

    // MARK: - Stages

    /// Stage A: a terminal shows it.
    private func attached(
        _ clients: [SensedTmuxClient], _ question: RouteQuestion, _ now: Timestamp
    ) -> [RouteCandidate] {
        let admitted = clients.compactMap { client -> RouteCandidate? in
            let age = age(client.capturedAt, now)
            guard age <= settings.tmuxSignalFresh else { return nil }
            let nearness = RouteNearness(client.panePath, session: client.sessionName, isTmux: true, question)
            guard nearness.isWorkspaceScoped || nearness.isPathScoped || nearness.isSessionScoped else { return nil }
            return RouteCandidate(
                target: .tmuxSession(client.sessionName), nearness: nearness, age: age,
                evidence: [
                    TerminalRoute.Evidence(.tmuxClient, client.tty, age: age),
                    TerminalRoute.Evidence(.tmuxPanePath, client.panePath ?? "unknown", age: age),
                ])
        }
        return withoutNeedlessNames(admitted)
    }

    /// Stage B: tmux has it, whoever looks.
    private func detached(
        _ sessions: [SensedTmuxSession], _ question: RouteQuestion, _ now: Timestamp
    ) -> [RouteCandidate] {
        let admitted = sessions.compactMap { session -> RouteCandidate? in
            let age = age(session.capturedAt, now)
            let paths: [String?] = session.panePaths.isEmpty ? [nil] : session.panePaths
            var best: (path: String?, nearness: RouteNearness)?
            for path in paths {
                let nearness = RouteNearness(path, session: session.name, isTmux: true, question)
                if best.map({ RouteNearness.isNearer(nearness, $0.nearness) }) ?? true { best = (path, nearness) }
            }
            guard let best, case let nearness = best.nearness,
                nearness.isWorkspaceScoped || nearness.isPathScoped || nearness.isSessionScoped,
                !nearness.isNameFallback || age <= settings.tmuxSignalFresh
            else { return nil }
            return RouteCandidate(
                target: .tmuxSession(session.name), nearness: nearness, age: age,
                evidence: [
                    TerminalRoute.Evidence(.tmuxSession, session.name, age: age),
                    TerminalRoute.Evidence(.tmuxPanePath, best.path ?? "unknown", age: age),
                ])
        }
        return withoutNeedlessNames(admitted)
    }

    /// Stages C and D: a shell was there.
    private func shells(_ shells: [SensedShell], _ question: RouteQuestion, _ now: Timestamp) -> [RouteCandidate] {
        shells.compactMap { shell in
            let nearness = RouteNearness(
                shell.canonicalCwd, session: shell.routableSession, isTmux: false, question)
            guard nearness.scope.quality >= 2, nearness.isWorkspaceScoped || nearness.isPathScoped,
                shell.target != .none
            else { return nil }
            let age = age(shell.updatedAt, now)
            return RouteCandidate(
                target: shell.target, nearness: nearness, age: age,
                evidence: [TerminalRoute.Evidence(.shellCwd, shell.canonicalCwd, age: age)])
        }
    }

    private func withoutNeedlessNames(_ candidates: [RouteCandidate]) -> [RouteCandidate] {
        guard candidates.contains(where: { !$0.nearness.isNameFallback }) else { return candidates }
        return candidates.filter { !$0.nearness.isNameFallback }
    }

    // MARK: - Decision

    private func decide(
        _ candidates: [RouteCandidate], _ status: TerminalRoute.Status, _ reason: TerminalRoute.Reason,
        _ diagnosis: inout RouteDiagnosis
    ) -> Bool {
        diagnosis.candidates += candidates.map(\.target)
        guard let winner = candidates.min(by: RouteCandidate.isBetter) else { return false }
        diagnosis.route.status = status
        diagnosis.route.target = winner.target
        diagnosis.route.reason = reason
        diagnosis.route.evidence = winner.evidence
        switch winner.target {
        case .tmuxSession: diagnosis.route.confidence = status == .attached ? .high : .medium
        case .terminalApp, .none: diagnosis.route.confidence = .low
        }
        diagnosis.scope = winner.nearness.scope
        if candidates.contains(where: { winner.conflicts(with: $0) }) {
            diagnosis.conflicts = RouteDiagnosis.Conflict.allCases
            diagnosis.scope = .workspaceAmbiguous
        }
        return true
    }
}

extension SensedShell {
    var routableSession: String? { tmuxSession.flatMap { $0.isBlank ? nil : $0 } }

    /// Where a person is taken for this shell; none when it says nothing that can be brought to front (§6.4).
    var target: TerminalRoute.Target {
        if let routableSession { return .tmuxSession(routableSession) }
        guard let parentApp, !parentApp.isBlank, parentApp.trimmingBlanks.lowercased() != "unknown" else {
            return .none
        }
        return .terminalApp(parentApp)
    }
}
