import Glibc

/// A thread for what blocks: files, names, other people's processes. Jobs run one after another, in order.
public final class Worker: Sendable {
    private let queue = JobQueue()

    public init() {}

    /// Runs `work` on the worker's thread, then `completion` on the loop with what it returned.
    ///
    /// The thread lives while there is work and for a moment after, so that an idle daemon has none to spare.
    public func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, then completion: @escaping @Sendable @Loop (Value) -> Void
    ) {
        let mustStart = queue.append {
            let value = work()
            Loop.post { completion(value) }
        }
        if mustStart { startThread() }
    }

    private func startThread() {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // The worker itself may go meanwhile: what waits is done all the same.
        let result = pthread_create(
            &thread, &attributes,
            { context in
                Unmanaged<JobQueue>.fromOpaque(context!).takeRetainedValue().drain()
                return nil
            }, Unmanaged.passRetained(queue).toOpaque())
        precondition(result == 0, "no thread could be started: is the process limit reached?")
        pthread_attr_destroy(&attributes)
    }
}

/// What waits for a worker's thread, and where that waits for it.
private final class JobQueue: @unchecked Sendable {
    /// How long a thread without work waits for some, in milliseconds: starting another costs more than to wake it.
    private static let patience: Int64 = 200

    // The lock guards all that stands under it.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let news = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable () -> Void] = []
    private var hasThread = false
    private var isIdle = false

    init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(news, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(news)
        pthread_mutex_destroy(lock)
        news.deallocate()
        lock.deallocate()
    }

    /// Adds a job. Says whether a thread has to be started for it.
    func append(_ job: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        jobs.append(job)
        if isIdle { pthread_cond_signal(news) }
        defer { hasThread = true }
        return !hasThread
    }

    /// Does what waits, on a thread of its own, until nothing has come for a while.
    func drain() {
        while let jobs = take() {
            for job in jobs { job() }
        }
    }

    private func take() -> [@Sendable () -> Void]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let nanoseconds = Int64(end.tv_nsec) + Self.patience * 1_000_000
        end.tv_sec += Int(nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        isIdle = true
        while jobs.isEmpty, pthread_cond_timedwait(news, lock, &end) == 0 {}
        isIdle = false
        if jobs.isEmpty {
            hasThread = false
            return nil
        }
        defer { jobs = [] }
        return jobs
    }
}
