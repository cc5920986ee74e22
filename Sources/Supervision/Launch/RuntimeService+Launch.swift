import Fleet
import Reactor
import Tmux
import Wire

// From a session that is to start to its runtime.
extension RuntimeService {
    /// Launches the runtime of a session that has a target: one that a client of the RPC asked for, or any other.
    ///
    /// `completion` comes once: with what the session holds on to when the runtime runs and that is durable, or why not.
    public func launch(
        _ config: SessionConfig, environment: [(String, String)],
        completion: @escaping @Loop (Result<RuntimeProcess, RPCError>) -> Void
    ) {
        if let plan = admitted.removeValue(forKey: config.sessionID) {
            return begin(plan) { [self] result in
                // Whoever asked for it waits, and the session's side has more to do; a failure is told when that is over.
                if case .success = result { launched(plan.session, .success(())) }
                completion(result)
                launched(plan.session, result.map { _ in })
            }
        }
        if withdrawn.remove(config.sessionID) != nil {
            return completion(.failure(RPCError(.launchFailed, "whoever asked for it waits no more")))
        }
        guard let target = config.target else {
            return completion(.failure(RPCError(.launchFailed, "the session has no target")))
        }
        guard let command = config.command else {
            return completion(.failure(RPCError(.launchFailed, "the session has no command to run")))
        }
        let runtime = config.providerID.rawValue
        let variables = environment.map { EnvironmentVariable(key: $0.0, value: $0.1) }
        place(target, force: false) { [self] result in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(let pane):
                let launch = LaunchSpec(
                    arguments: command.argv,
                    environment: RuntimeEnvironment.variables(variables, session: config.sessionID, runtime: runtime),
                    cwd: command.cwd)
                begin(
                    LaunchPlan(
                        session: config.sessionID, runtime: runtime, target: target, pane: pane?.id, launch: launch),
                    then: completion)
            }
        }
    }

    /// Writes the launch down, then starts its shim.
    private func begin(_ plan: LaunchPlan, then completion: @escaping @Loop (Result<RuntimeProcess, RPCError>) -> Void)
    {
        guard runtimes[plan.session] == nil, table[plan.session] == nil else {
            return completion(.failure(RPCError(.invalidTarget, "session \(plan.session) already exists")))
        }
        let now = PreciseTime(Timestamp(milliseconds: SystemClock.milliseconds))
        let runtime = SupervisedRuntime(
            RuntimeLifecycle(
                sessionID: plan.session, runtime: plan.runtime, target: plan.target, paneID: plan.pane, spawnedAt: now),
            service: self)
        runtimes[plan.session] = runtime
        let fact = RuntimeFact.accepted(
            runtime: plan.runtime, target: plan.target, paneID: plan.pane, spawnedAt: now)
        record(fact, of: plan.session) { [self] result in
            if case .failure(let error) = result {
                runtimes[plan.session] = nil
                return completion(.failure(RPCError(.launchFailed, "\(error)")))
            }
            runtime.launch(plan, then: completion)
        }
    }

    /// Finds the pane of a target, alive and free (§3.2, D-28, D-37); `nil` for one that needs none.
    func place(
        _ target: RuntimeTarget, force: Bool, then completion: @escaping @Loop (Result<TmuxPane?, RPCError>) -> Void
    ) {
        guard let address = target.pane else { return completion(.success(nil)) }
        tmux.pane(at: address) { [self] result in
            guard case .success(let pane?) = result, !pane.isDead else {
                return completion(.failure(RPCError(.tmuxPaneDead, "tmux address \(address) is not alive")))
            }
            if let occupant = occupant(of: pane, at: address), !force {
                let message = "tmux address \(address) is occupied by session \(occupant); end it, or take another pane"
                return completion(.failure(RPCError(.invalidTarget, message)))
            }
            completion(.success(pane))
        }
    }

    /// Who has a pane, or is about to: what is not durable yet counts too.
    private func occupant(of pane: TmuxPane, at address: PaneAddress) -> SessionID? {
        if let admitted = admitted.values.first(where: { $0.pane == pane.id }) { return admitted.session }
        let resident = runtimes.values.first { runtime in
            let row = runtime.decided
            guard !row.state.isTerminal else { return false }
            guard let id = row.paneID else { return row.target.pane == address }
            return id == pane.id && row.isPlaced(in: pane, withItsProgram: true)
        }
        return resident?.session
    }

    /// Takes up the runtime of a session that the daemon before this one left running.
    public func attach(
        _ session: SessionID, completion: @escaping @Loop (Result<RuntimeProcess, RPCError>) -> Void
    ) {
        if let runtime = runtimes[session] { return runtime.attach(then: completion) }
        guard let row = table[session], let end = ProcessEnd(row.state) else {
            return completion(.failure(RPCError(.launchFailed, SessionLifecycle.Reason.runnerLost)))
        }
        // It ended while no daemon was there: what it left to show is shown, and then its end.
        let process = RuntimeProcess(row, nil, service: self)
        completion(.success(process))
        process.ended(end)
    }
}
