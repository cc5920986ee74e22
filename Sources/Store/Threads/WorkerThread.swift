import CSystem
import Glibc

/// A thread that runs one body and is waited for by whoever started it.
///
/// Signals never arrive here: they belong to the loop.
final class WorkerThread: Sendable {
    private let handle: pthread_t

    /// Starts the thread. `name` is what `top -H` shows, at most 15 bytes.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(StoreError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        var thread = pthread_t()
        let failure = pthread_create(&thread, nil, runWorker, start.toOpaque())
        pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard failure == 0 else {
            start.release()
            throw .unavailable(reason: "a thread could not be started: \(SystemError(failure))")
        }
        handle = thread
    }

    /// Waits until the body has returned. To be called once, and not by the thread itself.
    func join() {
        pthread_join(handle, nil)
    }
}

/// What a new thread needs to know.
private final class Start {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { preconditionFailure("a worker thread starts with its body") }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    drover_thread_name(start.name)
    start.body()
    return nil
}
