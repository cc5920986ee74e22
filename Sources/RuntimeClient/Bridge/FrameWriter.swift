import Glibc
import Synchronization

/// Writes frames on a thread of its own, in order, so that whoever has one to send does not wait for the other side.
///
/// Frames that wait are bounded in bytes; who sends more is told, or may wait.
final class FrameWriter: Sendable {
    /// Bytes that may wait.
    static let limit = 64 << 20

    private struct State {
        var waiting: [[UInt8]] = []
        var bytes = 0
        var isRunning = false
        var failure: FrameTransportError?
        var isClosed = false
    }

    private let transport: any FrameTransport
    private let state = Mutex(State())
    private let limit: Int
    private let onFailure: @Sendable (FrameTransportError) -> Void

    /// `onFailure` is called once, on the writing thread, when the transport no longer takes anything.
    init(
        _ transport: any FrameTransport, limit: Int = FrameWriter.limit,
        onFailure: @escaping @Sendable (FrameTransportError) -> Void
    ) {
        self.transport = transport
        self.limit = limit
        self.onFailure = onFailure
    }

    enum Outcome: Equatable {
        case taken
        /// Too much is waiting.
        case full
        case failed
    }

    @discardableResult
    func send(_ frame: [UInt8]) -> Outcome {
        let (outcome, mustStart) = state.withLock { state -> (Outcome, Bool) in
            guard state.failure == nil, !state.isClosed else { return (.failed, false) }
            // A frame that is larger than all that may wait goes when nothing else does.
            guard state.bytes == 0 || state.bytes + frame.count <= limit else { return (.full, false) }
            state.waiting.append(frame)
            state.bytes += frame.count
            defer { state.isRunning = true }
            return (.taken, !state.isRunning)
        }
        if mustStart, !DetachedThread.run({ self.drain() }) {
            failed(.broken(reason: "there is no thread to write on"))
        }
        return outcome
    }

    /// The same, waiting while too much is under way already. For threads that may wait.
    func sendWaiting(_ frame: [UInt8]) {
        while send(frame) == .full {
            var pause = timespec(tv_sec: 0, tv_nsec: 2_000_000)
            nanosleep(&pause, nil)
        }
    }

    /// Whether all that was sent has been written, or never will be.
    var isIdle: Bool { state.withLock { !$0.isRunning || $0.failure != nil } }

    private func drain() {
        while true {
            let frames = state.withLock { state in
                let frames = state.waiting
                state.waiting = []
                if frames.isEmpty { state.isRunning = false }
                return frames
            }
            if frames.isEmpty { return }
            for frame in frames {
                do throws(FrameTransportError) { try transport.write(frame) } catch { return failed(error) }
                state.withLock { $0.bytes -= frame.count }
            }
        }
    }

    private func failed(_ error: FrameTransportError) {
        let isFirst = state.withLock { state in
            defer {
                state.failure = state.failure ?? error
                state.waiting = []
                state.bytes = 0
                state.isRunning = false
            }
            return state.failure == nil
        }
        if isFirst { onFailure(error) }
    }
}
