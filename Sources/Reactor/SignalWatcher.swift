import CUV

/// Calls back on the loop for each arrival of a signal.
@Loop
public final class SignalWatcher {
    private let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
    private let body: @Loop () -> Void

    public init(_ signal: Int32, _ body: @escaping @Loop () -> Void) {
        self.body = body
        uv_signal_init(Loop.executor.uv, handle)
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
        uv_signal_start(
            handle,
            { handle, _ in
                nonisolated(unsafe) let handle = handle!
                Loop.assumeIsolated {
                    Unmanaged<SignalWatcher>.fromOpaque(handle.pointee.data).takeUnretainedValue().body()
                }
            }, signal)
    }
}
