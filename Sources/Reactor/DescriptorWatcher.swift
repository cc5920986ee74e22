import CUV
import Glibc

/// Calls back when a descriptor can be read or written. Owns the descriptor and closes it.
@Loop
final class DescriptorWatcher {
    struct Events: OptionSet, Sendable {
        let rawValue: Int32
        static let readable = Events(rawValue: Int32(UV_READABLE.rawValue))
        static let writable = Events(rawValue: Int32(UV_WRITABLE.rawValue))
    }

    let descriptor: Int32
    private let handle = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    private var body: (@Loop (Events) -> Void)?
    private var events: Events = []
    private var isClosed = false

    /// - Parameter body: Told what is possible now. An error or a hang-up counts as readable, so that reading finds it.
    init(_ descriptor: Int32, _ body: @escaping @Loop (Events) -> Void) {
        self.descriptor = descriptor
        self.body = body
        uv_poll_init(Loop.executor.uv, handle, descriptor)
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    func watch(_ events: Events) {
        guard !isClosed, events != self.events else { return }
        self.events = events
        if events.isEmpty {
            uv_poll_stop(handle)
            return
        }
        uv_poll_start(handle, events.rawValue) { handle, status, events in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                let watcher = Unmanaged<DescriptorWatcher>.fromOpaque(handle.pointee.data).takeUnretainedValue()
                var events = Events(rawValue: events)
                if status < 0 || events.isEmpty { events = .readable }
                watcher.body?(events)
            }
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        body = nil
        uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)) { handle in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                let watcher = Unmanaged<DescriptorWatcher>.fromOpaque(handle.pointee.data).takeRetainedValue()
                Glibc.close(watcher.descriptor)
                UnsafeMutableRawPointer(handle).deallocate()
            }
        }
    }
}
