import CCurl
import Models
import Reactor

/// One request under way, and its answer as far as it has come.
@Loop public final class UpstreamCall {
    enum Phase {
        case connecting
        /// The request is being sent, or was; nothing has come back.
        case waiting
        case receiving
    }

    let handle: UnsafeMutableRawPointer
    /// The headers to send, which libcurl does not copy.
    var headers: UnsafeMutablePointer<curl_slist>?
    /// Where libcurl writes what went wrong.
    let message: UnsafeMutablePointer<CChar>
    let host: String
    private let timeouts: UpstreamTimeouts
    private(set) var receiver: (any UpstreamReceiver)?
    private weak var client: UpstreamClient?

    // What libcurl has given and the receiver has not been told yet. libcurl must not be called from its own callbacks,
    // and a receiver may well want to: so it is told once libcurl has returned, which gives no more than some buffers at
    // a time.
    private var head = UpstreamHead()
    private(set) var hasToldHead = false
    private var body: [UInt8] = []

    private(set) var phase = Phase.connecting
    /// When the present wait began: the connection stood, or the last bytes came.
    private var waitsSince: Int64 = 0
    private var timer: LoopTimer?
    /// Why the call was given up from within a callback.
    private(set) var refusal: UpstreamFailure?

    init(
        handle: UnsafeMutableRawPointer, host: String, timeouts: UpstreamTimeouts, receiver: any UpstreamReceiver,
        client: UpstreamClient
    ) {
        self.handle = handle
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        self.host = host
        self.timeouts = timeouts
        self.receiver = receiver
        self.client = client
    }

    /// Ends the call: the receiver hears nothing more. Calling it again, or after the end, does nothing.
    public func cancel() {
        guard receiver != nil else { return }
        client?.remove(self)
    }

    // MARK: - Called from libcurl

    func connected() {
        phase = .waiting
        wait()
    }

    /// `false` ends the transfer.
    func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        hear()
        if head.take(line) { return true }
        refusal = .broken(reason: "\(host) sent headers of more than \(UpstreamHead.limit) bytes")
        return false
    }

    func takeBody(_ bytes: UnsafeRawBufferPointer) {
        hear()
        body.append(contentsOf: bytes)
    }

    // MARK: - Called by the client

    /// Tells the receiver what has come.
    func deliver() {
        if head.isComplete, !hasToldHead {
            hasToldHead = true
            receiver?.received(status: head.status, headers: head.headers.map { ($0.name, $0.value) })
        }
        guard hasToldHead, !body.isEmpty else { return }
        let bytes = body
        body = []
        receiver?.received(bytes: bytes)
    }

    /// Lets go of the receiver, to whom nothing is told from now on.
    func end() -> (any UpstreamReceiver)? {
        timer?.cancel()
        timer = nil
        defer { receiver = nil }
        return receiver
    }

    // MARK: - Time

    private func hear() {
        if phase != .receiving {
            phase = .receiving
            timer?.cancel()
            timer = nil
        }
        wait()
    }

    /// Begins a wait. The timer that runs is left alone: when it fires, it sees how long the wait has been.
    private func wait() {
        waitsSince = Loop.now
        if timer == nil { setTimer() }
    }

    private func setTimer() {
        timer = LoopTimer(after: waitsSince + limit - Loop.now) { [weak self] in self?.wake() }
    }

    private var limit: Int64 { Int64(phase == .receiving ? timeouts.idle : timeouts.firstByte) }

    private func wake() {
        timer = nil
        guard receiver != nil else { return }
        if Loop.now - waitsSince < limit { return setTimer() }
        let what = phase == .receiving ? "waiting for more from" : "waiting for the first byte from"
        client?.end(self, .failure(.timedOut(phase: "\(what) \(host)")))
    }
}
