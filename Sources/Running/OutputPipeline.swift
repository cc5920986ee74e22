import Fleet
import Reactor

/// The way of terminal bytes: redaction, recording, then chunks for viewers (architecture §2).
///
/// A viewer sees a byte after it was recorded. A viewer that is slow loses chunks, the recording nothing; a recording that is
/// slow holds the agent up, and nobody's memory grows.
@Loop
final class OutputPipeline {
    /// What came of the bytes.
    struct Handlers {
        var chunk: @Loop (TerminalChunk) -> Void
        /// The recording was settled up to here, with the bytes that were written: for those who read along.
        var recorded: @Loop ([UInt8]) -> Void
        var secretsRedacted: @Loop (Int) -> Void
        var pauseOutput: @Loop (Bool) -> Void
        var recordingFailed: @Loop (String) -> Void
        var drained: @Loop () -> Void
    }

    /// Above this the agent waits, below the other it goes on.
    private static let highWater = 4 << 20
    private static let lowWater = 1 << 20

    private let config: SessionConfig
    private let recording: any SessionRecording
    private let handlers: Handlers
    private var redactor: TerminalRedactor
    private var chunker: TerminalChunker
    private var limiter = OutputLimiter()

    private var unsettled: [(token: UInt64, bytes: [UInt8])] = []
    private var nextToken: UInt64 = 1
    private var pending = 0
    private var isPaused = false
    private var hasFailed = false
    private var isEnding = false
    private var isClosed = false
    private var timerDeadline: MonotonicTime?

    /// Bytes settled so far: the length of the recording, as viewers count.
    private(set) var bytes: Int

    /// - Parameter recordedBefore: Bytes that the recording holds already; what is written now follows them.
    init(
        _ config: SessionConfig, recording: any SessionRecording, recordedBefore: Int = 0, handlers: Handlers
    ) {
        bytes = recordedBefore
        chunker = TerminalChunker(offset: recordedBefore)
        self.config = config
        self.recording = recording
        self.handlers = handlers
        redactor = TerminalRedactor(SecretRedactor(environment: config.environment))
        recording.open(config, at: WallClock.now) { [weak self] news in self?.heard(news) }
    }

    func wrote(_ output: [UInt8]) {
        guard !isEnding else { return }
        record(redacting { redactor, now in redactor.feed(output, at: now) })
        schedule()
    }

    /// No more output comes. `drained` follows when all of it is recorded and shown.
    func end() {
        guard !isEnding else { return }
        record(redacting { redactor, _ in redactor.flush() })
        isEnding = true
        if unsettled.isEmpty { finish() }
    }

    func resize(_ size: TerminalSize) {
        if !isEnding { recording.resize(config.sessionID, to: size, at: WallClock.now) }
    }

    private var now: MonotonicTime { MonotonicTime(milliseconds: Loop.now) }

    /// Passes bytes through the redactor and tells when it found something.
    private func redacting(_ pass: (inout TerminalRedactor, MonotonicTime) -> [UInt8]) -> [UInt8] {
        let before = redactor.secrets
        let output = pass(&redactor, now)
        if redactor.secrets > before { handlers.secretsRedacted(redactor.secrets - before) }
        return output
    }

    private func record(_ output: [UInt8]) {
        guard !output.isEmpty else { return }
        let token = nextToken
        nextToken += 1
        unsettled.append((token, output))
        pending = recording.append(output, of: config.sessionID, at: WallClock.now, token: token)
        if pending > Self.highWater, !isPaused {
            isPaused = true
            handlers.pauseOutput(true)
        }
    }

    private func heard(_ news: RecordingNews) {
        switch news {
        case .settled(let token, let failure):
            if let failure, !hasFailed {
                hasFailed = true
                handlers.recordingFailed(failure)
            }
            settle(upTo: token)
        case .closed: break
        }
    }

    private func settle(upTo token: UInt64) {
        let count = unsettled.prefix { $0.token <= token }.count
        let settled = unsettled[..<count]
        unsettled.removeFirst(count)
        for item in settled {
            bytes += item.bytes.count
            pending -= item.bytes.count
            handlers.recorded(item.bytes)
            show(chunker.feed(item.bytes, at: now))
        }
        if isPaused, pending < Self.lowWater {
            isPaused = false
            handlers.pauseOutput(false)
        }
        if isEnding, unsettled.isEmpty { finish() } else { schedule() }
    }

    private func show(_ chunks: [TerminalChunk]) {
        guard !chunks.isEmpty else { return }
        for chunk in limiter.admit(chunks, at: now) { handlers.chunk(chunk) }
    }

    private func finish() {
        guard !isClosed else { return }
        isClosed = true
        show(chunker.flush())
        for chunk in limiter.flush() { handlers.chunk(chunk) }
        recording.close(config.sessionID)
        handlers.drained()
    }

    // MARK: - Time

    private func schedule() {
        let deadlines = [redactor.deadline, chunker.deadline, limiter.deadline].compactMap { $0 }
        guard let deadline = deadlines.min(), !isClosed else { return }
        if let timerDeadline, timerDeadline <= deadline { return }
        timerDeadline = deadline
        _ = LoopTimer(after: deadline.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self, timerDeadline == deadline else { return }
            timerDeadline = nil
            wake()
        }
    }

    private func wake() {
        guard !isClosed else { return }
        if !isEnding { record(redacting { redactor, now in redactor.wake(at: now) }) }
        show(chunker.wake(at: now))
        for chunk in limiter.wake(at: now) { handlers.chunk(chunk) }
        schedule()
    }
}
