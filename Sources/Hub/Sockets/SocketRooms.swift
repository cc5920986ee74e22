import Bytes
import Fleet
import HTTP
import Reactor
import SocketIO
import Wire

/// The Socket.IO side of the hub: rooms, what clients ask for, and the answers (control-plane §4).
@Loop
final class SocketRooms {
    let server: SocketServer
    let endpoint: EngineEndpoint
    private unowned let hub: Hub
    private let root: Namespace
    private var roundTripTimer: LoopTimer?

    private static let roundTripInterval: Int64 = 30_000

    /// What the hub keeps of one socket.
    private final class Client {
        var joins = FixedWindow.joins
        var inbound = FixedWindow.inbound
    }

    init(hub: Hub) {
        self.hub = hub
        var engine = EngineOptions()
        engine.pingInterval = .milliseconds(hub.settings.pingInterval)
        engine.pingTimeout = .milliseconds(hub.settings.pingTimeout)
        engine.maxPayload = 1_000_000
        var options = SocketOptions()
        options.recovery = RecoveryOptions()
        server = SocketServer(options, engine: engine) { RandomBits.next() }
        root = server.root
        endpoint = EngineEndpoint(server.engine)
        root.onConnection = { [weak self] socket in self?.connected(socket) }
        root.onDisconnect = { [weak self] _, reason in
            self?.hub.metrics.socketDisconnects[reason.rawValue, default: 0] += 1
        }
        root.onAny { [weak self] event in self?.handle(event) }
    }

    var count: Int { root.socketCount }

    func hasMembers(_ room: String) -> Bool { !root.to(room).sockets.isEmpty }

    func send(_ emission: Emission) {
        root.to(emission.rooms).emit(emission.event, SocketArguments(raw: emission.payload))
    }

    func close() {
        roundTripTimer?.cancel()
        server.close()
    }

    // MARK: - Connections

    private func connected(_ socket: Socket) {
        hub.metrics.socketConnects += 1
        socket.data = Client()
        measureRoundTrips()
    }

    /// Asks every socket for an answer now and then (control-plane §4.9). Sleeps while nobody is there.
    private func measureRoundTrips() {
        guard roundTripTimer == nil, !root.isEmpty else { return }
        roundTripTimer = LoopTimer(after: Self.roundTripInterval) { [weak self] in
            guard let self else { return }
            roundTripTimer = nil
            for socket in root.everyone.sockets {
                socket.emit("server_ping", timeout: .milliseconds(2000)) { [weak self] result in
                    guard let self else { return }
                    switch result {
                    case .success: hub.metrics.pings["ok", default: 0] += 1
                    case .failure: hub.metrics.pings["timeout", default: 0] += 1
                    }
                }
            }
            endpoint.schedule()
            measureRoundTrips()
        }
    }

    // MARK: - What clients ask for

    private func handle(_ event: SocketEvent) {
        guard let client = event.socket.data as? Client else { return }
        let now = MonotonicTime(milliseconds: Loop.now)
        // Keys typed into a terminal are bounded by the terminal's own backlog instead.
        if event.name != "terminal_input", !client.inbound.admits(at: now) {
            fail(event, .tooManyEvents)
            return
        }
        do throws(SocketError) {
            switch try ClientEvent(name: event.name, payload: event.arguments[0]) {
            case .join(let target):
                guard client.joins.admits(at: now) else {
                    hub.metrics.joined(target.kind, "rate_limited")
                    throw .tooManyJoins
                }
                try join(target, event)
            case .leave(let target):
                event.socket.leave(target.room)
                event.acknowledge?(FleetResponses.ok)
            case .ping: event.acknowledge?()
            case .terminalInput(let session, let bytes):
                hub.runner.input(bytes, to: try live(session)) { [weak self] in self?.answer(event, $0) }
            case .terminalResize(let session, let size):
                let session = try live(session)
                hub.runner.resize(session, to: size) { [weak self] result in
                    self?.hub.whenDurable(session) { [weak self] in self?.answer(event, result) }
                }
            case .authRefresh:
                throw SocketError(.unauthorized, "this daemon runs open to its owner and takes no tokens")
            case .ignored: hub.metrics.ignoredEvents += 1
            }
        } catch {
            if event.name.hasPrefix("join_"), error.code == .badPayload {
                hub.metrics.joined(String(event.name.dropFirst(5)), "bad_payload")
            }
            fail(event, error)
        }
    }

    /// The session that a person means, if it can take anything at all.
    private func live(_ id: SessionID) throws(SocketError) -> SessionID {
        guard case .found(let found) = hub.fleet.lookup(id.rawValue), let view = hub.fleet[found] else {
            throw SocketError(.notFound, "there is no such session")
        }
        guard view.isLive else { throw SocketError(.invalidState, "the session is \(view.state.rawValue)") }
        guard !view.config.origin.isReported else {
            throw SocketError(.invalidState, ErrorEnvelope(reported: view).message)
        }
        return found
    }

    private func join(_ target: ClientEvent.Target, _ event: SocketEvent) throws(SocketError) {
        var room = target.room
        var answer: JSONObject = ["ok": true]
        switch target {
        case .village(let village):
            answer["room"] = .string(room)
            answer["agents"] = hub.translator.agents(in: village)
        case .session(let id):
            guard case .found(let found) = hub.fleet.lookup(id.rawValue), let view = hub.fleet[found] else {
                hub.metrics.joined(target.kind, "error")
                throw SocketError(.notFound, "there is no such session")
            }
            room = Room.session(found)
            answer["room"] = .string(room)
            answer["state"] = view.runtimeStateJSON(forOwner: true)
            answer["terminal"] = view.terminalJSON
        case .repo(let repo):
            answer["room"] = .string(room)
            if let house = hub.house(of: repo) { event.socket.emit(HouseActivity.event, SocketArguments(house)) }
        case .agent, .fleet: answer["room"] = .string(room)
        }
        event.socket.join(room)
        hub.metrics.joined(target.kind, "ok")
        event.acknowledge?(JSON.object(answer))
    }

    private func answer(_ event: SocketEvent, _ result: Result<Void, RunnerError>) {
        switch result {
        case .success: event.acknowledge?(FleetResponses.ok)
        case .failure(let error): fail(event, SocketError(error))
        }
    }

    private func fail(_ event: SocketEvent, _ error: SocketError) {
        event.acknowledge?(error.json)
        event.socket.emit(SocketError.event, SocketArguments(error.json))
    }
}
