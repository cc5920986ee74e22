import Fleet
import Wire

/// Asks the daemon over its runtime socket: one request, one answer, one connection each (runtime-rpc §1).
///
/// Blocking for its caller, with a time-out on every wait.
public struct RuntimeRPCClient {
    public let path: String
    /// How long a full backlog is waited for.
    public var connectTimeout = Duration.seconds(5)
    /// How long an answer may take, beyond what was asked for: the wait of `events`, the grace of `kill`.
    public var timeout = Duration.seconds(30)
    /// Bytes an answer may have.
    public var answerLimit = 256 << 20
    /// Called about ten times a second while an answer is awaited.
    public var onWait: (() -> Void)?

    /// Bytes the path of a socket may have: the kernel keeps 108, one of them for the end.
    public static let pathLimit = 107

    public init(path: String) { self.path = path }

    /// Sends a request and waits for its answer. An `error` answer is thrown as `.refused`.
    public func send(_ request: RPCRequest) throws(RuntimeRPCError) -> RPCResponse {
        let connection = try RuntimeConnection(to: path, timeout: connectTimeout)
        connection.onWait = onWait
        // No half-close: it would cancel a long poll (§1.2).
        try connection.send(request.encoded() + [UInt8(ascii: "\n")], timeout: timeout)
        let line = try connection.line(
            limit: answerLimit, timeout: patience(for: request), doing: "waiting for the answer to \(request.type)")
        let response: RPCResponse
        do { response = try RPCResponse(line: line) } catch { throw .undecodable(error) }
        if case .error(let error) = response { throw .refused(error) }
        return response
    }

    /// The daemon cuts a wait down to a minute, and a grace down to an hour.
    private func patience(for request: RPCRequest) -> Duration {
        switch request {
        case .events(_, let wait): return .milliseconds(min(wait ?? 0, 60_000)) + min(timeout, .seconds(10))
        case .kill(_, _, let grace), .killByPID(_, _, let grace):
            return timeout + .seconds(min(grace, RPCLimits.graceSeconds))
        default: return timeout
        }
    }
}

// MARK: - Questions

extension RuntimeRPCClient {
    public func version() throws(RuntimeRPCError) -> VersionInfo {
        let response = try send(.version)
        guard case .version(let version) = response else { throw unexpected(response, .version) }
        return version
    }

    public func doctor() throws(RuntimeRPCError) -> DoctorReport {
        let response = try send(.doctor)
        guard case .doctor(let report) = response else { throw unexpected(response, .doctor) }
        return report
    }

    public func status(_ filter: StatusFilter = StatusFilter()) throws(RuntimeRPCError) -> [LifecycleRecord] {
        let response = try send(.status(filter))
        guard case .status(let lifecycles) = response else { throw unexpected(response, .status(filter)) }
        return lifecycles
    }

    public func validate(_ target: String) throws(RuntimeRPCError) -> TargetOutcome {
        let response = try send(.validateTarget(target))
        guard case .validateTarget(let outcome) = response else { throw unexpected(response, .validateTarget(target)) }
        return outcome
    }

    /// What happened after a cursor.
    public enum Events: Equatable, Sendable {
        case happened([RuntimeEvent], cursor: UInt64)
        /// The log no longer reaches back so far; `oldest` can be asked with (§8).
        case expired(oldest: UInt64)
    }

    public func events(since: UInt64?, waitMilliseconds: UInt32? = nil) throws(RuntimeRPCError) -> Events {
        let request = RPCRequest.events(since: since, waitMilliseconds: waitMilliseconds)
        let response = try send(request)
        switch response {
        case .events(let events, let cursor): return .happened(events, cursor: cursor)
        case .cursorExpired(let oldest): return .expired(oldest: oldest)
        default: throw unexpected(response, request)
        }
    }

    /// The visible screen of a session's pane, and what scrolled away.
    public func capture(
        _ session: SessionID, scrollbackLines: UInt32? = nil
    ) throws(RuntimeRPCError) -> CaptureOutcome {
        let request = RPCRequest.capture(session, scrollbackLines: scrollbackLines)
        let response = try send(request)
        guard case .capture(let outcome) = response else { throw unexpected(response, request) }
        return outcome
    }

    // MARK: - Orders

    public func spawn(_ request: SpawnRequest) throws(RuntimeRPCError) -> SpawnedRuntime {
        let response = try send(.spawn(request))
        guard case .spawned(let spawned) = response else { throw unexpected(response, .spawn(request)) }
        return spawned
    }

    public func kill(
        _ session: SessionID, _ signal: KillSignal, graceSeconds: UInt64
    ) throws(RuntimeRPCError) {
        let request = RPCRequest.kill(session, signal, graceSeconds: graceSeconds)
        let response = try send(request)
        guard case .ack = response else { throw unexpected(response, request) }
    }

    /// Signals any process; true when it had to be killed after its grace.
    public func kill(pid: UInt32, signal: Int32, graceSeconds: UInt64) throws(RuntimeRPCError) -> Bool {
        let request = RPCRequest.killByPID(pid: pid, signal: signal, graceSeconds: graceSeconds)
        let response = try send(request)
        guard case .killByPID(_, _, let killed) = response else { throw unexpected(response, request) }
        return killed
    }

    public func nudge(_ session: SessionID, _ content: String) throws(RuntimeRPCError) -> NudgeOutcome {
        let request = RPCRequest.nudge(session, content: content)
        let response = try send(request)
        guard case .nudge(let outcome) = response else { throw unexpected(response, request) }
        return outcome
    }

    /// Passes a line of an MCP client on; what is to be written back, if anything (§9).
    public func bridge(_ line: String) throws(RuntimeRPCError) -> String? {
        let response = try send(.mcpBridge(line: line))
        guard case .mcpBridge(let answer) = response else { throw unexpected(response, .mcpBridge(line: line)) }
        return answer
    }

    public func stop(drain: Bool = false) throws(RuntimeRPCError) {
        let response = try send(.stop(drain: drain))
        guard case .stopping = response else { throw unexpected(response, .stop(drain: drain)) }
    }

    private func unexpected(_ response: RPCResponse, _ request: RPCRequest) -> RuntimeRPCError {
        .unexpected(answer: response.type, to: request.type)
    }
}
