import CUV
import Glibc

/// What is isolated to the event loop's thread: sockets, timers, services and their state.
///
/// Code on the loop calls its neighbours synchronously. It must never block; what blocks goes to a `Worker`.
@globalActor
public actor Loop {
    public static let shared = Loop()

    public nonisolated static let executor = LoopExecutor()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { Loop.executor.asUnownedSerialExecutor() }

    /// Turns the calling thread into the loop's until `stop` is called.
    ///
    /// - Parameter start: Runs on the loop before its first turn.
    public nonisolated static func run(_ start: @Loop () -> Void) {
        executor.enter()
        assumeIsolated(start)
        executor.runUntilStopped()
    }

    /// Runs the loop on a thread of its own until the process ends, once however often it is called: tests share it.
    package nonisolated static func runInBackground() { _ = backgroundThread }

    private static let backgroundThread: pthread_t = {
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { _ in
                Loop.run {}
                return nil
            }, nil)
        precondition(result == 0, "no thread could be started for the loop")
        return thread
    }()

    /// Ends `run` after the present turn.
    public nonisolated static func stop() {
        executor.stop()
    }

    /// Runs `body` on the loop soon. May be called from any thread; the order of calls from one thread is kept.
    public nonisolated static func post(_ body: @escaping @Sendable @Loop () -> Void) {
        executor.post(body)
    }

    /// Enters the loop's isolation from a callback of the event library, which already runs on the loop's thread.
    @inline(__always)
    nonisolated static func assumeIsolated(_ body: @Loop () -> Void) {
        assert(executor.isOnLoop, "a callback of the loop ran on another thread")
        withoutActuallyEscaping(body) { body in
            unsafeBitCast(body, to: (() -> Void).self)()
        }
    }

    /// Starts a task that lives on the loop: each resume costs a fraction of a microsecond instead of a trip
    /// through the global pool.
    @discardableResult
    public nonisolated static func spawn(_ body: @escaping @Sendable @Loop () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: executor) { await body() }
    }

    /// Monotonic milliseconds, as of the moment the loop last stopped waiting.
    @Loop public static var now: Int64 { Int64(uv_now(executor.uv)) }
}
