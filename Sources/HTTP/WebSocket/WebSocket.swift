import Bytes
import Reactor

/// What is told of a WebSocket's news, on the loop, in order. `webSocketClosed` is the last, and comes exactly once.
@Loop
public protocol WebSocketDelegate: AnyObject {
    func webSocket(_ socket: WebSocket, receivedText text: [UInt8])
    func webSocket(_ socket: WebSocket, receivedBinary bytes: [UInt8])
    /// The peer answered our ping.
    func webSocketReceivedPong(_ socket: WebSocket)
    /// - Parameter code: Of the close frame, or `nil` when the connection broke without one.
    func webSocketClosed(_ socket: WebSocket, code: UInt16?)
}

extension WebSocketDelegate {
    public func webSocketReceivedPong(_ socket: WebSocket) {}
}

/// The server's end of a WebSocket (RFC 6455).
///
/// Answers pings and closes, and refuses what breaks the protocol with the close code that names it.
@Loop
public final class WebSocket {
    private enum State { case open, closing, closed }

    public var delegate: (any WebSocketDelegate)?

    private let stream: ByteStream
    private var decoder: WebSocketDecoder
    private var state = State.open
    private var closeCode: UInt16?

    /// With more than this unsent, pings are not answered: a peer that does not read would pile up the answers.
    private static let pongLimit = 64 << 10

    /// How long the peer has to answer a close frame.
    private static let closeTimeout: Int64 = 10_000

    init(stream: ByteStream, maxMessageSize: Int) {
        self.stream = stream
        decoder = WebSocketDecoder(role: .server, maxMessageSize: maxMessageSize)
        stream.delegate = self
        OpenWebSockets.shared.insert(self)
    }

    /// The peer's numeric address.
    public var remoteAddress: String { stream.remoteAddress }
    public var isOpen: Bool { state == .open }
    /// Bytes that the peer has not taken yet. The sender bounds it.
    public var backlog: Int { stream.backlog }

    // MARK: - Sending

    public func send(text: [UInt8]) { send(.text, text) }
    public func send(binary: [UInt8]) { send(.binary, binary) }
    public func ping(_ payload: [UInt8] = []) { send(.ping, payload) }

    /// Sends bytes that are framed already, as a broadcast does that is framed once for all.
    public func send(frames: [UInt8]) {
        guard state == .open else { return }
        stream.write(frames)
    }

    private func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) {
        guard state == .open else { return }
        stream.write { WebSocketEncoder.append(opcode, payload, to: &$0) }
    }

    /// Starts the closing handshake.
    public func close(code: UInt16, reason: String = "") {
        guard state == .open else { return }
        state = .closing
        closeCode = closeCode ?? code
        stream.write { WebSocketEncoder.appendClose(code: code, reason: reason, to: &$0) }
        _ = LoopTimer(after: Self.closeTimeout) { [weak self] in self?.stream.close() }
    }

    /// Breaks the connection off.
    public func abort() {
        stream.close()
    }

    // MARK: - Receiving

    /// Takes bytes that came before there was anybody to tell.
    func receiveSoon(_ bytes: [UInt8]) {
        decoder.feed(bytes)
        Loop.post { [self] in process() }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard state != .closed else { return }
        decoder.feed(bytes)
        process()
    }

    private func process() {
        do throws(WebSocketError) {
            while state != .closed, let message = try decoder.next() { handle(message) }
        } catch {
            fail(error)
        }
    }

    private func handle(_ message: WebSocketMessage) {
        switch message {
        case .close(let code, _):
            let wasOpen = state == .open
            closeCode = closeCode ?? code ?? 1005
            if wasOpen {
                state = .closing
                stream.write { WebSocketEncoder.appendClose(code: code, to: &$0) }
            }
            state = .closed
            stream.finish()
            report()
        case .text(let text): if state == .open { delegate?.webSocket(self, receivedText: text) }
        case .binary(let bytes): if state == .open { delegate?.webSocket(self, receivedBinary: bytes) }
        case .ping(let payload): if stream.backlog < Self.pongLimit { send(.pong, payload) }
        case .pong: delegate?.webSocketReceivedPong(self)
        }
    }

    private func fail(_ error: WebSocketError) {
        if state == .open {
            stream.write { WebSocketEncoder.appendClose(code: error.closeCode, reason: error.reason, to: &$0) }
        }
        closeCode = error.closeCode
        state = .closed
        stream.finish()
        report()
    }

    private func report() {
        // The connection's own end comes after a close that was reported already.
        guard OpenWebSockets.shared.contains(self) else { return }
        state = .closed
        OpenWebSockets.shared.remove(self)
        let delegate = delegate
        self.delegate = nil
        delegate?.webSocketClosed(self, code: closeCode)
    }
}

extension WebSocket: ByteStreamDelegate {
    public func streamReceived(_ stream: ByteStream, _ bytes: UnsafeRawBufferPointer) { receive(bytes) }

    public func streamEnded(_ stream: ByteStream) {
        // What was written just before still leaves.
        stream.finish()
        report()
    }

    public func streamDrained(_ stream: ByteStream) {}

    public func streamClosed(_ stream: ByteStream) { report() }
}

/// Keeps sockets alive while they are open: a stream holds its delegate weakly.
@Loop
final class OpenWebSockets {
    static let shared = OpenWebSockets()
    private var sockets: [ObjectIdentifier: WebSocket] = [:]

    var all: [WebSocket] { Array(sockets.values) }
    func contains(_ socket: WebSocket) -> Bool { sockets[ObjectIdentifier(socket)] != nil }
    func insert(_ socket: WebSocket) { sockets[ObjectIdentifier(socket)] = socket }
    func remove(_ socket: WebSocket) { sockets[ObjectIdentifier(socket)] = nil }
}
