import CSystem
import Glibc

/// A Unix socket that carries open files beside bytes: one that listens, or a connection. Owns its descriptor.
@Loop
public final class LocalSocket {
    /// What a connection had to read.
    public enum Received {
        /// The files are the receiver's to close.
        case bytes([UInt8], files: [Int32])
        /// Nothing yet.
        case nothing
        /// The peer is gone.
        case end
    }

    private var watcher: DescriptorWatcher?
    private var onReadable: (@Loop () -> Void)?
    /// The file of one that listens.
    private var path: String?

    private static let readSize = 65_536

    private init(_ descriptor: Int32, path: String? = nil) {
        self.path = path
        watcher = DescriptorWatcher(descriptor) { [weak self] _ in self?.onReadable?() }
    }

    /// Listens at a path, with mode 0600. Nothing may be there.
    public static func listening(at path: String) throws(ReactorError) -> LocalSocket {
        let descriptor = drover_local_bind(path)
        try check(descriptor, "cannot bind \(path)")
        let result = drover_local_listen(descriptor, 1)
        if result != 0 {
            Glibc.close(descriptor)
            unlink(path)
            throw ReactorError("cannot listen on \(path)", code: result)
        }
        return LocalSocket(descriptor, path: path)
    }

    /// Connects to a socket of this machine.
    public static func connected(to path: String) throws(ReactorError) -> LocalSocket {
        let descriptor = drover_local_connect(path)
        try check(descriptor, "cannot connect to \(path)")
        return LocalSocket(descriptor)
    }

    /// Calls back whenever there is something to read or to accept, or the end.
    public func whenReadable(_ body: @escaping @Loop () -> Void) {
        onReadable = body
        watcher?.watch(.readable)
    }

    /// A connection that waits, of the same user; others are closed. `nil` when there is none.
    public func accept() -> LocalSocket? {
        guard let watcher else { return nil }
        let descriptor = drover_local_accept(watcher.descriptor)
        guard descriptor >= 0 else { return nil }
        guard drover_peer_uid(descriptor) == Int64(geteuid()) else {
            Glibc.close(descriptor)
            return nil
        }
        return LocalSocket(descriptor)
    }

    public func receive() -> Received {
        guard let watcher else { return .end }
        var files = [Int32](repeating: -1, count: Int(DROVER_LOCAL_FILES))
        var fileCount: Int32 = 0
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
            result = drover_local_receive(watcher.descriptor, buffer.baseAddress, buffer.count, &files, &fileCount)
            count = max(0, result)
        }
        if result == -Int(EAGAIN) || result == -Int(EINTR) { return .nothing }
        guard result > 0 else { return .end }
        return .bytes(bytes, files: Array(files.prefix(Int(fileCount))))
    }

    /// Sends bytes, and with the first of them an open file. Returns how many were taken; `nil` when the peer is gone.
    public func send(_ bytes: some Collection<UInt8>, file: Int32 = -1) -> Int? {
        guard let watcher else { return nil }
        let bytes = Array(bytes)
        let result = drover_local_send(watcher.descriptor, bytes, bytes.count, file)
        if result == -Int(EAGAIN) || result == -Int(EINTR) { return 0 }
        return result >= 0 ? result : nil
    }

    public func close() {
        onReadable = nil
        watcher?.close()
        watcher = nil
        if let path { unlink(path) }
        path = nil
    }
}
