import Client
import CSystem
import Glibc
import RuntimeClient
import Synchronization

/// A Unix socket at which every connection is a bridge of its own (chat-runtime §6.5).
///
/// Its folder is the user's alone, and so is everybody who is let in.
final class BridgeSocket: Sendable {
    /// Bridges at the same time; more are turned away.
    static let limit = 16

    private let path: String
    private let runtime: ChatRuntime
    private let listener: Int32
    private let bridges = Atomic(0)

    init(at path: String, _ runtime: ChatRuntime) throws(CommandFailure) {
        self.path = path
        self.runtime = runtime
        try Self.prepareFolder(of: path)
        try Self.removeStale(path)
        listener = drover_local_bind(path)
        guard listener >= 0 else {
            throw CommandFailure("\(path) cannot be listened at: \(String(cString: strerror(-listener))).")
        }
        let error = drover_local_listen(listener, 16)
        guard error == 0 else {
            throw CommandFailure("\(path) cannot be listened at: \(String(cString: strerror(error))).")
        }
    }

    /// Serves until a signal ends it; then the socket is gone.
    func run() -> ExitCode {
        let signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP])
        defer {
            unlink(path)
            close(listener)
        }
        while true {
            let ready = Poll.readable([listener, signals.descriptor], timeout: nil)
            if !signals.take().isEmpty { return .ok }
            if ready[0] { accept() }
        }
    }

    private func accept() {
        let connection = drover_local_accept(listener)
        guard connection >= 0 else { return }
        guard drover_peer_uid(connection) == Int64(getuid()), bridges.load(ordering: .relaxed) < Self.limit else {
            close(connection)
            return
        }
        bridges.add(1, ordering: .relaxed)
        let transport = DescriptorTransport(input: connection, output: connection, ownsDescriptors: true)
        let started = BackgroundThread.run { [self] in
            BridgeServer(runtime.adapter, over: transport, defaultBaseURL: runtime.baseURL).run()
            transport.close()
            bridges.subtract(1, ordering: .relaxed)
        }
        if !started {
            transport.close()
            bridges.subtract(1, ordering: .relaxed)
        }
    }

    // MARK: - The place

    private static func prepareFolder(of path: String) throws(CommandFailure) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        let folder = String(path[..<slash])
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw CommandFailure("\(folder) cannot be made: \(String(cString: strerror(errno))).")
        }
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure("\(folder) is no folder.")
        }
        guard status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                "\(folder) is open to others.", hints: ["Give the socket a folder of its own, or: chmod 700 \(folder)"])
        }
    }

    /// A socket that nobody answers at was left by somebody who died.
    private static func removeStale(_ path: String) throws(CommandFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw CommandFailure("\(path) is there, and no socket.") }
        if let other = try? DescriptorTransport.connect(to: path) {
            other.close()
            throw CommandFailure("Another bridge listens at \(path).")
        }
        unlink(path)
    }
}

/// A thread for what blocks.
enum BackgroundThread {
    /// False when the system has none to give.
    static func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        final class Work: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Work(work))
        let result = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, context.toOpaque())
        if result != 0 { context.release() } else { pthread_detach(thread) }
        return result == 0
    }
}
