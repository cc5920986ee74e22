import Bytes

/// How large the parts of a runner event may be (control-plane §2.7).
public enum EventLimits {
    /// Bytes of `TERMINAL_CHUNK.data`.
    public static let chunkBytes = 16 * 1024
    public static let diffFiles = 500
    public static let testFiles = 200
    public static let summary = 500
    public static let title = 200
    public static let description = 4000
    public static let note = 2000
    public static let reason = 500
    /// Encoded bytes of `context`, `env` and `metadata`.
    public static let contextBytes = 16 * 1024
    /// Encoded bytes of one event.
    public static let frameBytes = 256 * 1024
}

extension RunnerEvent.Body {
    /// The same body with texts and lists cut to their limits; a context that is too large is replaced by a word.
    public var bounded: RunnerEvent.Body {
        switch self {
        case .sessionStarted, .sessionEnded, .terminalChunk, .fileTouched, .testRunFinished, .usageTick:
            return self
        case .sessionStateChanged(var change):
            change.reason = change.reason?.truncated(to: EventLimits.reason)
            return .sessionStateChanged(change)
        case .diffSummary(var diff):
            if diff.files.count > EventLimits.diffFiles { diff.files = Array(diff.files.prefix(EventLimits.diffFiles)) }
            return .diffSummary(diff)
        case .testRunStarted(var start):
            if let files = start.testFiles, files.count > EventLimits.testFiles {
                start.testFiles = Array(files.prefix(EventLimits.testFiles))
            }
            start.command = start.command.truncated(to: EventLimits.description)
            return .testRunStarted(start)
        case .approvalRequested(var approval):
            approval.summary = approval.summary.truncated(to: EventLimits.summary)
            approval.context = approval.context.map(Self.bounded)
            return .approvalRequested(approval)
        case .approvalResolved(var resolution):
            resolution.note = resolution.note?.truncated(to: EventLimits.note)
            return .approvalResolved(resolution)
        case .alertRaised(var alert):
            alert.title = alert.title.truncated(to: EventLimits.title)
            alert.description = alert.description.truncated(to: EventLimits.description)
            alert.context = alert.context.map(Self.bounded)
            return .alertRaised(alert)
        }
    }

    /// Settled too, so that the journal gives back exactly what was shown.
    private static func bounded(_ context: JSONObject) -> JSONObject {
        let bytes = JSON.object(context).encoded().count
        guard bytes > EventLimits.contextBytes else { return context.settled }
        return ["omitted": "too large", "bytes": .integer(bytes)]
    }
}

extension String {
    /// The text, or its beginning and `…` when it has more than `limit` characters (Unicode scalars).
    package func truncated(to limit: Int) -> String {
        guard utf8.count > limit, unicodeScalars.count > limit else { return self }
        return String(unicodeScalars.prefix(limit - 1)) + "…"
    }
}
