import Glibc

/// What the kernel says of a process at one moment (`/proc/<pid>/stat`).
public struct ProcessStatus: Equatable, Sendable {
    /// As `ps` writes it; `Z` is one that has ended and waits to be reaped.
    public var state: Character
    /// Clock ticks after boot at which it started.
    public var startTicks: UInt64

    public var isZombie: Bool { state == "Z" || state == "X" }

    /// Reads the status of a process; `nil` when there is none.
    public init?(of pid: Int32) {
        guard let text = readSmallFile("/proc/\(pid)/stat"),
            // The name stands in parentheses and may hold anything, also parentheses.
            let end = text.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first,
            let ticks = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        self.state = Character(Unicode.Scalar(state))
        startTicks = ticks
    }

    /// Nanoseconds since 1970 at which it started, by the clock's present idea of when the machine booted.
    ///
    /// Steps of the clock move it, so it identifies nothing.
    public var startNanoseconds: Int64? {
        guard let text = readSmallFile("/proc/stat", limit: 1 << 20) else { return nil }
        for line in text.split(separator: 10) where line.starts(with: Array("btime ".utf8)) {
            guard let boot = Int64(String(decoding: line.dropFirst(6), as: UTF8.self)) else { return nil }
            let rate = Int64(sysconf(Int32(_SC_CLK_TCK)))
            return boot * 1_000_000_000 + Int64(startTicks) * (1_000_000_000 / max(1, rate))
        }
        return nil
    }
}
