import Fleet
import Hub
import Reactor
import Running
import Store

/// Recordings as services see them: called and answering on the loop, written by the store's own thread.
@Loop
final class RecordingsOnLoop {
    private let reader: RecordingReader
    private let worker = Worker()
    private var recorder: Recorder?
    private var listeners: [SessionID: @Loop (RecordingNews) -> Void] = [:]

    private static weak var current: RecordingsOnLoop?

    init(home: String) throws(StoreError) {
        for session in RecordingPaths(home: home).repair() {
            DaemonLog.info("the recording of \(session) was cut off by a crash; its torn end was removed")
        }
        reader = RecordingReader(home: home)
        recorder = try Recorder(home: home) { completions in
            Loop.post { RecordingsOnLoop.current?.settle(completions) }
        }
        Self.current = self
    }

    func close() {
        recorder?.close()
        recorder = nil
    }

    /// How many bytes a recording holds, for the sessions of a daemon that died.
    func size(of session: SessionID) -> Int? {
        ((try? reader.size(session: session.rawValue)) ?? nil).map { Int($0) }
    }

    private func settle(_ completions: [RecorderCompletion]) {
        for completion in completions {
            let session = SessionID(completion.session)
            guard let listener = listeners[session] else { continue }
            switch completion.result {
            case .opened: break
            case .written: listener(.settled(token: completion.token, failure: nil))
            case .failed(let error): listener(.settled(token: completion.token, failure: "\(error)"))
            case .closed:
                listener(.closed)
                listeners[session] = nil
            }
        }
    }

    /// A recorder that takes nothing more: the bytes are lost, and the session goes on.
    private func refused(_ session: SessionID, _ token: UInt64, _ error: StoreError) {
        let message = "\(error)"
        Loop.post { RecordingsOnLoop.current?.listeners[session]?(.settled(token: token, failure: message)) }
    }
}

extension RecordingsOnLoop: SessionRecording {
    func open(_ config: SessionConfig, at time: Fleet.Timestamp, news: @escaping @Loop (RecordingNews) -> Void) {
        listeners[config.sessionID] = news
        let size = config.terminalSize
        let header = RecordingHeader(
            columns: size.columns, rows: size.rows, startMs: time.milliseconds, command: config.command?.line,
            title: config.title)
        do throws(StoreError) {
            try recorder?.open(session: config.sessionID.rawValue, header: header)
        } catch {
            DaemonLog.warn("the recording of \(config.sessionID) could not be begun: \(error)")
        }
    }

    func append(_ bytes: [UInt8], of session: SessionID, at time: Fleet.Timestamp, token: UInt64) -> Int {
        do throws(StoreError) {
            guard let recorder else { throw .closed }
            return try recorder.append(session: session.rawValue, bytes, atMs: time.milliseconds, token: token)
        } catch {
            refused(session, token, error)
            return bytes.count
        }
    }

    func resize(_ session: SessionID, to size: Fleet.TerminalSize, at time: Fleet.Timestamp) {
        try? recorder?.resize(
            session: session.rawValue, columns: size.columns, rows: size.rows, atMs: time.milliseconds)
    }

    func close(_ session: SessionID) {
        try? recorder?.close(session: session.rawValue)
    }
}

extension RecordingsOnLoop: RecordingArchive {
    func length(of part: RecordingPart, of session: SessionID, then completion: @escaping @Loop (Int?) -> Void) {
        let reader = reader
        let answer = Unshared(completion)
        worker.run(
            { () -> Int? in
                switch part {
                case .output: return (try? reader.size(session: session.rawValue)).flatMap { $0 }.map { Int($0) }
                // The last lines are enough to find where the last whole one ends.
                case .cast:
                    return (try? reader.cast(session: session.rawValue, from: -65_536)).flatMap { $0 }.map {
                        Int($0.end)
                    }
                }
            }, then: { answer.value($0) })
    }

    func read(
        _ part: RecordingPart, of session: SessionID, from offset: Int, count: Int,
        then completion: @escaping @Loop ([UInt8]?) -> Void
    ) {
        let reader = reader
        let answer = Unshared(completion)
        worker.run(
            { () -> [UInt8]? in
                let id = session.rawValue
                switch part {
                case .output:
                    return (try? reader.read(session: id, from: Int64(offset), limit: count)).flatMap { $0 }?.bytes
                case .cast:
                    return (try? reader.cast(session: id, from: Int64(offset), limit: count)).flatMap { $0 }?.bytes
                }
            }, then: { answer.value($0) })
    }
}
