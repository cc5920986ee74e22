import Bytes
import Synchronization

/// One end of a bridge that asks: calls by their number, streams by their id, and the thread that reads for both.
final class BridgeLine: Sendable {
    private enum Waiting {
        case call(CheckedContinuation<Result<JSON, RuntimeClientError>, Never>)
        case stream(Stream, CheckedContinuation<Result<JSON, RuntimeClientError>, Never>)
    }

    private struct Stream {
        var id: String
        var settlement = StreamSettlement()
        var onEvent: @Sendable (ChatEnvelope) -> Void
    }

    private struct State {
        var next = 0
        var waiting: [Int: Waiting] = [:]
        var streams: [String: Int] = [:]
        /// Calls whose task was cancelled before they were sent.
        var cancelled: Set<Int> = []
        var failure: RuntimeClientError?
    }

    private let transport: any FrameTransport
    private let answerLimit: Duration
    private let writer: FrameWriter
    private let state = Mutex(State())

    init(_ transport: any FrameTransport, answerLimit: Duration) {
        self.transport = transport
        self.answerLimit = answerLimit
        writer = FrameWriter(transport) { _ in transport.close() }
    }

    func startReading() {
        if !DetachedThread.run({ self.read() }) {
            fail(RuntimeClientError(.bridgeFailed, "the system has no thread for the bridge"))
        }
    }

    func close() {
        transport.close()
        fail(RuntimeClientError(.bridgeFailed, "the bridge is closed"))
    }

    // MARK: - Asking

    func call(_ command: BridgeCommand, _ arguments: JSON) async throws(RuntimeClientError) -> JSON {
        let number = newNumber()
        let limit = answerLimit
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            self?.settle(number, .failure(RuntimeClientError(.bridgeFailed, "the bridge did not answer in \(limit)")))
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                send(number, command, arguments, .call(continuation))
            }
        } onCancel: {
            cancel(number)
        }
        return try result.get()
    }

    func stream(
        _ id: String, _ arguments: JSON, onEvent: @escaping @Sendable (ChatEnvelope) -> Void
    ) async throws(RuntimeClientError) {
        let number = newNumber()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // It listens before it asks (§6.5).
                send(number, .chatStream, arguments, .stream(Stream(id: id, onEvent: onEvent), continuation))
            }
        } onCancel: {
            cancel(number)
            let frame = BridgeFrame.call(newNumber(), .cancelStream, ["streamId": .string(id)])
            writer.send(frame.encoded())
        }
        _ = try result.get()
    }

    private func newNumber() -> Int {
        state.withLock { state in
            state.next += 1
            return state.next
        }
    }

    private func send(_ number: Int, _ command: BridgeCommand, _ arguments: JSON, _ waiting: Waiting) {
        let refusal = state.withLock { state -> RuntimeClientError? in
            state.waiting[number] = waiting
            if case .stream(let stream, _) = waiting { state.streams[stream.id] = number }
            if state.cancelled.remove(number) != nil { return .cancelled }
            return state.failure
        }
        if let refusal { return settle(number, .failure(refusal)) }
        let frame = BridgeFrame.call(number, command, arguments).encoded()
        guard frame.count <= DescriptorTransport.frameLimit else {
            let error = RuntimeClientError(.bridgeFailed, "the request is longer than a frame may be")
            return settle(number, .failure(error))
        }
        if writer.send(frame) != .taken {
            settle(number, .failure(RuntimeClientError(.bridgeFailed, "the bridge takes no more")))
        }
    }

    private func cancel(_ number: Int) {
        let isWaiting = state.withLock { state in
            if state.waiting[number] != nil { return true }
            state.cancelled.insert(number)
            return false
        }
        if isWaiting { settle(number, .failure(.cancelled)) }
    }

    /// Ends a call, once.
    private func settle(_ number: Int, _ result: Result<JSON, RuntimeClientError>) {
        let waiting = state.withLock { state in
            let waiting = state.waiting.removeValue(forKey: number)
            if case .stream(let stream, _) = waiting { state.streams[stream.id] = nil }
            return waiting
        }
        switch waiting {
        case .call(let continuation)?, .stream(_, let continuation)?: continuation.resume(returning: result)
        case nil: break
        }
    }

    private func fail(_ error: RuntimeClientError) {
        let numbers = state.withLock { state in
            state.failure = state.failure ?? error
            return Array(state.waiting.keys)
        }
        for number in numbers { settle(number, .failure(error)) }
    }

    // MARK: - Reading

    private func read() {
        while true {
            do throws(FrameTransportError) {
                guard let frame = try transport.read() else { break }
                // A line that is no frame is what else the other side prints.
                if let json = try? JSON(parsing: frame) { take(json) }
            } catch .tooLong {
                // Nobody knows whose answer it was.
                continue
            } catch {
                break
            }
        }
        fail(RuntimeClientError(.bridgeFailed, "the bridge has ended"))
    }

    private func take(_ frame: JSON) {
        if frame["channel"]?.string == ChatEnvelope.channel {
            took(push: frame["payload"] ?? .null)
        } else if let number = frame["id"]?.integer {
            if let error = frame["error"], !error.isNull {
                returned(number, .failure(RuntimeClientError(rejection: error)))
            } else if let result = frame["result"] {
                returned(number, .success(result))
            } else {
                returned(number, .failure(RuntimeClientError(.bridgeFailed, "the answer has neither result nor error")))
            }
        }
    }

    private func returned(_ number: Int, _ result: Result<JSON, RuntimeClientError>) {
        let isStream = state.withLock { state in
            if case .stream = state.waiting[number] { return true }
            return false
        }
        guard isStream else { return settle(number, result) }
        switch result {
        case .success: act(number) { $0.returned(at: .now) }
        case .failure(let error): act(number) { $0.rejected(error) }
        }
    }

    /// The channel carries all streams to all listeners: those of others are passed over.
    private func took(push payload: JSON) {
        guard let id = payload["stream_id"]?.string else { return }
        let found = state.withLock { state -> (Int, Stream)? in
            guard let number = state.streams[id], case .stream(let stream, _) = state.waiting[number] else {
                return nil
            }
            return (number, stream)
        }
        guard let (number, stream) = found, let name = payload["event"]?.string else { return }
        do throws(ChatStreamViolation) {
            guard let event = try ChatEvent(name: name, data: payload["data"] ?? .null) else { return }
            stream.onEvent(ChatEnvelope(streamID: id, event: event))
            act(number) { $0.received(event) }
        } catch {
            act(number) { $0.received(error) }
        }
    }

    private func act(_ number: Int, _ decide: (inout StreamSettlement) -> StreamSettlement.Action) {
        let action = state.withLock { state -> StreamSettlement.Action in
            guard case .stream(var stream, let continuation) = state.waiting[number] else { return .wait }
            let action = decide(&stream.settlement)
            state.waiting[number] = .stream(stream, continuation)
            return action
        }
        switch action {
        case .wait: break
        case .settle(let error): settle(number, error.map { .failure($0) } ?? .success(.null))
        case .waitUntil(let moment):
            Task { [weak self] in
                try? await Task.sleep(until: moment, clock: .continuous)
                self?.act(number) { $0.wake(at: .now) }
            }
        }
    }
}
