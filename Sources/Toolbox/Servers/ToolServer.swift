import Bytes
import CSystem
import Glibc
import Settings
import Synchronization

/// How long is waited for a tool server.
public struct ToolServerLimits: Equatable, Sendable {
    /// From its start to its list of tools.
    public var start: Duration
    /// For the answer of a call.
    public var call: Duration
    /// After its first failure until it is started again; doubled for each further one.
    public var retry: Duration
    public var longestRetry: Duration

    public init(
        start: Duration = .seconds(15), call: Duration = .seconds(60), retry: Duration = .seconds(1),
        longestRetry: Duration = .seconds(300)
    ) {
        self.start = start
        self.call = call
        self.retry = retry
        self.longestRetry = longestRetry
    }
}

/// A program that offers tools over its standard input and output, started when it is first needed.
///
/// A thread of its own reads what the program says for as long as it runs. A program that ends or fails is started again
/// when it is next asked for and its time of rest is over.
final class ToolServer: Sendable {
    let settings: ToolServerSettings
    private let directory: String
    private let limits: ToolServerLimits
    private let report: @Sendable (String, ToolServerFailure) -> Void

    private struct State {
        var phase = Phase.idle
        var dialogue = ToolServerDialogue()
        /// Where lines for the program go, while it runs.
        var input: Descriptor?
        var waiting: [Int: Waiter] = [:]
        var failures = 0
        /// As it said last.
        var tools: [ServerTool] = []

        /// After a restart, another call may have the same id.
        mutating func forget(_ waiter: Waiter, _ id: Int) {
            if waiting[id] === waiter { waiting[id] = nil }
        }
    }

    private enum Phase {
        case idle
        case starting
        case ready
        case failed(ToolServerFailure, retryAt: ContinuousClock.Instant)
        case closing
        case closed
    }

    private let state = Mutex(State())
    /// One line at a time.
    private let writing = Mutex(())
    /// Wakes the thread.
    private let bell: Descriptor?

    /// Bytes of a line; a program that says more at once is ended.
    static let lineLimit = 4 << 20
    /// Bytes kept of what it said last on its standard error.
    private static let errorLimit = 2048
    /// How long a line may take to be written to a program that does not read.
    private static let writeLimit = Duration.seconds(10)
    /// Between the end of its input, SIGTERM and SIGKILL.
    private static let grace = Duration.milliseconds(500)
    /// A program that was of use this long starts anew with the shortest rest.
    private static let goodRun = Duration.seconds(30)

    init(
        _ settings: ToolServerSettings, directory: String, limits: ToolServerLimits,
        report: @escaping @Sendable (String, ToolServerFailure) -> Void
    ) {
        self.settings = settings
        self.directory = directory
        self.limits = limits
        self.report = report
        let bell = drover_eventfd()
        self.bell = bell >= 0 ? Descriptor(bell) : nil
    }

    // MARK: - From outside

    /// The tools that it offered when it last said so, and whether it is ready.
    var tools: (known: [ServerTool], isReady: Bool) {
        state.withLock { state in
            if case .ready = state.phase { return (state.tools, true) }
            return (state.tools, false)
        }
    }

    /// Starts the program unless it runs or rests. Does not wait.
    func wake() {
        let starts = state.withLock { state in
            switch state.phase {
            case .idle: break
            case .failed(_, let retryAt) where ContinuousClock.now >= retryAt: break
            case .failed, .starting, .ready, .closing, .closed: return false
            }
            state.phase = .starting
            return true
        }
        if starts { startThread() }
    }

    /// Whether there is hope: it has been ready before, or has not failed yet. One that never was of use is started again
    /// now and then, but no turn waits for it.
    var isWorthWaitingFor: Bool { state.withLock { $0.failures == 0 || !$0.tools.isEmpty } }

