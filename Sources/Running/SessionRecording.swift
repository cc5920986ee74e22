import Fleet
import Reactor

/// Where terminal output goes before anybody sees it. Implemented by the composition root over the store.
@Loop
public protocol SessionRecording: AnyObject {
    /// Begins the recording of a session. `news` is called on the loop, in order, until `closed`.
    func open(_ config: SessionConfig, at time: Timestamp, news: @escaping @Loop (RecordingNews) -> Void)

    /// Returns how many bytes of the session wait to be written, these included.
    func append(_ bytes: [UInt8], of session: SessionID, at time: Timestamp, token: UInt64) -> Int

    func resize(_ session: SessionID, to size: TerminalSize, at time: Timestamp)

    func close(_ session: SessionID)
}

public enum RecordingNews: Sendable {
    /// Everything up to this token is written, or lost where `failure` says why.
    case settled(token: UInt64, failure: String?)
    case closed
}
