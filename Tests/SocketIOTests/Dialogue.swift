import Bytes

@testable import SocketIO

/// Numbers that look random and are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// A source of bits for ids.
func makeRandom(seed: UInt64 = 1) -> () -> UInt64 {
    var generator = SplitMix(seed: seed)
    return { generator.next() }
}

/// The connection as a host would lend it, read by a client.
final class ScriptedLink: EngineLink {
    private var decoder = WebSocketDecoder(role: .client, maxMessageSize: 1 << 24)
    private(set) var closeCode: UInt16?
    private(set) var closeReason = ""
    private(set) var sendCount = 0
    /// What the client is said not to have read.
    var backlog = 0

    func send(_ frames: [UInt8]) {
        sendCount += 1
        decoder.feed(frames)
    }

    func close(code: UInt16, reason: String) {
        closeCode = code
        closeReason = reason
    }

    /// What has been sent since the last call: text as it is, bytes as `<1,2,3>`.
    func taken() -> [String] {
        var messages: [String] = []
        while let message = try? decoder.next() {
            switch message {
            case .text(let text): messages.append(String(decoding: text, as: UTF8.self))
            case .binary(let bytes): messages.append("<" + bytes.map { "\($0)" }.joined(separator: ",") + ">")
            case .ping, .pong, .close: messages.append("\(message)")
            }
        }
        return messages
    }
}

/// What the host answered a polling request with.
final class Answer {
    private(set) var response: EngineResponse?
    var poll: EnginePoll?

    func set(_ response: EngineResponse) {
        precondition(self.response == nil, "a request is answered once")
        self.response = response
    }

    var status: Int? { response?.status }
    var body: String? { response.map { String(decoding: $0.body, as: UTF8.self) } }
    /// Packets, told apart as a client does.
    var packets: [String]? {
        body.map { $0.split(separator: "\u{1e}", omittingEmptySubsequences: false).map(String.init) }
    }
    func header(_ name: String) -> String? { response?.headers.first { $0.name == name }?.value }
}

/// A server's host, with a clock set by hand.
final class ScriptedHost {
    let engine: EngineServer
    private(set) var now = Instant(milliseconds: 1_000_000)

    init(_ engine: EngineServer) {
        self.engine = engine
        engine.advance(to: now)
    }

    func request(
        _ method: String, _ query: String, body: String = "", headers: [EngineRequest.Pair] = []
    ) -> EngineRequest {
        let pairs = query.split(separator: "&").map { pair -> EngineRequest.Pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
        return EngineRequest(
            method: method, query: pairs, headers: headers, body: Array(body.utf8), remoteAddress: "10.0.0.1")
    }

    @discardableResult
    func http(
        _ method: String, _ query: String, body: String = "", headers: [EngineRequest.Pair] = []
    ) -> Answer {
        let answer = Answer()
        let request = request(method, query, body: body, headers: headers)
        answer.poll = engine.handlePolling(request, at: now) { answer.set($0) }
        return answer
    }

    /// Lets time pass, waking the server whenever it asked for it.
    func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = engine.nextDeadline, deadline <= end {
            if deadline > now { now = deadline }
            engine.wake(at: now)
        }
        now = end
        engine.advance(to: now)
    }
}

/// A client over WebSocket.
final class ScriptedClient {
    let host: ScriptedHost
    let link = ScriptedLink()
    private let socket: EngineWebSocket

    init(_ host: ScriptedHost, _ query: String = "EIO=4&transport=websocket", headers: [EngineRequest.Pair] = []) {
        self.host = host
        let request = host.request("GET", query, headers: headers)
        precondition(host.engine.refusal(ofWebSocket: request) == nil)
        socket = host.engine.openWebSocket(request, link: link, at: host.now)
    }

    func send(_ text: String) {
        socket.received(text: Array(text.utf8), at: host.now)
    }

    func send(binary: [UInt8]) {
        socket.received(binary: binary, at: host.now)
    }

    func hangUp(error: Bool = false) {
        socket.linkClosed(error: error, at: host.now)
    }

    func taken() -> [String] { link.taken() }
    var isClosed: Bool { link.closeCode != nil }

    /// Sends a message and gives what it was answered with.
    func ask(_ text: String) -> [String] {
        _ = taken()
        send(text)
        return taken()
    }
}

/// A client over polling.
final class PollingClient {
    let host: ScriptedHost
    let sid: String

    init(_ host: ScriptedHost) {
        self.host = host
        let body = host.http("GET", "EIO=4&transport=polling").body ?? ""
        let open = try? JSON(parsing: String(body.dropFirst()))
        sid = open?["sid"]?.string ?? ""
    }

    var query: String { "EIO=4&transport=polling&sid=\(sid)" }
    func get() -> Answer { host.http("GET", query) }
    @discardableResult
    func post(_ body: String) -> Answer { host.http("POST", query, body: body) }
}

/// A Socket.IO server with its host.
final class Stage {
    let io: SocketServer
    let host: ScriptedHost

    init(
        recovery: RecoveryOptions? = nil, _ change: (inout SocketOptions, inout EngineOptions) -> Void = { _, _ in }
    ) {
        var options = SocketOptions()
        options.recovery = recovery
        var engineOptions = EngineOptions()
        change(&options, &engineOptions)
        io = SocketServer(options, engine: engineOptions, random: makeRandom())
        host = ScriptedHost(io.engine)
    }

    /// A client that has joined a namespace.
    func client(_ connect: String = "40") -> ScriptedClient {
        let client = ScriptedClient(host)
        client.send(connect)
        _ = client.taken()
        return client
    }
}

/// An application without Socket.IO: says everything back.
final class Echo: EngineApplication {
    var log: [String] = []

    func opened(_ session: EngineSession) { log.append("opened") }
    func received(text: ArraySlice<UInt8>, on session: EngineSession) { session.send(text: text) }
    func received(binary: [UInt8], on session: EngineSession) { session.send(binary: binary) }
    func closed(_ session: EngineSession, reason: CloseReason) { log.append(reason.rawValue) }
}

func makeEcho(_ options: EngineOptions = EngineOptions()) -> (ScriptedHost, Echo) {
    let engine = EngineServer(options: options, random: makeRandom())
    let echo = Echo()
    engine.application = echo
    return (ScriptedHost(engine), echo)
}
