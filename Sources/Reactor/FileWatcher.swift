import CUV

/// Calls back after a file was written to, some times for several writes together. Letting go of it stops watching.
@Loop
public final class FileWatcher {
    private let handle = UnsafeMutablePointer<uv_fs_event_t>.allocate(capacity: 1)
    private let box: Box

    @Loop private final class Box {
        var body: (@Loop () -> Void)?
        init(_ body: @escaping @Loop () -> Void) { self.body = body }
    }

    /// Watches a file that exists.
    public init(path: String, _ body: @escaping @Loop () -> Void) throws(ReactorError) {
        box = Box(body)
        uv_fs_event_init(Loop.executor.uv, handle)
        handle.pointee.data = Unmanaged.passRetained(box).toOpaque()
        let result = uv_fs_event_start(
            handle,
            { handle, _, _, _ in
                nonisolated(unsafe) let handle = handle!
                Loop.assumeIsolated {
                    Unmanaged<Box>.fromOpaque(handle.pointee.data).takeUnretainedValue().body?()
                }
            }, path, 0)
        try check(result, "cannot watch \(path)")
    }

    isolated deinit {
        box.body = nil
        uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)) { handle in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                Unmanaged<Box>.fromOpaque(handle.pointee.data).release()
                UnsafeMutableRawPointer(handle).deallocate()
            }
        }
    }
}
