import Bytes
import Fleet
import Reactor
import Wire

// The methods of daemon-ipc §2.
extension SensingService {
    /// Answers once, with a line.
    func answer(_ request: IPCRequest, then answer: @escaping @Loop ([UInt8]) -> Void) {
        func give(_ value: some IPCValue) { answer(IPCResponse.success(id: request.id, value).withoutLineFeed) }
        func refuse(_ error: IPCError) {
            var error = error
            error.id = request.id
            answer(IPCResponse.failure(error).withoutLineFeed)
        }
        func settle(_ result: Result<EventAccepted, IPCError>) {
            switch result {
            case .failure(let error): refuse(error)
            case .success(let accepted): give(accepted)
            }
        }
        switch request.method {
        case .getHealth: give(health)
        case .getShellState: give(shells())
        case .getProcessLiveness(let pid): give(liveness(of: pid))
        case .getConfig: give(config)
        case .getSessions: give(sessions)
        case .getProjectStates: give(projects)
        case .getActivity(let session, let limit):
            give(
                state.activity(of: session.map { SessionID($0) }, limit: limit).map {
                    ActivityEntry(
                        sessionID: $0.sessionID, projectPath: $0.projectPath, filePath: $0.filePath,
                        toolName: $0.toolName, recordedAt: $0.recordedAt)
                })
        case .getTombstones:
            give(
                state.tombstones.map {
                    TombstoneEntry(sessionID: $0.sessionID, createdAt: $0.createdAt, expiresAt: $0.expiresAt)
                })
        case .getRoutingSnapshot(let query):
            route(query) { [self] result in
                switch result {
                case .failure(let error): refuse(error)
                case .success(let diagnosis):
                    emitted(diagnosis.route)
                    give(RoutingSnapshot(diagnosis.route))
                }
            }
        case .getRoutingDiagnostics(let query):
            route(query) { result in
                switch result {
                case .failure(let error): refuse(error)
                case .success(let diagnosis): give(RoutingDiagnostics(diagnosis))
                }
            }
        case .event(let event): take(event, then: settle)
        case .extraEvent(let event): take(event, then: settle)
        }
    }

    private var health: HealthReport {
        let (active, rejected) = connections()
        let routing = settings.configuration.routing
        let gates = RolloutGates(counters.rollout, isDualRunEnabled: routing.isDualRunEnabled)
        let rollout = counters.rollout
        let now = now
        return HealthReport(
            pid: settings.pid, version: settings.version,
            security: SecurityHealth(rejectedConnections: rejected),
            runtime: RuntimeHealth(activeConnections: UInt64(active), buildHash: settings.buildHash),
            reconcile: ReconcileHealth(startup: reconciles[.startup], periodic: reconciles[.periodic]),
            hemShadow: HemShadow(
                enabled: settings.configuration.engine.isShadow,
                mode: settings.configuration.engine.isShadow ? .shadow : .primary),
            routing: RoutingHealth(
                enabled: routing.isEnabled, dualRun: routing.isDualRunEnabled,
                emitDiagnostics: routing.emitsDiagnostics,
                snapshotsEmitted: counters.snapshotsEmitted, dualRunComparisons: rollout.comparisons,
                statusMismatches: rollout.statusMismatches, targetMismatches: rollout.targetMismatches,
                highConfidence: counters.confidenceHigh, mediumConfidence: counters.confidenceMedium,
                lowConfidence: counters.confidenceLow, lastSnapshotAt: rollout.lastSnapshotAt,
                rollout: RolloutHealth(
                    comparisons: rollout.comparisons, volumeGateMet: gates.isVolumeMet,
                    windowGateMet: gates.isWindowMet,
                    statusAgreementRate: gates.statusAgreementRate, targetAgreementRate: gates.targetAgreementRate,
                    firstComparisonAt: rollout.firstComparisonAt, lastComparisonAt: rollout.lastComparisonAt,
                    windowElapsedHours: gates.windowElapsedHours, statusGateMet: gates.isStatusMet,
                    targetGateMet: gates.isTargetMet)),
            backoff: backoff.map {
                BackoffHealth(
                    startsInWindow: UInt64($0.startsInWindow(at: now)), lastStart: $0.lastStart,
                    nextBackoffSeconds: $0.nextDelay(at: now).map { UInt64($0) })
            })
    }

    private func shells() -> ShellStateReport {
        let effects = state.pruneShells(at: now, host)
        if !effects.isEmpty { journal.write(effects) }
        return ShellStateReport(
            shells: Dictionary(
                uniqueKeysWithValues: state.shells.values.map { shell in
                    (
                        shell.pid,
                        ShellStateReport.Shell(
                            cwd: shell.cwd, tty: shell.tty, parentApp: shell.parentApp, tmuxSession: shell.tmuxSession,
                            tmuxClientTTY: shell.tmuxClientTTY, updatedAt: shell.updatedAt)
                    )
                }))
    }

