import Fleet
import Reactor

/// What sensing asks of the database. Implemented by the composition root over the store.
@Loop
public protocol SensingJournal: AnyObject {
    /// Whether an event of this id is in the journal, or on its way there. Asked for every event, so it must be quick.
    func contains(_ event: EventID) -> Bool

    /// Writes an event with all that follows from it, in one transaction, and shows it. Completions come in order; `false`
    /// when it could not be written.
    func append(_ event: HookEvent, effects: [SensingEffect], completion: @escaping @Loop (Bool) -> Void)

    /// The same of an event that the contract does not know.
    func append(_ event: ExtraEvent, effects: [SensingEffect], completion: @escaping @Loop (Bool) -> Void)

    /// Writes what follows from no event.
    func write(_ effects: [SensingEffect])
    func write(_ rollout: RoutingRollout)
}

/// What the kernel says of processes, asked again after some milliseconds: the events of an agent come in bursts, and each
/// is about its process. For questions of people ask the host.
@Loop
final class RecentProcesses {
    private let host: HostView
    private var readings: [UInt32: ProcessReading] = [:]
    private var until: Int64 = 0
    private static let patience: Int64 = 10

    init(_ host: HostView) { self.host = host }
}

extension RecentProcesses: @Loop ProcessView {
    func reading(of pid: UInt32) -> ProcessReading {
        if Loop.now >= until {
            readings.removeAll(keepingCapacity: true)
            until = Loop.now + Self.patience
        }
        if let known = readings[pid] { return known }
        let reading = host.reading(of: pid)
        readings[pid] = reading
        return reading
    }
}

/// What is on the disk and in `/proc`, as the rules ask for it.
public struct HostView: FileView, ProcessView, Sendable {
    private let bootTime: Int64
    private let ticksPerSecond: Int64
    private let bootID: String

    /// Reads the time of the boot once: it moves when the clock is set (daemon-ipc §8.2).
    public init() {
        bootTime = SystemFacts.bootTime
        ticksPerSecond = SystemFacts.ticksPerSecond
        bootID = ProcessIdentity.bootID
    }

    public func reading(of pid: UInt32) -> ProcessReading {
        guard let number = Int32(exactly: pid), number > 0 else { return .gone }
        guard let status = ProcessStatus(of: number) else {
            return SystemFacts.exists(number) ? .unreadable : .gone
        }
        if status.isZombie { return .gone }
        return .running(
            ProcessStart(
                ticks: status.startTicks, bootID: bootID, bootTime: bootTime, ticksPerSecond: ticksPerSecond))
    }

    public func kind(of path: String) -> FileKind {
        switch SystemFacts.kind(of: path) {
        case .file: return .file
        case .directory: return .directory
        case .none: return .none
        }
    }

    public func contents(of path: String, limit: Int) -> [UInt8]? { SystemFacts.read(path, limit: limit) }
    public func canonical(_ path: String) -> String? { SystemFacts.canonical(path) }
}
