import Bytes
import Fleet
import Reactor

/// Reads recordings. Implemented by the composition root over the store.
@Loop
public protocol RecordingArchive: AnyObject {
    /// Reads the program's own bytes; negative `from` counts from the end. `nil` when there is no recording.
    func output(
        of session: SessionID, from: Int, limit: Int?, then completion: @escaping @Loop (RecordedOutput?) -> Void)

    /// The whole asciicast file.
    func cast(of session: SessionID, then completion: @escaping @Loop ([UInt8]?) -> Void)
}

public struct RecordedOutput: Sendable {
    public var bytes: [UInt8]
    /// Of the first byte.
    public var offset: Int
    /// After the last byte that is recorded now.
    public var end: Int

    public init(bytes: [UInt8], offset: Int, end: Int) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }
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