    private func liveness(of pid: UInt32) -> ProcessLivenessReport {
        guard let known = state.liveness[pid] else { return .notFound(pid: pid) }
        let reading = host.reading(of: pid)
        return .found(
            ProcessLivenessReport.Liveness(
                pid: pid, procStarted: known.start.map { UInt64(clamping: $0.epochSeconds) },
                currentStartTime: reading.start.map { UInt64(clamping: $0.epochSeconds) }, lastSeenAt: known.lastSeenAt,
                isAlive: reading != .gone, identityMatches: known.identityMatches(reading)))
    }

    private var config: ConfigReport {
        let routing = settings.configuration.routing
        return ConfigReport(
            tmuxSignalFreshMilliseconds: UInt64(clamping: routing.tmuxSignalFresh),
            shellSignalFreshMilliseconds: UInt64(clamping: routing.shellSignalFresh),
            shellRetentionHours: UInt64(clamping: routing.shellRetentionHours),
            tmuxPollIntervalMilliseconds: UInt64(clamping: routing.tmuxPollInterval))
    }

    private var sessions: [SessionEntry] {
        let now = now
        return state.sessions(at: now, host).map { session in
            let path = session.projectPath ?? session.cwd
            let project = session.projectID ?? path
            return SessionEntry(
                sessionID: session.sessionID, pid: session.pid, state: session.state.rawValue, cwd: session.cwd,
                projectID: project,
                workspaceID: WorkspaceID(projectID: project, projectPath: path, host).rawValue, projectPath: path,
                updatedAt: session.updatedAt ?? now, stateChangedAt: session.stateChangedAt ?? session.updatedAt ?? now,
                lastEvent: session.lastEvent, lastActivityAt: session.lastActivityAt,
                toolsInFlight: session.toolsInFlight,
                readyReason: session.readyReason?.rawValue, isAlive: state.isAlive(session.pid, host))
        }
    }

    /// What the state of an observed session rests on, or of the agent that speaks for one of ours; `nil` when nobody
    /// reported it.
    public func evidence(of session: SessionID) -> JSON? {
        let id = state[session] == nil ? sink?.speaker(of: session) ?? session : session
        return state.evidence(of: id, at: now).map { SessionEvidenceReport($0, of: id).json }
    }

    private var projects: [ProjectStateEntry] {
        state.projectStates(at: now, host).map { project in
            ProjectStateEntry(
                projectID: project.projectID, workspaceID: project.workspaceID.rawValue,
                projectPath: project.projectPath, state: project.state.rawValue, stateChangedAt: project.stateChangedAt,
                updatedAt: project.updatedAt, sessionID: project.sessionID, latestSessionID: project.latestSessionID,
                sessionCount: UInt64(project.sessionCount), activeCount: UInt64(project.activeCount),
                hasSession: project.hasSession)
        }
    }
}

// MARK: - Between the rules' words and the wire's

extension RoutingTarget {
    init(_ target: TerminalRoute.Target) {
        switch target {
        case .tmuxSession(let name): self = .tmuxSession(name)
        case .terminalApp(let name): self = .terminalApp(name)
        case .none: self = .none
        }
    }
}

extension RoutingSnapshot {
    // The rules and the wire have the same words (§6.6), so each of these is found.
    init(_ route: TerminalRoute) {
        self.init(
            workspaceID: route.workspaceID.rawValue, projectPath: route.projectPath,
            status: Status(rawValue: route.status.rawValue) ?? .unavailable, target: RoutingTarget(route.target),
            confidence: Confidence(rawValue: route.confidence.rawValue) ?? .low,
            reasonCode: ReasonCode(rawValue: route.reason.rawValue) ?? .noTrustedEvidence, reason: route.reason.text,
            evidence: route.evidence.compactMap { evidence in
                RoutingEvidence.Kind(rawValue: evidence.kind.rawValue).map {
                    RoutingEvidence(
                        kind: $0, value: evidence.value, ageMilliseconds: UInt64(clamping: evidence.age),
                        trustRank: evidence.kind.trustRank)
                }
            }, updatedAt: route.updatedAt)
    }
}

extension RoutingDiagnostics {
    init(_ diagnosis: RouteDiagnosis) {
        self.init(
            snapshot: RoutingSnapshot(diagnosis.route),
            tmuxClientAgeMilliseconds: diagnosis.tmuxClientAge.map { UInt64(clamping: $0) },
            shellCwdAgeMilliseconds: diagnosis.shellAge.map { UInt64(clamping: $0) },
            candidateTargets: diagnosis.candidates.map { RoutingTarget($0) },
            conflicts: diagnosis.conflicts.compactMap { Conflict(rawValue: $0.rawValue) },
            scopeResolution: Scope(rawValue: diagnosis.scope.rawValue) ?? .globalFallback)
    }
}
