import Fleet
import Hub
import Reactor
import Supervision

/// The hub as supervision sees it.
@Loop
final class HubFleet: RuntimeFleet {
    private let hub: Hub
    private let shutDown: @Loop (_ stoppingAll: Bool) -> Void

    init(_ hub: Hub, shutDown: @escaping @Loop (_ stoppingAll: Bool) -> Void) {
        self.hub = hub
        self.shutDown = shutDown
    }

    func record(_ event: JournalEvent, completion: @escaping @Loop (Result<Int64, JournalError>) -> Void) {
        hub.record(event, completion: completion)
    }

    func admit(_ config: SessionConfig, completion: @escaping @Loop (Result<Void, RunnerError>) -> Void) {
        guard !hub.isDraining else { return completion(.failure(.noRunnerAvailable)) }
        hub.admit(config, completion: completion)
    }

    func isLive(_ session: SessionID) -> Bool { hub.fleet[session]?.isLive ?? hub.isAdmitting(session) }

    func whenShown(_ session: SessionID, _ body: @escaping @Loop () -> Void) { hub.whenDurable(session, body) }

    func shutDown(stoppingAll: Bool) { shutDown(stoppingAll) }
}