    /// Starts it if need be, and waits until it is ready or will not be. Returns why not.
    @discardableResult
    func prepare(isCancelled: @Sendable () -> Bool) -> ToolServerFailure? {
        wake()
        // Its thread gives up before this does.
        let end = ContinuousClock.now + limits.start + .seconds(5)
        while ContinuousClock.now < end, !isCancelled() {
            switch state.withLock({ $0.phase }) {
            case .ready: return nil
            case .failed(let failure, _): return failure
            case .closing, .closed: return ToolServerFailure("it was closed")
            case .idle, .starting: usleep(5000)
            }
        }
        return ToolServerFailure("it is not ready")
    }

    /// Calls a tool and waits for the answer.
    func call(
        _ tool: String, _ arguments: JSON, isCancelled: @escaping @Sendable () -> Bool
    ) throws(ToolFailure) -> ToolOutcome {
        if let failure = prepare(isCancelled: isCancelled) {
            throw ToolFailure(
                isCancelled() ? "cancelled" : "the server \(settings.name) cannot be used: \(failure.reason)")
        }
        guard let waiter = Waiter() else { throw ToolFailure(.system(settings.name, error: errno)) }
        let (id, line, input) = state.withLock { state in
            let (id, line) = state.dialogue.call(tool, arguments)
            // It may have ended since.
            if state.input != nil { state.waiting[id] = waiter }
            return (id, line, state.input)
        }
        guard let input else { throw ToolFailure("the server \(settings.name) has ended") }
        guard write(line, to: input) else {
            state.withLock { $0.forget(waiter, id) }
            throw ToolFailure("the server \(settings.name) does not take the call")
        }
        let deadline = Deadline(isCancelled, within: limits.call)
        while true {
            if let result = waiter.wait(milliseconds: 50) {
                switch result {
                case .success(let result): return ToolOutcome(serverResult: result)
                case .failure(let failure): return .failure(failure.reason)
                }
            }
            let isUnwanted = isCancelled()
            guard isUnwanted || deadline.hasPassed else { continue }
            let line = state.withLock { state in
                state.forget(waiter, id)
                return state.dialogue.cancellation(of: id)
            }
            _ = write(line, to: input)
            throw ToolFailure(isUnwanted ? "cancelled" : "the server \(settings.name) did not answer in time")
        }
    }

    /// Ends the program with all it has started, for good. Does not wait.
    func close() {
        state.withLock { state in
            switch state.phase {
            case .idle, .failed, .closed: state.phase = .closed
            case .starting, .ready, .closing: state.phase = .closing
            }
        }
        ring()
    }

    /// Waits until the program is gone after ``close()``, a few seconds at most.
    func waitUntilClosed() {
        let end = ContinuousClock.now + Self.grace * 6
        while ContinuousClock.now < end {
            if case .closed = state.withLock({ $0.phase }) { return }
            usleep(5000)
        }
    }

    // MARK: - The thread

    private func startThread() {
        guard let bell else { return failed(ToolServerFailure("there are too many open files")) }
        let started = OwnThread.start { [self] in
            run(bell)
        }
        if !started { failed(ToolServerFailure("no thread could be started")) }
    }

    private func run(_ bell: Descriptor) {
        let began = ContinuousClock.now
        let streams: Streams
        let process: ServerProcess
        switch spawn() {
        case .failure(let failure): return failed(failure)
        case .success(let spawned): (process, streams) = spawned
        }
        let first = state.withLock { state in
            state.dialogue = ToolServerDialogue()
            state.input = streams.input
            return state.dialogue.start()
        }
        let failure = converse(streams, first, bell, until: began + limits.start)
        ended(failure, began)
        // The end of its input is what asks a program to go.
        streams.input = nil
        process.end(grace: failure == nil ? Self.grace : .zero)
        let isClosing = state.withLock { state in
            guard case .closing = state.phase else { return false }
            state.phase = .closed
            return true
        }
        if !isClosing, let failure { report(settings.name, failure) }
    }

