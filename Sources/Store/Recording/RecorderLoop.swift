/// What the recorder's thread does: take all that waits, gather it by session, write each session once, answer.
///
/// Made by one thread and then run by another, which is the only one to touch it.
final class RecorderLoop: @unchecked Sendable {
    /// What was taken of a session and is not written yet.
    private struct Gathered {
        /// The last output's token, if there is output and not just a new size.
        var token: UInt64?
        var count = 0
    }

    private let paths: RecordingPaths
    private let queue: RecorderQueue
    private let deliver: @Sendable ([RecorderCompletion]) -> Void
    private var files: [String: RecordingFile] = [:]
    /// Sessions with something to write, in the order in which they came.
    private var order: [String] = []
    private var gathered: [String: Gathered] = [:]
    private var completions: [RecorderCompletion] = []

    init(
        paths: RecordingPaths, queue: RecorderQueue, deliver: @escaping @Sendable ([RecorderCompletion]) -> Void
    ) {
        self.paths = paths
        self.queue = queue
        self.deliver = deliver
    }

    func run() {
        while let commands = queue.take() {
            for command in commands { handle(command) }
            flushAll()
        }
        for session in files.keys.sorted() { close(session, token: 0) }
        flushAll()
    }

    private func handle(_ command: RecorderCommand) {
        let session = command.session
        switch command.work {
        case .open(let header):
            open(session, header, token: command.token)
        case .output(let bytes, let atMs):
            files[session]?.output(bytes, atMs: atMs)
            gather(session, token: command.token, count: bytes.count)
            if files[session]?.isHeavy == true {
                flush(session)
                report()
            }
        case .resize(let columns, let rows, let atMs):
            files[session]?.resize(columns: columns, rows: rows, atMs: atMs)
            gather(session, token: nil, count: 0)
        case .close:
            close(session, token: command.token)
        }
    }

    private func open(_ session: String, _ header: RecordingHeader, token: UInt64) {
        do throws(StoreError) {
            if files[session] == nil {
                files[session] = try RecordingFile(session: session, header: header, paths: paths)
            }
            try files[session]?.flush()
            complete(session, token, .opened)
        } catch {
            complete(session, token, .failed(error))
        }
    }

    private func close(_ session: String, token: UInt64) {
        flush(session)
        guard let file = files[session] else {
            complete(session, token, .failed(.closed))
            return
        }
        file.finish()
        do throws(StoreError) {
            try file.flush()
            complete(session, token, .closed)
        } catch {
            complete(session, token, .failed(error))
        }
        files[session] = nil
    }
}

// MARK: - Writing and answering

extension RecorderLoop {
    private func gather(_ session: String, token: UInt64?, count: Int) {
        if gathered[session] == nil { order.append(session) }
        gathered[session, default: Gathered()].count += count
        if let token { gathered[session]?.token = token }
    }

    private func flushAll() {
        for session in order { flush(session) }
        order.removeAll(keepingCapacity: true)
        report()
    }

    private func flush(_ session: String) {
        guard let output = gathered.removeValue(forKey: session) else { return }
        let result: RecorderCompletion.Result
        do throws(StoreError) {
            guard let file = files[session] else { throw .closed }
            try file.flush()
            result = .written
        } catch {
            result = .failed(error)
        }
        if let token = output.token { complete(session, token, result, count: output.count) }
    }

    private func complete(
        _ session: String, _ token: UInt64, _ result: RecorderCompletion.Result, count: Int = 0
    ) {
        let pending = queue.done(count, of: session)
        let end = files[session]?.end ?? 0
        completions.append(
            RecorderCompletion(session: session, token: token, result: result, end: end, pending: pending))
    }

    private func report() {
        if completions.isEmpty { return }
        deliver(completions)
        completions.removeAll(keepingCapacity: true)
    }
}
