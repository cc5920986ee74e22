import Bytes
import Fleet
import Reactor
import Wire

/// The socket of the runtime RPC: one request, one answer, one connection each (runtime-rpc §1).
@Loop
public final class RuntimeServer {
    private let service: RuntimeService
    private let lines: LineServer
    /// The answer that is asked for most never changes.
    private let version: [UInt8]

    /// Binds the socket. Clients may connect from now on, and wait until ``accept()``.
    public init(
        _ service: RuntimeService, limits: LineServer.Limits = LineServer.Limits()
    ) throws(ReactorError) {
        self.service = service
        version = RPCResponse.version(service.settings.version).encoded()
        let relay = Relay()
        lines = try LineServer(path: service.settings.socketPath, limits: limits) { input, call in
            relay.server?.handle(input, call)
        }
        relay.server = self
    }

    private final class Relay {
        weak var server: RuntimeServer?
    }

    /// Told what is wrong when connections cannot be accepted for a while.
    public var onAcceptFailure: (@Loop (ReactorError) -> Void)? {
        get { lines.onAcceptFailure }
        set { lines.onAcceptFailure = newValue }
    }

    public func accept() { lines.accept() }

    /// Removes the socket. What is being answered is still answered.
    public func close() { lines.close() }

    private func handle(_ input: LineInput, _ call: LineCall) {
        switch input {
        case .tooLong:
            refuse(call, "the request is longer than 8 MiB")
        case .incomplete:
            refuse(call, "the request did not end within 10 seconds; end it with a line feed")
        // Not asked for: such connections are closed without a word.
        case .nothing, .silence, .stranger, .tooMany: call.close()
        case .line(let line):
            do throws(RPCError) {
                answer(try RPCRequest(line: line), call)
            } catch {
                call.answer(RPCResponse.error(error).encoded())
            }
        }
    }

    private func refuse(_ call: LineCall, _ message: String) {
        call.answer(RPCResponse.error(RPCError(.protocolMismatch, message)).encoded())
    }

    private func answer(_ request: RPCRequest, _ call: LineCall) {
        switch request {
        case .version: call.answer(version)
        case .events(let since, let wait): service.events(since: since, wait: wait ?? 0, call)
        case .stop(let drain):
            // First the answer, then what it announces (§1.2).
            call.answer(RPCResponse.stopping.encoded()) { [service] in service.fleet.shutDown(stoppingAll: drain) }
        default: service.answer(request) { response in call.answer(response.encoded()) }
        }
    }
}
