import Bytes

/// An alert that has everything but its id, which takes randomness.
public struct AlertNotice: Equatable, Sendable {
    public var severity: Alert.Severity
    public var category: Alert.Category
    public var title: String
    public var description: String
    public var context: JSONObject

    public init(
        severity: Alert.Severity, category: Alert.Category, title: String, description: String,
        context: JSONObject = [:]
    ) {
        self.severity = severity
        self.category = category
        self.title = title
        self.description = description
        self.context = context
    }

    /// The alert itself. The caller redacts its texts before it leaves the runner (§6 d).
    public func alert(id: AlertID) -> Alert {
        Alert(
            alertID: id, severity: severity, category: category, title: title, description: description,
            context: context)
    }
}

/// Lets an alert through once a minute, and 20 a minute in all, and counts the others (control-plane §2.7, §7.8).
struct AlertGate: Sendable {
    static let quiet = Duration.seconds(60)
    static let limit = 20
    /// Different alerts that are remembered; the oldest of more than these are forgotten.
    static let memory = 256

    private struct Key: Hashable {
        var category: Alert.Category
        var title: String
    }

    private struct Entry {
        var at: MonotonicTime
        var unseen = 0
    }

    private var entries: [Key: Entry] = [:]
    /// When the last alerts were let through, at most ``limit``.
    private var passed: [MonotonicTime] = []
    /// Held back by the limit since the last one that was let through.
    private var suppressed = 0

    /// The alert with `count` (how often it happened since it was last shown) and, if others were held back by the
    /// limit, `suppressed`; or `nil` while it has to be quiet.
    mutating func admit(_ notice: AlertNotice, at now: MonotonicTime) -> AlertNotice? {
        let key = Key(category: notice.category, title: notice.title)
        var count = 1
        if let entry = entries[key] {
            guard now >= entry.at + Self.quiet else {
                entries[key]?.unseen += 1
                return nil
            }
            count += entry.unseen
        }
        passed.removeAll { now >= $0 + .seconds(60) }
        guard passed.count < Self.limit else {
            suppressed += 1
            return nil
        }
        passed.append(now)
        if entries.count >= Self.memory { forget(at: now) }
        entries[key] = Entry(at: now)
        var notice = notice
        notice.context["count"] = .integer(count)
        if suppressed > 0 { notice.context["suppressed"] = .integer(suppressed) }
        suppressed = 0
        return notice
    }

    private mutating func forget(at now: MonotonicTime) {
        entries = entries.filter { now < $0.value.at + Self.quiet }
        if entries.count >= Self.memory, let oldest = entries.min(by: { $0.value.at < $1.value.at }) {
            entries[oldest.key] = nil
        }
    }
}
