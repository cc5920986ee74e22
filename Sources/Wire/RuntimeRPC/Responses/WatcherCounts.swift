import Bytes
import Fleet

/// What the daemon waits for at this moment (runtime-rpc §2.3, §7).
public struct WatcherCounts: Hashable, Sendable {
    /// Running sessions whose process is watched (§4.2).
    public var processExitWatchers: Int
    /// Spawns that wait for their shim (§3.4).
    public var shimSockets: Int
    /// Long polls in progress.
    public var eventWaiters: Int

    public init(processExitWatchers: Int, shimSockets: Int, eventWaiters: Int) {
        self.processExitWatchers = processExitWatchers
        self.shimSockets = shimSockets
        self.eventWaiters = eventWaiters
    }
}

extension WatcherCounts: RPCValue {
    /// Reads what older daemons wrote, too: `kqueue_watchers` (D-03), and no `event_waiters` (D-04).
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let isOld = !fields.has("process_exit_watchers") && fields.has("kqueue_watchers")
        self.init(
            processExitWatchers: try fields.count(isOld ? "kqueue_watchers" : "process_exit_watchers"),
            shimSockets: try fields.count("shim_sockets"),
            eventWaiters: fields.has("event_waiters") ? try fields.count("event_waiters") : 0)
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"process_exit_watchers":"#, processExitWatchers)
        output.append(#","shim_sockets":"#, shimSockets)
        output.append(#","event_waiters":"#, eventWaiters)
        output.append(UInt8(ascii: "}"))
    }
}

extension Fields {
    fileprivate func count(_ key: String) throws(FieldError) -> Int { try integer(key, atLeast: 0) }
}
