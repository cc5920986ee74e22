import Bytes
import Glibc
import Synchronization

/// The side of a bridge that does the work: frames come in, an adapter carries them out (§6.5).
///
/// Calls run side by side and are answered as they end; what a stream says is pushed before its call returns.
public final class BridgeServer: Sendable {
    /// Calls under way at the same time; more are refused.
    public static let callLimit = 64
    /// What is pushed or answered may have as many bytes as what is read.
    public static let frameLimit = DescriptorTransport.frameLimit

    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        /// Calls that ended before their task was written down.
        var ended: Set<Int> = []
        var streams: [String: Int] = [:]
        var underWay = 0
        var next = 0
    }

    private let adapter: any RuntimeAdapter
    private let defaultBaseURL: String?
    private let transport: any FrameTransport
    private let writer: FrameWriter
    private let state = Mutex(State())

    /// Calls that name no base URL mean `defaultBaseURL`, if there is one.
    public init(_ adapter: any RuntimeAdapter, over transport: any FrameTransport, defaultBaseURL: String? = nil) {
        self.adapter = adapter
        self.transport = transport
        self.defaultBaseURL = defaultBaseURL
        writer = FrameWriter(transport) { _ in transport.close() }
    }

    /// Serves until the input ends, and what was asked by then is answered; or until nobody reads the answers any more.
    /// It blocks its thread, which must not be one of the cooperative pool.
    public func run() {
        while true {
            do throws(FrameTransportError) {
                guard let frame = try transport.read() else { break }
                take(frame)
            } catch .tooLong(let limit) {
                reject(.null, "a frame has at most \(limit) bytes")
            } catch {
                break
            }
        }
        while isBusy {
            if transport.isAbandoned { cancelAll() }
            var pause = timespec(tv_sec: 0, tv_nsec: 5_000_000)
            nanosleep(&pause, nil)
        }
    }

    private var isBusy: Bool { state.withLock { $0.underWay > 0 } || !writer.isIdle }

    // MARK: - Calls

    private func take(_ bytes: [UInt8]) {
        guard let frame = try? JSON(parsing: bytes), frame.object != nil else {
            return reject(.null, "a frame is one JSON object on a line")
        }
        let id = frame["id"] ?? .null
        guard let name = frame["command"]?.string else { return reject(id, "the frame names no command") }
        guard let command = BridgeCommand(rawValue: name) else { return reject(id, "there is no command \(name)") }
        let arguments = BridgeArguments(command, frame["args"] ?? [:], defaultBaseURL: defaultBaseURL)
        if command == .cancelStream { return cancelStream(id, arguments) }
        start(id, command, arguments)
    }

    private func start(_ id: JSON, _ command: BridgeCommand, _ arguments: BridgeArguments) {
        let stream: String?
        do throws(RuntimeClientError) {
            stream = command == .chatStream ? try arguments.string("streamId") : nil
        } catch {
            return answer(BridgeFrame.error(id, error))
        }
        let admitted = state.withLock { state -> Result<Int, RuntimeClientError> in
            guard state.underWay < Self.callLimit else {
                return .failure(RuntimeClientError(.bridgeFailed, "\(Self.callLimit) calls are under way already"))
            }
            if let stream, state.streams[stream] != nil {
                return .failure(RuntimeClientError(.bridgeFailed, "the stream \(stream) is under way already"))
            }
            state.underWay += 1
            state.next += 1
            if let stream { state.streams[stream] = state.next }
            return .success(state.next)
        }
        let call: Int
        do throws(RuntimeClientError) { call = try admitted.get() } catch {
            return answer(BridgeFrame.error(id, error))
        }
        let task = Task {
            let frame: JSON
            do throws(RuntimeClientError) {
                frame = BridgeFrame.result(id, try await carryOut(command, arguments))
            } catch {
                frame = BridgeFrame.error(id, error)
            }
            await send(frame, id)
            ended(call, stream)
        }
        state.withLock { state in
            // The call may have ended already.
            if state.ended.remove(call) == nil { state.tasks[call] = task }
        }
    }

    private func ended(_ call: Int, _ stream: String?) {
        state.withLock { state in
            if state.tasks.removeValue(forKey: call) == nil { state.ended.insert(call) }
            if let stream { state.streams[stream] = nil }
            state.underWay -= 1
        }
    }

    private func cancelStream(_ id: JSON, _ arguments: BridgeArguments) {
        do throws(RuntimeClientError) {
            let stream = try arguments.string("streamId")
            let task = state.withLock { state in state.streams[stream].flatMap { state.tasks[$0] } }
            task?.cancel()
            answer(BridgeFrame.result(id, .null))
        } catch {
            answer(BridgeFrame.error(id, error))
        }
    }

    private func cancelAll() {
        for task in state.withLock({ Array($0.tasks.values) }) { task.cancel() }
    }

    private func carryOut(
        _ command: BridgeCommand, _ arguments: BridgeArguments
    ) async throws(RuntimeClientError) -> JSON {
        let base = try arguments.baseURL()
        switch command {
        case .health: return try await adapter.health(base).json
        case .listSessions: return .array(try await adapter.listSessions(base).map(\.json))
        case .createSession: return try await adapter.createSession(base).json
        case .getSession: return try await adapter.session(base, try arguments.string("sessionId")).json
        case .deleteSession: try await adapter.deleteSession(base, try arguments.string("sessionId"))
        case .chatStream: try await stream(base, arguments)
        case .getConfig: return try await adapter.config(base).json
        case .applyConfig:
            guard let change = try arguments.change() else { throw arguments.mismatch("request") }
            return try await adapter.applyConfig(base, change).json
        case .resetConfig: return try await adapter.resetConfig(base).json
        case .restartConfig: return try await adapter.restartConfig(base, try arguments.change()).json
        case .cancelSession: try await adapter.cancelTurn(base, try arguments.string("sessionId"))
        case .cancelStream: break
        }
        return .null
    }

    private func stream(_ base: String, _ arguments: BridgeArguments) async throws(RuntimeClientError) {
        let id = try arguments.string("streamId")
        let tooLong = Atomic(false)
        let writer = writer
        try await adapter.chatStream(base, try arguments.chatRequest()) { envelope in
            let frame = BridgeFrame.push(ChatEnvelope(streamID: id, event: envelope.event)).encoded()
            guard frame.count <= Self.frameLimit else {
                return tooLong.store(true, ordering: .sequentiallyConsistent)
            }
            // The stream's own thread may wait for a slow reader.
            if !tooLong.load(ordering: .sequentiallyConsistent) { writer.sendWaiting(frame) }
        }
        if tooLong.load(ordering: .sequentiallyConsistent) {
            throw RuntimeClientError(ChatStreamViolation.eventTooLong(limit: Self.frameLimit))
        }
    }

    // MARK: - Answers

    private func reject(_ id: JSON, _ message: String) {
        answer(BridgeFrame.error(id, RuntimeClientError(.bridgeFailed, message)))
    }

    /// From the thread that reads: who does not take the answers is not read from either.
    private func answer(_ frame: JSON) { writer.sendWaiting(frame.encoded()) }

    private func send(_ frame: JSON, _ id: JSON) async {
        var bytes = frame.encoded()
        if bytes.count > Self.frameLimit {
            let error = RuntimeClientError(.unknown, "the answer is longer than a frame may be")
            bytes = BridgeFrame.error(id, error).encoded()
        }
        while writer.send(bytes) == .full {
            try? await Task.sleep(for: .milliseconds(5))
            if Task.isCancelled { return }
        }
    }
}
