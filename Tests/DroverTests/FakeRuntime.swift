import Client
import Glibc
import Synchronization
import Wire

@testable import drover

/// A daemon behind a runtime socket of its own that answers by a script.
final class FakeRuntime: Sendable {
    typealias Script = @Sendable (RPCRequest) -> RPCResponse?

    let path: String
    private let listener: Int32
    private let log = Mutex<[RPCRequest]>([])

    private static let count = Atomic(0)

    /// `script` may answer `nil` to hang up.
    convenience init(_ script: @escaping Script) {
        self.init(lines: { log, line in
            guard let request = try? RPCRequest(line: line) else { return nil }
            log(request)
            return script(request).map { $0.encoded() + [UInt8(ascii: "\n")] }
        })
    }

    /// One that answers every line with these bytes.
    static func saying(_ answer: [UInt8]) -> FakeRuntime { FakeRuntime(lines: { _, _ in answer }) }

    private init(lines script: @escaping @Sendable ((RPCRequest) -> Void, [UInt8]) -> [UInt8]?) {
        path = "/tmp/drover-fake-\(getpid())-\(Self.count.add(1, ordering: .relaxed).newValue).sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = path
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        unlink(path)
        let listener = listener
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let size = socklen_t(MemoryLayout<sockaddr_un>.size)
                precondition(bind(listener, generic, size) == 0 && listen(listener, 16) == 0, "a socket can be made")
            }
        }
        FakeDaemon.thread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    close(listener)
                    return
                }
                FakeDaemon.thread { [self] in
                    serve(connection, script)
                    close(connection)
                }
            }
        }
    }

    /// Stops listening, and removes the socket.
    func stop() {
        unlink(path)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// What was asked so far.
    var requests: [RPCRequest] { log.withLock { $0 } }

    private func serve(_ connection: Int32, _ script: ((RPCRequest) -> Void, [UInt8]) -> [UInt8]?) {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !line.contains(UInt8(ascii: "\n")) {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return }
            line += buffer[..<count]
        }
        let answer = script({ request in log.withLock { $0.append(request) } }, line)
        if let answer { FakeDaemon.send(answer, connection) }
    }
}
