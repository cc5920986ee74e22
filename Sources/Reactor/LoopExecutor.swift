import CUV
import Glibc
import Synchronization

/// Runs Swift's jobs and the event library's callbacks on one thread.
///
/// A turn is: wait for events, call their callbacks, run the jobs they left, then flush what they wrote. Jobs from
/// the loop's own thread go to a plain array; those from elsewhere pass a mutex and wake the loop once per batch.
public final class LoopExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    private enum Inbound {
        case job(UnownedJob)
        case body(@Sendable @Loop () -> Void)
    }

    private let inbox = Mutex<[Inbound]>([])
    private let async: UnsafeMutablePointer<uv_async_t>
    /// The event library's loop. Only for the loop's thread.
    let uv: UnsafeMutablePointer<uv_loop_t>

    // What follows belongs to the loop's thread.
    private var thread: pthread_t?
    private var localJobs: [UnownedJob] = []
    private var isStopping = false
    private var turnEndWork: [@Loop () -> Void] = []

    init() {
        uv = .allocate(capacity: 1)
        async = .allocate(capacity: 1)
        precondition(uv_loop_init(uv) == 0, "the event loop could not be made: are file descriptors left?")
        // The loop outlives everything; the callback only has to wake it, since each turn empties the inbox.
        precondition(uv_async_init(uv, async) { _ in } == 0, "the event loop could not be made wakeable")
        signal(SIGPIPE, SIG_IGN)
    }

    var isOnLoop: Bool { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }

    func enter() {
        precondition(thread == nil, "the loop runs already")
        thread = pthread_self()
        isStopping = false
        uv_update_time(uv)
    }

    func runUntilStopped() {
        while true {
            endTurn()
            if isStopping { break }
            uv_run(uv, UV_RUN_ONCE)
        }
        thread = nil
    }

    func stop() {
        if isOnLoop { isStopping = true } else { post { Loop.executor.isStopping = true } }
    }

    func post(_ body: @escaping @Sendable @Loop () -> Void) {
        deliver(.body(body))
    }

    /// Runs `work` when this turn's callbacks and jobs are done, before the loop waits again.
    @Loop func atTurnEnd(_ work: @escaping @Loop () -> Void) {
        turnEndWork.append(work)
    }

    // MARK: - Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnLoop { localJobs.append(job) } else { deliver(.job(job)) }
    }

    public func checkIsolated() {
        precondition(isOnLoop, "this belongs to the event loop's thread")
    }

    public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

    // MARK: - Turns

    private func deliver(_ item: Inbound) {
        let wasEmpty = inbox.withLock { inbox in
            inbox.append(item)
            return inbox.count == 1
        }
        if wasEmpty { uv_async_send(async) }
    }

    private func endTurn() {
        repeat {
            let arrived = inbox.withLock { inbox in
                let arrived = inbox
                inbox.removeAll(keepingCapacity: arrived.count < 1024)
                return arrived
            }
            for item in arrived {
                switch item {
                case .job(let job): run(job)
                case .body(let body): Loop.assumeIsolated(body)
                }
            }
            while !localJobs.isEmpty {
                let jobs = localJobs
                localJobs.removeAll(keepingCapacity: true)
                for job in jobs { run(job) }
            }
            let work = turnEndWork
            turnEndWork.removeAll(keepingCapacity: true)
            for item in work { Loop.assumeIsolated(item) }
        } while !localJobs.isEmpty || !turnEndWork.isEmpty
    }

    private func run(_ job: UnownedJob) {
        job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
}
