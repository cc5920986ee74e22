import CSystem
import Glibc

/// What a peer sent in place of, or as, its one line.
public enum LineInput: Sendable {
    /// Without its LF; not empty, unless the peer sent an LF alone.
    case line([UInt8])
    /// More than the limit allows, and no end in sight.
    case tooLong
    /// Something, but no line within the time for it.
    case incomplete
    /// Nothing, and then the end; only for servers that answer that too.
    case nothing
    /// Nothing within the time for it; likewise.
    case silence
    /// A user who is not ours; likewise. Nothing was read.
    case stranger
    /// More connections than the server looks after at once; likewise. Nothing was read.
    case tooMany
}

/// Answers one line with one line on each connection of a Unix socket, for peers of the same user alone.
///
/// Most requests are there when their connection is, and most answers are known at once: then accepting, reading, answering
/// and closing happen in one go, and the event library never hears of the connection.
@Loop
public final class LineServer {
    public struct Limits: Sendable {
        /// Bytes of a request.
        public var lineBytes = 8 << 20
        /// Milliseconds for a whole line to arrive.
        public var readTime: Int64 = 10_000
        /// Milliseconds that a peer may take nothing of its answer.
        public var writeTime: Int64 = 10_000
        public var backlog: Int32 = 1024
        /// Milliseconds between two pieces of a line.
        public var gapTime = Int64.max
        /// Connections looked after at once.
        public var connections = Int.max
        /// Whether those that are not served are told why, instead of being closed without a word.
        public var answersEverybody = false

        public init() {}
    }

    public let path: String
    let limits: Limits
    private let handler: @Loop (LineInput, LineCall) -> Void
    /// Told what is wrong when connections cannot be accepted for a while.
    public var onAcceptFailure: (@Loop (ReactorError) -> Void)?

    private var watcher: DescriptorWatcher?
    private var hasFile = false
    private let ownUID = Int64(geteuid())
    /// Connections that wait for their line or for their answer to leave.
    private(set) var connections: Set<LineConnection> = []

    /// Connections accepted in one turn; the others wait for the next, so that a flood leaves time for everything else.
    private static let acceptLimit = 64
    private static let acceptBackOff: Int64 = 50

    /// Binds the socket: from here on clients may connect, and wait until ``accept()``. Nothing may be at the path.
    public init(
        path: String, limits: Limits = Limits(), handler: @escaping @Loop (LineInput, LineCall) -> Void
    ) throws(ReactorError) {
        self.path = path
        self.limits = limits
        self.handler = handler
        let descriptor = drover_local_bind(path)
        try check(descriptor, "cannot bind \(path)")
        hasFile = true
        let result = drover_local_listen(descriptor, limits.backlog)
        if result != 0 {
            Glibc.close(descriptor)
            removeFile()
            throw ReactorError("cannot listen on \(path)", code: result)
        }
        watcher = DescriptorWatcher(descriptor) { [weak self] _ in self?.acceptSome() }
    }

    /// Begins to answer.
    public func accept() { watcher?.watch(.readable) }

    /// Removes the socket and stops accepting. Calls that are under way are still answered.
    public func close() {
        removeFile()
        watcher?.close()
        watcher = nil
    }

    private func removeFile() {
        if hasFile { unlink(path) }
        hasFile = false
    }

    private func acceptSome() {
        guard let watcher else { return }
        var waiting: [Int32] = []
        for _ in 0..<Self.acceptLimit {
            let connection = drover_local_accept(watcher.descriptor)
            if connection < 0 {
                let code = -connection
                if code == EINTR || code == ECONNABORTED { continue }
                if code != EAGAIN { pauseAccepting(code) }
                break
            }
            if connections.count + waiting.count >= limits.connections {
                refuse(connection, .tooMany)
                continue
            }
            guard drover_peer_uid(connection) == ownUID else {
                refuse(connection, .stranger)
                continue
            }
            if !serve(connection) { waiting.append(connection) }
        }
        // Their lines may have come while others were answered.
        for connection in waiting where !serve(connection) { keep(connection).read() }
    }

    private func pauseAccepting(_ code: Int32) {
        onAcceptFailure?(ReactorError("cannot accept on \(path)", code: code))
        watcher?.watch([])
        _ = LoopTimer(after: Self.acceptBackOff) { [weak self] in self?.accept() }
    }

    /// Serves a connection of which something is there already. Says whether there was.
    private func serve(_ descriptor: Int32) -> Bool {
        let buffer = LineBuffer.shared.bytes
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return false }
            // Probes of whether the socket lives look like this.
            refuse(descriptor, .nothing)
            return true
        }
        var assembly = LineAssembly(limit: limits.lineBytes)
        switch assembly.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
        case .line(let line): handle(.line(line), LineCall(descriptor, server: self))
        case let input: keep(descriptor).read(assembly, input)
        }
        return true
    }

    /// Tells somebody who is not served why, if that is wanted, and closes.
    private func refuse(_ descriptor: Int32, _ input: LineInput) {
        guard limits.answersEverybody else {
            Glibc.close(descriptor)
            return
        }
        let call = LineCall(descriptor, server: self)
        handler(input, call)
        // What was sent meanwhile must not reset the connection before the answer is read.
        call.close()
    }

    /// Connections that are looked after now.
    public var connectionCount: Int { connections.count }

    // MARK: - For connections

    func handle(_ input: LineInput, _ call: LineCall) {
        handler(input, call)
        call.handlerReturned()
    }

    /// Looks after a connection for longer than one look.
    func keep(_ descriptor: Int32) -> LineConnection {
        let connection = LineConnection(descriptor, server: self)
        connections.insert(connection)
        return connection
    }

    func forget(_ connection: LineConnection) { connections.remove(connection) }
}

/// Where requests are looked at first; used up before the next is.
@Loop
final class LineBuffer {
    static let shared = LineBuffer()
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
}
