import Glibc
import Synchronization

/// Runs work on a thread that was made for it, which is gone when the work is done: what the thread was confined to goes
/// with it. The calling thread waits.
enum OwnThread {
    static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value? {
        let result = Box<Value>()
        let job = Job { result.value.withLock { [value = work()] in $0 = value } }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(job)
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
        pthread_join(thread, nil)
        return result.value.withLock { $0 }
    }

    /// Starts work on a thread of its own, which nobody waits for. Returns whether there could be one.
    static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
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
            return false
        }
        pthread_detach(thread)
        return true
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private final class Job: Sendable {
        let work: @Sendable () -> Void

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
}
