import Synchronization

/// What became of a session's recording: one for all that was written of it at once.
public struct RecorderCompletion: Equatable, Sendable {
    public enum Result: Equatable, Sendable {
        case opened
        /// Everything appended with this token, and before it, is in the log.
        case written
        case closed
        /// What was appended with this token is lost. After `.full` and the like the recording has ended where it
        /// is, and later appends fail as `.truncated`; the session itself may go on.
        case failed(StoreError)
    }

    public let session: String
    /// The last of the tokens that this answers.
    public let token: UInt64
    public let result: Result
    /// The offset after the last byte in the log.
    public let end: Int64
    /// Output of the session that still waits.
    public let pending: Int

    public init(session: String, token: UInt64, result: Result, end: Int64, pending: Int) {
        self.session = session
        self.token = token
        self.result = result
        self.end = end
        self.pending = pending
    }
}

/// Records what terminals show: one thread writes for all sessions.
///
/// A completion means that the bytes are the kernel's: they survive this program, though not a loss of power.
/// Memory is bounded by its callers: `append` says how much waits, and a caller that reads a terminal no further
/// above some limit holds up that terminal alone.
public final class Recorder: Sendable {
    private let queue: RecorderQueue
    private let thread: WorkerThread
    private let isJoined = Mutex(false)

    /// Starts the recorder of a home. `byteLimit` is for all sessions together; above it `append` refuses.
    ///
    /// `deliver` is called on the recorder's thread: it should hand the batch over and return.
    public init(
        home: String, byteLimit: Int = 256 << 20, deliver: @escaping @Sendable ([RecorderCompletion]) -> Void
    ) throws(StoreError) {
        let queue = try RecorderQueue(byteLimit: byteLimit)
        let loop = RecorderLoop(paths: RecordingPaths(home: home), queue: queue, deliver: deliver)
        self.queue = queue
        thread = try WorkerThread(name: "drover-recorder") { loop.run() }
    }

    deinit { close() }

    /// Ends the recorder: what was appended is written and answered, all files are closed, the thread is gone.
    public func close() {
        isJoined.withLock { isJoined in
            if isJoined { return }
            isJoined = true
            queue.close()
            thread.join()
        }
    }
}

extension Recorder {
    /// Begins the recording of a session, or goes on with the one that is there.
    public func open(session: String, header: RecordingHeader, token: UInt64 = 0) throws(StoreError) {
        _ = try queue.append(RecorderCommand(session: session, token: token, work: .open(header)))
    }

    /// Records output. Returns how much of the session's output waits to be written, this included.
    @discardableResult
    public func append(session: String, _ bytes: [UInt8], atMs: Int64, token: UInt64) throws(StoreError) -> Int {
        try queue.append(RecorderCommand(session: session, token: token, work: .output(bytes, atMs: atMs)))
    }

    /// Records a new size of the terminal.
    public func resize(session: String, columns: Int, rows: Int, atMs: Int64) throws(StoreError) {
        let work = RecorderCommand.Work.resize(columns: columns, rows: rows, atMs: atMs)
        _ = try queue.append(RecorderCommand(session: session, token: 0, work: work))
    }

    /// Ends the recording of a session.
    public func close(session: String, token: UInt64 = 0) throws(StoreError) {
        _ = try queue.append(RecorderCommand(session: session, token: token, work: .close))
    }

    /// Output of the session that waits to be written.
    public func pending(session: String) -> Int { queue.pending(of: session) }
}
