import Glibc
import Synchronization

/// A thread for what blocks: files, names, other people's processes. Jobs run one after another, in order.
public final class Worker: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Runs `work` on the worker's thread, then `completion` on the loop with what it returned.
    ///
    /// The thread lives while there is work and for a moment after, so that an idle daemon has none to spare.
    public func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, then completion: @escaping @Sendable @Loop (Value) -> Void
    ) {
        let mustStart = state.withLock { state in
            state.jobs.append {
                let value = work()
                Loop.post { completion(value) }
            }
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { startThread() }
    }

    private func startThread() {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let result = pthread_create(
            &thread, &attributes,
            { context in
                Unmanaged<Worker>.fromOpaque(context!).takeRetainedValue().drain()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(result == 0, "no thread could be started: is the process limit reached?")
        pthread_attr_destroy(&attributes)
    }

    private func drain() {
        while true {
            let jobs = state.withLock { state in
                let jobs = state.jobs
                state.jobs = []
                if jobs.isEmpty { state.isRunning = false }
                return jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job() }
        }
    }
}
