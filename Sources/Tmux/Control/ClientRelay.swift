import Glibc
import Reactor

/// Stands between a client of tmux and its server, so that the client is introduced in a way that cannot hurt the server
/// (``ClientIntroduction``), and is gone for both when the daemon is. What is asked and answered in control mode goes over
/// the client's own input and output, and not through here.
@Loop
final class ClientRelay {
    /// Where the client is to connect (`-S`).
    let path: String
    private let serverPath: String
    private var listener: LocalSocket?
    private var client: LocalSocket?
    private var server: LocalSocket?
    private var introduction = ClientIntroduction()
    /// Files that were received and not passed on yet.
    private var files: [Int32] = []

    private static var lastNumber = 0

    /// - Parameter serverPath: The server's socket. Ours is made beside it, where nobody else may go.
    init(server serverPath: String) throws(ReactorError) {
        self.serverPath = serverPath
        Self.lastNumber += 1
        path = "\(serverPath).drover-\(getpid())-\(Self.lastNumber)"
        unlink(path)
        let listener = try LocalSocket.listening(at: path)
        self.listener = listener
        listener.whenReadable { [weak self] in self?.accept() }
    }

    func close() {
        listener?.close()
        client?.close()
        server?.close()
        listener = nil
        client = nil
        server = nil
        closeFiles()
    }

    isolated deinit { close() }

    private func accept() {
        guard let client = listener?.accept() else { return }
        listener?.close()
        listener = nil
        self.client = client
        client.whenReadable { [weak self] in self?.introduce() }
    }

    // MARK: - The introduction

    private func introduce() {
        guard let client else { return }
        switch client.receive() {
        case .nothing: return
        case .end: close()
        case .bytes(let bytes, let files):
            introduction.feed(bytes, files: files)
            self.files += files
            do {
                guard let pieces = try introduction.pieces() else { return }
                let server = try LocalSocket.connected(to: serverPath)
                self.server = server
                // A socket that nobody has written to yet has room for it; half of it is worse than nothing.
                for piece in pieces where server.send(piece.bytes, file: piece.file ?? -1) != piece.bytes.count {
                    return close()
                }
            } catch {
                return close()
            }
            closeFiles()
            client.whenReadable { [weak self] in self?.pass(from: \.client, to: \.server) }
            server?.whenReadable { [weak self] in self?.pass(from: \.server, to: \.client) }
        }
    }

    private func closeFiles() {
        for file in files { Glibc.close(file) }
        files = []
    }

    // MARK: - After it

    /// Both say a word or two at the beginning and at the end, and never so much that it would not be taken.
    private func pass(from: KeyPath<ClientRelay, LocalSocket?>, to: KeyPath<ClientRelay, LocalSocket?>) {
        guard let source = self[keyPath: from], let target = self[keyPath: to] else { return close() }
        switch source.receive() {
        case .nothing: return
        case .end: close()
        case .bytes(let bytes, let files):
            for file in files { Glibc.close(file) }
            if target.send(bytes) != bytes.count { close() }
        }
    }
}
