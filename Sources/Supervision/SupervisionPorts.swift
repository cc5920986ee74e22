import Fleet
import Reactor

/// What supervision asks of the control plane. Implemented by the composition root over the hub.
@Loop
public protocol RuntimeFleet: AnyObject {
    /// Writes a fact of a runtime down, with the rows that follow from it, and shows it. Completions come in the order of the calls.
    func record(_ event: JournalEvent, completion: @escaping @Loop (Result<Int64, JournalError>) -> Void)

    /// Admits a session that a client of the runtime RPC asks for: it becomes an ordinary one, and its runner will ask
    /// for its process through ``RuntimeService/launch(_:environment:completion:)``.
    func admit(_ config: SessionConfig, completion: @escaping @Loop (Result<Void, RunnerError>) -> Void)

    /// Whether a session of this id lives, wherever it came from.
    func isLive(_ session: SessionID) -> Bool

    /// Calls back when everything that was told of a session so far is durable and shown.
    func whenShown(_ session: SessionID, _ body: @escaping @Loop () -> Void)

    /// Ends the daemon as SIGTERM does; with `stoppingAll` the runtimes too.
    func shutDown(stoppingAll: Bool)
}

/// What supervision reads back from the database. Implemented by the composition root over the store.
@Loop
public protocol RuntimeRecords: AnyObject {
    /// The events with numbers above `since` and up to `through`, oldest first.
    func events(
        since: UInt64, through: UInt64,
        completion: @escaping @Loop (Result<[RuntimeEvent], JournalError>) -> Void)

    /// Rows that another program wrote: live ones whose sessions are not among `known`.
    func foreignRows(
        known: Set<SessionID>, completion: @escaping @Loop (Result<[RuntimeLifecycle], JournalError>) -> Void)

    /// Drops events that are beyond the newest 10 000 and older than seven days (runtime-rpc §8); calls back with the
    /// number of the first that is left, if there is one.
    func prune(at time: Timestamp, completion: @escaping @Loop (UInt64?) -> Void)

    /// Notes when the last sweep was.
    func swept(at time: PreciseTime)
}
