import Synchronization

/// One thing for the recorder's thread to do.
struct RecorderCommand: Sendable {
    enum Work: Sendable {
        case open(RecordingHeader)
        case output([UInt8], atMs: Int64)
        case resize(columns: Int, rows: Int, atMs: Int64)
        case close
    }

    let session: String
    let token: UInt64
    let work: Work

    /// Bytes of output it carries.
    var count: Int {
        if case .output(let bytes, _) = work { return bytes.count }
        return 0
    }
}

/// What waits for the recorder's thread, and how much output of each session is not written yet.
final class RecorderQueue: Sendable {
    private struct State {
        var commands: [RecorderCommand] = []
        var pending: [String: Int] = [:]
        var total = 0
        var isClosed = false
        var isAwaited = false
    }

    private let state = Mutex(State())
    private let bell: Doorbell
    private let byteLimit: Int

    init(byteLimit: Int) throws(StoreError) {
        bell = try Doorbell()
        self.byteLimit = byteLimit
    }

    /// Says how much output of the session is pending now, this included.
    func append(_ command: RecorderCommand) throws(StoreError) -> Int {
        let count = command.count
        let outcome = state.withLock { state -> Result<(pending: Int, isAwaited: Bool), StoreError> in
            if state.isClosed { return .failure(.closed) }
            if count > 0 && state.total > 0 && state.total + count > byteLimit { return .failure(.overloaded) }
            state.commands.append(command)
            state.total += count
            let pending = state.pending[command.session, default: 0] + count
            if count > 0 { state.pending[command.session] = pending }
            defer { state.isAwaited = false }
            return .success((pending, state.isAwaited))
        }
        let (pending, isAwaited) = try outcome.get()
        if isAwaited { bell.ring() }
        return pending
    }

    /// Waits for commands and takes all of them. `nil` when the queue has been closed and is empty.
    func take() -> [RecorderCommand]? {
        while true {
            let taken = state.withLock { state -> [RecorderCommand]? in
                if state.commands.isEmpty {
                    state.isAwaited = !state.isClosed
                    return state.isClosed ? nil : []
                }
                defer { state.commands = [] }
                return state.commands
            }
            guard let taken else { return nil }
            if !taken.isEmpty { return taken }
            _ = bell.wait()
        }
    }

    /// Reports output of a session as written or given up, and says how much is left.
    func done(_ count: Int, of session: String) -> Int {
        state.withLock { state in
            state.total -= count
            let pending = state.pending[session, default: 0] - count
            state.pending[session] = pending > 0 ? pending : nil
            return pending
        }
    }

    func pending(of session: String) -> Int { state.withLock { $0.pending[session, default: 0] } }

    func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
    }
}
