import Fleet
import Reactor
import Wire

// Each request but those that hold a connection of their own.
extension RuntimeService {
    typealias Answer = @Loop (RPCResponse) -> Void

    /// Answers once.
    func answer(_ request: RPCRequest, then answer: @escaping Answer) {
        switch request {
        case .version: answer(.version(settings.version))
        case .watchers: answer(.watchers(watcherCounts))
        case .doctor: doctor(then: answer)
        case .spawn(let spawn): self.spawn(spawn, then: answer)
        case .validateTarget(let target): validate(target, then: answer)
        case .kill(let session, let signal, let grace): kill(session, signal, grace: grace, then: answer)
        case .killByPID(let pid, let signal, let grace): kill(pid: pid, signal, grace: grace, then: answer)
        case .nudge(let session, let content): nudge(session, content, then: answer)
        case .capture(let session, let lines): capture(session, lines: lines, then: answer)
        case .status(let filter): status(filter, then: answer)
        case .mcpBridge(let line): bridge(line, then: answer)
        case .shimLaunch(let session): shimLaunch(session, then: answer)
        case .shimReady(let ready): shimReady(ready, then: answer)
        case .shimExit(let session, let exit):
            report(.shimExit(exit), of: session) { result in answer(RPCResponse(result)) }
        case .events, .stop:
            answer(.error(RPCError(.protocolMismatch, "\(request.type) needs a connection of its own")))
        }
    }

    var watcherCounts: WatcherCounts {
        WatcherCounts(
            processExitWatchers: runtimes.values.count(where: \.isWatched),
            shimSockets: runtimes.values.count(where: \.isLaunching), eventWaiters: waiters.count)
    }

    // MARK: - Shims

    private func shimLaunch(_ session: SessionID, then answer: Answer) {
        guard let launch = runtimes[session]?.takeLaunch() else {
            return answer(.error(RPCError(.protocolMismatch, "session \(session) has no pending launch")))
        }
        answer(.shimLaunch(launch))
    }

    private func shimReady(_ ready: ShimReady, then answer: @escaping Answer) {
        // Read here, while the runtime is most likely still there: what the shim says is not precise enough (D-11).
        let ticks = Int32(exactly: ready.runtimePID).flatMap(observe)?.startTicks
        let input = RuntimeLifecycle.Input.ready(
            shimPID: ready.shimPID, runtimePID: ready.runtimePID, startTime: ready.startTime, startTicks: ticks,
            bootID: ticks == nil ? nil : ProcessIdentity.bootID)
        report(input, of: ready.sessionID) { result in answer(RPCResponse(result)) }
    }

    // MARK: - Targets

    private func validate(_ target: String, then answer: @escaping Answer) {
        let outcome = TargetOutcome(parsing: target)
        guard outcome == .valid, case .target(.tmux(let address)) = RuntimeTargetParsing(target) else {
            return answer(.validateTarget(outcome))
        }
        tmux.pane(at: address) { result in
            let isAlive = ((try? result.get()) ?? nil).map { !$0.isDead } ?? false
            answer(.validateTarget(isAlive ? .valid : .tmuxPaneDead(address: address.description)))
        }
    }
}

extension RPCResponse {
    init(_ result: Result<Void, RPCError>) {
        switch result {
        case .success: self = .ack
        case .failure(let error): self = .error(error)
        }
    }
}