    /// Our ends of what the program reads and writes.
    private final class Streams {
        var input: Descriptor?
        let output: Descriptor
        let errors: Descriptor

        init(input: Descriptor, output: Descriptor, errors: Descriptor) {
            self.input = input
            self.output = output
            self.errors = errors
        }
    }

    private func spawn() -> Result<(ServerProcess, Streams), ToolServerFailure> {
        guard let input = Pipe(forReading: false), let output = Pipe(forReading: true),
            let errors = Pipe(forReading: true)
        else { return .failure(ToolServerFailure("there are too many open files")) }
        let spawned = withCStrings([settings.command] + settings.arguments) { words in
            withCStrings(environment) { environment in
                // It dies with this thread, and so with the daemon.
                drover_spawn_child(
                    words, environment, directory,
                    [input.theirs.number, output.theirs.number, errors.theirs.number], 1, SIGKILL)
            }
        }
        for end in [input.theirs, output.theirs, errors.theirs] { end.close() }
        guard spawned.pid > 0 else {
            let reason = String(cString: strerror(spawned.error))
            return .failure(ToolServerFailure("\(settings.command) could not be started: \(reason)"))
        }
        let process = ServerProcess(pid: spawned.pid, pidfd: Descriptor(spawned.pidfd))
        return .success((process, Streams(input: input.ours, output: output.ours, errors: errors.ours)))
    }

