import Fleet
import Reactor
import Wire

/// The socket of the daemon IPC (daemon-ipc §1): one request, one answer, one connection each.
@Loop
public final class SensingServer {
    private let service: SensingService
    private let lines: LineServer
    private var rejected: UInt64 = 0

    /// Binds the socket. Clients may connect from now on, and wait until ``accept()``.
    public init(_ service: SensingService, path: String) throws(ReactorError) {
        self.service = service
        var limits = LineServer.Limits()
        limits.lineBytes = IPCLimits.requestBytes
        limits.readTime = 5000
        limits.gapTime = 2000
        limits.writeTime = 2000
        limits.connections = IPCLimits.connections
        limits.answersEverybody = true
        let relay = Relay()
        lines = try LineServer(path: path, limits: limits) { input, call in relay.server?.handle(input, call) }
        relay.server = self
        service.connections = { [unowned self] in (max(1, lines.connectionCount), rejected) }
    }

    private final class Relay {
        weak var server: SensingServer?
    }

    public func accept() { lines.accept() }
    public func close() { lines.close() }

    private func handle(_ input: LineInput, _ call: LineCall) {
        switch input {
        case .tooMany:
            rejected += 1
            refuse(call, .tooManyConnections)
        case .stranger:
            rejected += 1
            refuse(call, .unauthorizedPeer)
        case .silence, .incomplete: refuse(call, .readTimeout)
        case .tooLong: refuse(call, .requestTooLarge)
        case .nothing:
            refuse(call, IPCError(.emptyRequest, "the request is empty; send one JSON object and a line feed"))
        case .line(let line):
            do throws(IPCError) {
                let request = try IPCRequest(line: line)
                service.answer(request) { call.answer($0) }
            } catch {
                refuse(call, error)
            }
        }
    }

    private func refuse(_ call: LineCall, _ error: IPCError) { call.answer(IPCResponse.failure(error).withoutLineFeed) }
}

extension [UInt8] {
    /// The line server writes the line feed.
    var withoutLineFeed: [UInt8] { last == 10 ? Array(dropLast()) : self }
}
