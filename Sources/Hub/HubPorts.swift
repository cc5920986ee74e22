import Bytes
import Fleet
import Reactor

/// Reads recordings in pieces. Implemented by the composition root over the store.
@Loop
public protocol RecordingArchive: AnyObject {
    /// How long it is now, in bytes; `nil` when there is none.
    func length(of part: RecordingPart, of session: SessionID, then completion: @escaping @Loop (Int?) -> Void)

    /// Up to `count` bytes from an offset on; `nil` when they cannot be read.
    func read(
        _ part: RecordingPart, of session: SessionID, from offset: Int, count: Int,
        then completion: @escaping @Loop ([UInt8]?) -> Void)
}

public enum RecordingPart: Sendable {
    /// The program's own bytes.
    case output
    /// The asciicast file, up to its last whole line.
    case cast
}

/// What the composition root knows about the daemon's health and the hub passes on.
@Loop
public protocol DaemonHealth: AnyObject {
    /// Whether the journal takes events now.
    var isJournalWritable: Bool { get }
    /// The checks of `drover doctor`.
    func checks(then completion: @escaping @Loop ([HealthCheck]) -> Void)
    /// Ends the daemon as SIGTERM does.
    func shutDown()
}

public struct HealthCheck: Sendable {
    public var name: String
    public var isOK: Bool
    public var detail: String
    /// What a person can do about it.
    public var fix: String?

    public init(name: String, isOK: Bool, detail: String, fix: String? = nil) {
        self.name = name
        self.isOK = isOK
        self.detail = detail
        self.fix = fix
    }

    var json: JSON {
        .omittingNil([
            "name": .string(name), "ok": .bool(isOK), "detail": .string(detail), "fix": fix.map { .string($0) },
        ])
    }
}
