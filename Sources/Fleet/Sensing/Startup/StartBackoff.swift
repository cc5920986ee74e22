import Bytes

/// How often the daemon was started lately, and how long the next start waits (daemon-ipc §7.5).
public struct StartBackoff: Hashable, Sendable {
    /// Milliseconds after which a start is forgotten.
    public static let window: Int64 = 120_000
    /// Starts in the window that do not wait.
    public static let maxStarts = 3
    /// Seconds for each start beyond them.
    public static let step: Int64 = 10
    /// Seconds at most.
    public static let maxDelay: Int64 = 60

    /// In the order in which they were written down, in whole seconds.
    public private(set) var starts: [Timestamp]

    public init(starts: [Timestamp] = []) { self.starts = starts.map(\.wholeSeconds) }

    /// Notes a start, and says how many seconds it waits before the socket is bound; 0 for not at all.
    ///
    /// The caller writes the file before it waits.
    public mutating func started(at now: Timestamp) -> Int64 {
        starts = inWindow(at: now) + [now.wholeSeconds]
        return Self.delay(for: starts.count)
    }

    /// Takes back the start that was noted at that time: it ended as it was told, so it is no reason to wait.
    public mutating func stoppedCleanly(startedAt: Timestamp) {
        if let index = starts.lastIndex(of: startedAt.wholeSeconds) { starts.remove(at: index) }
    }

    /// What `get_health` shows (§2.1.3).
    public func startsInWindow(at now: Timestamp) -> Int { inWindow(at: now).count }
    public var lastStart: Timestamp? { starts.last }

    /// Seconds that one more start would wait; `nil` for not at all.
    public func nextDelay(at now: Timestamp) -> Int64? {
        let delay = Self.delay(for: inWindow(at: now).count + 1)
        return delay == 0 ? nil : delay
    }

    private func inWindow(at now: Timestamp) -> [Timestamp] { starts.filter { now - $0 <= Self.window } }

    private static func delay(for count: Int) -> Int64 {
        min(maxDelay, Int64(max(0, count - maxStarts)) * step)
    }
}

// MARK: - The file

extension StartBackoff {
    /// Reads `{"starts": […]}`; `nil` when it is something else. The caller starts anew then.
    public init?(file: [UInt8]) {
        guard let json = try? JSON(parsing: file[...]), let texts = json["starts"]?.array else { return nil }
        var starts: [Timestamp] = []
        for text in texts {
            guard let text = text.string, let time = Timestamp(rfc3339: text) else { return nil }
            starts.append(time)
        }
        self.init(starts: starts)
    }

    public var file: [UInt8] {
        JSON.object(["starts": .strings(starts.map(\.rfc3339))]).encoded()
    }
}

extension Timestamp {
    fileprivate var wholeSeconds: Timestamp {
        let rest = milliseconds % 1000
        return Timestamp(milliseconds: milliseconds - (rest < 0 ? rest + 1000 : rest))
    }
}
