import Bytes

/// One Socket.IO connection to the daemon, over WebSocket from the start.
///
/// Reading does not wait: the caller polls `descriptor` among others and then takes what is `available()`. Pings of
/// both layers are answered on the way.
public final class SocketIOClient {
    public enum News: Equatable, Sendable {
        case event(name: String, arguments: [JSON])
        case ack(id: Int, arguments: [JSON])
    }

    /// Larger than any event of the contracts (256 KiB), since one message may carry a whole snapshot.
    private static let messageLimit = 16 << 20
    private static let sendTimeout = Duration.seconds(30)

    private let connection: Connection
    private var decoder = WebSocketDecoder(role: .client, maxMessageSize: messageLimit)
    private var waiting: [News] = []
    private var nextAck = 0
    /// The server pings at this interval and allows this much more; silence beyond both is a lost connection.
    private var patience = Duration.seconds(85)
    private var lastHeard = ContinuousClock.now
    private var isOver = false

    /// Connects, and returns once the namespace has been joined.
    public init(to address: DaemonAddress, token: String? = nil, timeout: Duration = .seconds(10)) throws(ClientError) {
        let client = HTTPClient(address: address, token: token)
        client.timeout = timeout
        // The key only guards against caches, of which there are none on the way to one's own daemon; the accept
        // header is therefore not checked.
        let key = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        let stream = try client.stream(
            HTTPRequest(
                .get, "/socket.io/?EIO=4&transport=websocket",
                headers: [
                    HTTPHeader("Connection", "Upgrade"), HTTPHeader("Upgrade", "websocket"),
                    HTTPHeader("Sec-WebSocket-Version", "13"), HTTPHeader("Sec-WebSocket-Key", Base64.text(of: key)),
                ]))
        guard stream.head.status == 101 else {
            let body = try stream.rest(timeout: .seconds(2))
            if let json = try? JSON(parsing: body), let refusal = Refusal(status: stream.head.status, json: json) {
                throw .refused(refusal)
            }
            throw .notDrover(detail: "it answers \(stream.head.status) to a Socket.IO connection")
        }
        connection = stream.upgraded
        decoder.feed(stream.remainder)
        try join(token: token, until: .now + timeout)
    }

    public var descriptor: Int32 { connection.descriptor }

    // MARK: - Talking

    /// Sends one event. With `acknowledged`, returns the id its acknowledgement will carry.
    @discardableResult
    public func emit(_ name: String, _ payload: JSON, acknowledged: Bool = false) throws(ClientError) -> Int? {
        let id = acknowledged ? nextAck : nil
        if acknowledged { nextAck += 1 }
        try send(.event(name: name, arguments: [payload], ackID: id))
        return id
    }

    /// Sends one event and waits for its acknowledgement; what else arrives meanwhile is kept for `available()`.
    public func call(_ name: String, _ payload: JSON, timeout: Duration = .seconds(10)) throws(ClientError) -> JSON {
        let id = try emit(name, payload, acknowledged: true)
        let deadline = ContinuousClock.now + timeout
        while true {
            try pump()
            let index = waiting.firstIndex { if case .ack(let acked, _) = $0 { acked == id } else { false } }
            if let index, case .ack(_, let arguments) = waiting.remove(at: index) {
                let reply = arguments.first ?? .null
                if reply["ok"]?.bool == false { throw .refused(Self.refusal(reply)) }
                return reply
            }
            if isOver { throw .connectionLost }
            guard Poll.wait(descriptor, events: 1, until: deadline) else {
                throw .timedOut(doing: "waiting for the daemon to acknowledge \(name)")
            }
        }
    }

    /// What has arrived, without waiting; `nil` when the connection is over.
    public func available() throws(ClientError) -> [News]? {
        try pump()
        if isOver && waiting.isEmpty { return nil }
        defer { waiting = [] }
        return waiting
    }

    /// The reason an acknowledgement gives for saying no.
    public static func refusal(_ reply: JSON) -> Refusal {
        let error = reply["error"]
        return Refusal(
            status: 0, code: error?["code"]?.string ?? "E_INTERNAL",
            message: error?["message"]?.string ?? "the daemon gave no reason", details: error?["details"])
    }

    /// Takes leave. Nothing can be sent afterwards.
    public func close() {
        guard !isOver else { return }
        isOver = true
        try? sendFrame(.text, SocketIOPacket.disconnect.encoded())
        try? sendFrame(.close, [0x03, 0xE8])
    }

    // MARK: - Frames

    private func join(token: String?, until deadline: ContinuousClock.Instant) throws(ClientError) {
        var hasOpened = false
        while true {
            while let packet = try nextPacket() {
                switch packet {
                case .open(let handshake):
                    hasOpened = true
                    let interval = handshake["pingInterval"]?.integer ?? 25000
                    patience = .milliseconds(interval + (handshake["pingTimeout"]?.integer ?? 60000))
                    try send(.connect(token.map { ["token": .string($0)] }))
                case .connect:
                    guard hasOpened else { throw .notDrover(detail: "it joins a namespace before it opens") }
                    return
                case .connectError(let reason):
                    throw .refused(
                        Refusal(
                            status: 401, code: reason?["data"]?["code"]?.string ?? "E_UNAUTH",
                            message: reason?["message"]?.string ?? "the daemon refused the connection"))
                default: try handle(packet)
                }
            }
            if isOver { throw .connectionLost }
            let bytes = try connection.receive(until: deadline, doing: "waiting for the daemon's greeting")
            if bytes.isEmpty { isOver = true } else { decoder.feed(bytes) }
        }
    }

    private func pump() throws(ClientError) {
        while !isOver, let bytes = try connection.receiveAvailable() {
            if bytes.isEmpty {
                isOver = true
                break
            }
            lastHeard = .now
            decoder.feed(bytes)
        }
        while let packet = try nextPacket() { try handle(packet) }
        if ContinuousClock.now - lastHeard > patience { throw .connectionLost }
    }

    private func handle(_ packet: SocketIOPacket) throws(ClientError) {
        switch packet {
        case .ping(let data): try send(.pong(data))
        case .event("server_ping", _, let id?): try send(.ack(id: id, arguments: []))
        case .event(let name, let arguments, _): waiting.append(.event(name: name, arguments: arguments))
        case .ack(let id, let arguments): waiting.append(.ack(id: id, arguments: arguments))
        case .close, .disconnect: isOver = true
        case .open, .pong, .connect, .connectError: break
        }
    }

    private func nextPacket() throws(ClientError) -> SocketIOPacket? {
        do {
            while let message = try decoder.next() {
                switch message {
                case .text(let text): if let packet = SocketIOPacket(text: text) { return packet }
                case .ping(let payload): try sendFrame(.pong, payload)
                case .close: isOver = true
                case .binary, .pong: break
                }
            }
            return nil
        } catch let error as ClientError {
            throw error
        } catch {
            throw .notDrover(detail: "its WebSocket frames are broken")
        }
    }

    private func send(_ packet: SocketIOPacket) throws(ClientError) {
        guard !isOver else { throw .connectionLost }
        try sendFrame(.text, packet.encoded())
    }

    private func sendFrame(_ opcode: WebSocketOpcode, _ payload: [UInt8]) throws(ClientError) {
        var frame: [UInt8] = []
        WebSocketEncoder.append(opcode, payload, mask: .random(in: .min ... .max), to: &frame)
        try connection.send(frame, timeout: Self.sendTimeout)
    }
}
