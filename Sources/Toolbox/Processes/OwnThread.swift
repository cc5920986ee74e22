import Glibc
import Synchronization

/// Runs work on a thread that was made for it, which is gone when the work is done: what the thread was confined to goes
/// with it.
enum OwnThread {
    /// Runs work and waits for it; `nil` when there could be no thread.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value? {
        let result = Box<Value>()
        guard let thread = make({ result.value.withLock { [value = work()] in $0 = value } }) else { return nil }
        pthread_join(thread, nil)
        return result.value.withLock { $0 }
    }

    /// Starts work that nobody waits for. Returns whether there could be a thread.
    static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard let thread = make(work) else { return false }
        pthread_detach(thread)
        return true
    }

    /// A thread that works already, to be joined or detached.
    private static func make(_ work: @escaping @Sendable () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Job(work))
        let error = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Job>.fromOpaque(context!).takeRetainedValue().work()
                return nil
            }, context.toOpaque())
        guard error == 0 else {
            context.release()
            return nil
        }
        return thread
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private final class Job: Sendable {
        let work: @Sendable () -> Void

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
}
