import CUV
import Glibc

/// Calls back when a socket that somebody else owns can be read or written: a library that brings its own sockets.
///
/// The owner must ``close()`` the watcher before, or in the same turn as, it closes the socket.
@Loop
package final class SocketWatcher {
    package struct Events: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }
        package static let readable = Events(rawValue: Int32(UV_READABLE.rawValue))
        package static let writable = Events(rawValue: Int32(UV_WRITABLE.rawValue))
        /// The socket failed; using it says how.
        package static let failed = Events(rawValue: 1 << 16)
    }

    private let handle = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    private var body: (@Loop (Events) -> Void)?
    private var events: Events = []

    /// - Parameter body: Told what is possible now. It may close the watcher.
    package init(_ descriptor: Int32, _ body: @escaping @Loop (Events) -> Void) throws(ReactorError) {
        self.body = body
        let result = uv_poll_init(Loop.executor.uv, handle, descriptor)
        guard result == 0 else {
            handle.deallocate()
            throw ReactorError("cannot watch a socket", code: result)
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    /// Replaces what is waited for; nothing at all is allowed.
    package func watch(_ events: Events) {
        guard body != nil, events != self.events else { return }
        self.events = events
        if events.isEmpty {
            uv_poll_stop(handle)
            return
        }
        uv_poll_start(handle, events.rawValue) { handle, status, events in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                let watcher = Unmanaged<SocketWatcher>.fromOpaque(handle.pointee.data).takeUnretainedValue()
                watcher.body?(status < 0 ? .failed : Events(rawValue: events))
            }
        }
    }

    /// Ends the watching, at once and for good. Calling it again does nothing.
    package func close() {
        guard body != nil else { return }
        body = nil
        uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)) { handle in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                Unmanaged<SocketWatcher>.fromOpaque(handle.pointee.data).release()
                UnsafeMutableRawPointer(handle).deallocate()
            }
        }
    }
}

extension Loop {
    /// Enters the loop's isolation from a callback of a C library that is called on the loop's thread.
    package nonisolated static func enter(_ body: @Loop () -> Void) { assumeIsolated(body) }
}