    /// Listens to the program until it ends, fails, or is to be closed, for which there is no failure.
    private func converse(
        _ streams: Streams, _ first: [UInt8], _ bell: Descriptor, until deadline: ContinuousClock.Instant
    ) -> ToolServerFailure? {
        guard let input = streams.input, write(first, to: input) else {
            return ToolServerFailure("it does not read its input")
        }
        var said = LineBuffer(limit: Self.lineLimit)
        var complaints: [UInt8] = []
        var mayComplain = true
        while true {
            var timeout: Int32 = -1
            switch state.withLock({ $0.phase }) {
            case .closing, .closed: return nil
            case .starting:
                let (seconds, attoseconds) = (deadline - ContinuousClock.now).components
                timeout = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
                if timeout <= 0 { return ToolServerFailure("it was not ready in time" + Self.quoted(complaints)) }
            case .idle, .ready, .failed: break
            }
            var polled = [bell.number, mayComplain ? streams.errors.number : -1, streams.output.number].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&polled, nfds_t(polled.count), timeout)
            if polled[0].revents != 0 { Self.silence(bell) }
            if polled[1].revents != 0, let chunk = Self.read(streams.errors) {
                // Nothing more comes from a stream that was closed.
                mayComplain = !chunk.isEmpty
                complaints = Array((complaints + chunk).suffix(Self.errorLimit))
            }
            guard polled[2].revents != 0, let chunk = Self.read(streams.output) else { continue }
            if chunk.isEmpty {
                // What it complained of may still be on its way.
                if mayComplain, let last = Self.read(streams.errors) {
                    complaints = Array((complaints + last).suffix(Self.errorLimit))
                }
                return ToolServerFailure("it has ended" + Self.quoted(complaints))
            }
            for line in said.feed(chunk) {
                if let failure = received(line, input) { return failure }
            }
            if said.isOverfull { return ToolServerFailure("it wrote a line of more than 4 MiB") }
        }
    }

    /// Handles a line, and returns why the program cannot be used if that follows.
    private func received(_ line: [UInt8], _ input: Descriptor) -> ToolServerFailure? {
        // What is to be done is decided in the lock and done outside of it.
        let (actions, answers) = state.withLock { state in
            let actions = state.dialogue.received(line)
            var answers: [(Waiter, Result<JSON, ToolServerFailure>)] = []
            for action in actions {
                switch action {
                case .tools(let tools):
                    switch state.phase {
                    case .starting, .ready:
                        state.phase = .ready
                        state.tools = tools
                    case .idle, .failed, .closing, .closed: break
                    }
                case .answered(let id, let result):
                    if let waiter = state.waiting.removeValue(forKey: id) { answers.append((waiter, result)) }
                case .send, .failed: break
                }
            }
            return (actions, answers)
        }
        for (waiter, result) in answers { waiter.answer(result) }
        for action in actions {
            switch action {
            case .send(let line):
                guard write(line, to: input) else { return ToolServerFailure("it does not read its input") }
            case .failed(let failure): return failure
            case .tools, .answered: break
            }
        }
        return nil
    }

    /// The program is not to be used any more: tells all who wait.
    private func ended(_ failure: ToolServerFailure?, _ began: ContinuousClock.Instant) {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            state.input = nil
            if let failure {
                var isGood = false
                if case .ready = state.phase { isGood = ContinuousClock.now - began >= Self.goodRun }
                rest(&state, failure, isGood: isGood)
            }
            return state.waiting.values
        }
        let reason = ToolServerFailure(
            "the server \(settings.name) cannot be used: \(failure?.reason ?? "it was closed")")
        for waiter in waiting { waiter.answer(.failure(reason)) }
    }

    /// The program did not even start.
    private func failed(_ failure: ToolServerFailure) {
        let isClosing = state.withLock { state in
            if case .closing = state.phase {
                state.phase = .closed
                return true
            }
            rest(&state, failure, isGood: false)
            return false
        }
        if !isClosing { report(settings.name, failure) }
    }

    private func rest(_ state: inout State, _ failure: ToolServerFailure, isGood: Bool) {
        if case .closing = state.phase { return }
        if isGood { state.failures = 0 }
        let rest = min(limits.longestRetry, limits.retry * (1 << min(state.failures, 16)))
        state.failures += 1
        state.phase = .failed(failure, retryAt: .now + rest)
    }

    // MARK: - Small steps

    /// What every program needs of our environment, and what is configured for this one. Keys are not among it.
    private var environment: [String] {
        let inherited = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"]
        var variables: [String: String] = [:]
        for name in inherited { if let value = getenv(name) { variables[name] = String(cString: value) } }
        variables.merge(settings.environment) { _, configured in configured }
        return variables.map { "\($0)=\($1)" }.sorted()
    }

    private func write(_ line: [UInt8], to input: Descriptor) -> Bool {
        let bytes = line + [UInt8(ascii: "\n")]
        let end = ContinuousClock.now + Self.writeLimit
        return writing.withLock { _ in
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes { bytes in
                    Glibc.write(input.number, bytes.baseAddress! + written, bytes.count - written)
                }
                if count > 0 {
                    written += count
                    continue
                }
                if count < 0 && errno == EINTR { continue }
                guard count < 0, errno == EAGAIN, ContinuousClock.now < end else { return false }
                var polled = pollfd(fd: input.number, events: Int16(POLLOUT), revents: 0)
                _ = poll(&polled, 1, 50)
            }
            return true
        }
    }

    private func ring() {
        var one: UInt64 = 1
        if let bell { _ = Glibc.write(bell.number, &one, MemoryLayout<UInt64>.size) }
    }

    private static func silence(_ bell: Descriptor) {
        var count: UInt64 = 0
        _ = Glibc.read(bell.number, &count, MemoryLayout<UInt64>.size)
    }

    /// What is there to be read: empty at the end, `nil` when there is nothing yet.
    private static func read(_ stream: Descriptor) -> [UInt8]? {
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, count in
            let got = Glibc.read(stream.number, buffer.baseAddress, buffer.count)
            if got < 0 { failure = errno }
            count = max(0, got)
        }
        return failure == EAGAIN || failure == EINTR ? nil : chunk
    }

    private static func quoted(_ complaints: [UInt8]) -> String {
        let text = String(decoding: complaints, as: UTF8.self).withoutSurroundingSpace
        return text.isEmpty ? "" : ": \(text)"
    }
}
