/// What `/proc/<pid>/stat` says of a process (daemon-ipc §8.2).
public struct ProcessStat: Equatable, Sendable {
    /// `Z` and `X` have ended.
    public var state: UInt8
    public var parent: Int32
    public var group: Int32
    public var session: Int32
    /// Clock ticks after boot at which it started.
    public var startTicks: UInt64

    /// Reads the file's text; `nil` when it is not of that form.
    public init?(parsing text: [UInt8]) {
        // The name may hold anything, but it ends with the last parenthesis.
        guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(end + 1)...].split { $0 == 0x20 || $0 == 0x0A }
        guard fields.count > 19, let state = fields[0].first,
            let parent = Int32(String(decoding: fields[1], as: UTF8.self)),
            let group = Int32(String(decoding: fields[2], as: UTF8.self)),
            let session = Int32(String(decoding: fields[3], as: UTF8.self)),
            let ticks = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        startTicks = ticks
    }

    /// Seconds since 1970 at which it started, from the text of `/proc/stat` and the clock's ticks a second.
    public func startSeconds(statistics: [UInt8], ticksPerSecond: UInt64) -> UInt64? {
        for line in statistics.split(separator: 0x0A) where line.starts(with: "btime ".utf8) {
            guard let boot = UInt64(String(decoding: line.dropFirst(6), as: UTF8.self)) else { return nil }
            return boot + startTicks / max(1, ticksPerSecond)
        }
        return nil
    }
}
