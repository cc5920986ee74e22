import Glibc

/// Who a process is, beyond a number that the kernel uses again: pid, start time and boot.
public struct ProcessIdentity: Equatable, Sendable {
    public var pid: Int32
    /// Clock ticks after boot at which the process started (`/proc/<pid>/stat`, field 22).
    public var startTicks: UInt64
    public var bootID: String

    public init(pid: Int32, startTicks: UInt64, bootID: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }

    /// Reads the identity of a process that exists now.
    public init?(ofRunning pid: Int32) {
        guard let status = ProcessStatus(of: pid) else { return nil }
        self.init(pid: pid, startTicks: status.startTicks, bootID: Self.bootID)
    }

    /// Whether this very process still exists, and is not merely waiting to be reaped.
    public var isAlive: Bool {
        bootID == Self.bootID
            && ProcessStatus(of: pid).map { $0.startTicks == startTicks && !$0.isZombie } ?? false
    }

    /// Signals the process group that this process leads, if it is this very process that still exists.
    public func signalGroup(_ signal: Int32) {
        guard isAlive else { return }
        if kill(-pid, signal) < 0 { kill(pid, signal) }
    }

    /// The id of this boot of the machine.
    public static let bootID: String = {
        let text = readSmallFile("/proc/sys/kernel/random/boot_id") ?? []
        return String(decoding: text.prefix { $0 != 10 }, as: UTF8.self)
    }()
}

/// Reads a file of the kernel's, which is whole in one read.
func readSmallFile(_ path: String, limit: Int = 4096) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
        count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
}
