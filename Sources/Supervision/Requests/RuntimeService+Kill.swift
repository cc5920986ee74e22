import Fleet
import Glibc
import Reactor
import Wire

// `kill` and `kill_by_pid` (runtime-rpc §4.6): never anybody but who was meant.
extension RuntimeService {
    func kill(_ session: SessionID, _ signal: KillSignal, grace: UInt64, then answer: @escaping Answer) {
        guard let row = runtimes[session]?.decided ?? table[session] else {
            return answer(.error(.sessionNotFound(session)))
        }
        // Over, or gone without a word yet: there is nothing to signal (D-06).
        if row.state.isTerminal { return answer(.ack) }
        guard row.runtimePID != nil else {
            return answer(.error(RPCError(.sessionNotFound, "session \(session) has no runtime yet")))
        }
        guard let handle = runtimes[session]?.openRuntime() else { return answer(.ack) }
        let plan = KillPlan(signal: Signal(rawValue: signal.number), graceSeconds: grace, hasRow: true)
        Killing(plan, handle: handle, isTerminal: { [weak self] in self?.table[session]?.state.isTerminal ?? true })
            .begin { result in
                switch result {
                case .success: answer(.ack)
                case .failure(let error): answer(.error(error))
                }
            }
    }

    func kill(pid: UInt32, _ signal: Int32, grace: UInt64, then answer: @escaping Answer) {
        guard pid != UInt32(getpid()) else {
            let message = "pid \(pid) is this daemon; stop it with `stop` instead"
            return answer(.error(RPCError(.protocolMismatch, message)))
        }
        let handle: ProcessHandle
        do throws(ReactorError) {
            handle = try ProcessHandle(pid: Int32(clamping: pid))
        } catch {
            return answer(.error(RPCError(.runtimeUnavailable, "\(error)")))
        }
        let plan = KillPlan(signal: Signal(rawValue: signal), graceSeconds: grace, hasRow: false)
        Killing(plan, handle: handle, isTerminal: { false })
            .begin { result in
                switch result {
                case .success(let killed): answer(.killByPID(pid: pid, signal: signal, killedAfterGrace: killed))
                case .failure(let error): answer(.error(error))
                }
            }
    }
}

/// Carries out one ``KillPlan`` on a process that is held open, so that its number cannot become another's meanwhile.
@Loop
private final class Killing {
    private var plan: KillPlan
    private let handle: ProcessHandle
    private let isTerminal: @Loop () -> Bool
    private var completion: (@Loop (Result<Bool, RPCError>) -> Void)?

    init(_ plan: KillPlan, handle: ProcessHandle, isTerminal: @escaping @Loop () -> Bool) {
        self.plan = plan
        self.handle = handle
        self.isTerminal = isTerminal
    }

    func begin(then completion: @escaping @Loop (Result<Bool, RPCError>) -> Void) {
        self.completion = completion
        perform(plan.start(at: MonotonicTime(milliseconds: Loop.now)))
    }

    private func perform(_ actions: [KillPlan.Action]) {
        for action in actions {
            switch action {
            case .send(let signal):
                let error = handle.signal(signal.rawValue)
                // One that is gone by now needs no signal any more; what follows finds that out.
                guard error == 0 || (error == ESRCH && completion != nil && handle.hasEnded) else {
                    let reason = String(cString: strerror(error))
                    return finish(
                        .failure(
                            RPCError(.runtimeUnavailable, "process \(handle.pid) could not be signalled: \(reason)")))
                }
            case .wake(let time):
                // The timer holds on to this until the plan is over.
                _ = LoopTimer(after: time.millisecondsRoundedUp - Loop.now) { [self] in
                    perform(
                        plan.poll(
                            isGone: handle.hasEnded, isTerminal: isTerminal(),
                            at: MonotonicTime(milliseconds: Loop.now)))
                }
            case .finish(let killed): finish(.success(killed))
            }
        }
    }

    private func finish(_ result: Result<Bool, RPCError>) {
        let body = completion
        completion = nil
        body?(result)
    }
}
