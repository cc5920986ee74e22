import Fleet

/// What the spool keeps and for how long (daemon-ipc D-24).
///
/// A file an event, named so that the names' order is the order of time.
public enum SpoolRules {
    /// Most events kept; beyond it the oldest go.
    public static let countLimit = 1000
    /// How long an event is worth delivering, in milliseconds.
    public static let ageLimit: Int64 = 24 * 3600 * 1000
    /// Longest request kept, in bytes: what the daemon would take.
    public static let sizeLimit = 1_048_576

    /// The name of an event's file: its time in 14 digits, then its id.
    public static func name(of report: Report) -> String {
        let digits = String(max(0, report.recordedAt.milliseconds))
        return String(repeating: "0", count: max(0, 14 - digits.utf8.count)) + digits + "-" + report.eventID + ".json"
    }

    /// When the event of a file was recorded; `nil` when the file is not the spool's.
    public static func time(of name: String) -> Timestamp? {
        guard name.hasSuffix(".json"), let dash = name.firstIndex(of: "-") else { return nil }
        let digits = name[..<dash]
        guard digits.utf8.count == 14 else { return nil }
        return Int64(digits).map { Timestamp(milliseconds: $0) }
    }

    /// Whether the file is one that a writer left half done, by its name.
    public static func isUnfinished(_ name: String) -> Bool { name.hasPrefix(".new-") }

    public static func isTooOld(_ name: String, at now: Timestamp) -> Bool {
        guard let time = time(of: name) else { return false }
        return now - time > ageLimit
    }

    /// The files that have to go so that the bound holds: the oldest ones.
    public static func surplus(of names: [String]) -> ArraySlice<String> {
        let events = names.filter { time(of: $0) != nil }.sorted()
        return events.prefix(max(0, events.count - countLimit))
    }
}
