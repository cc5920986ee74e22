import Glibc
import HookReport

/// The way to the daemon: one connection a request (daemon-ipc §1.2).
struct DaemonSocket {
    /// How long the daemon may take for each step, in milliseconds (daemon-ipc §9.1).
    static let patience = 600
    /// How long to wait before the one more try, in milliseconds.
    static let pause = 50
    /// Longest answer read, in bytes.
    static let answerLimit = 1_048_576

    let path: String

    /// Where the daemon listens: as told, else in the user's home.
    init?() {
        if let path = System.variable("CAPACITOR_DAEMON_SOCKET") {
            self.path = path
        } else if let home = System.capacitorHome {
            path = home + "/daemon.sock"
        } else {
            return nil
        }
    }

    /// Why no answer came.
    struct Failure: Error {
        var reason: String
    }

    /// Sends a request, and once more after a pause when no answer came or the daemon was too busy.
    ///
    /// The bytes are the same both times, so an answer that was lost cannot make the event count twice.
    func deliver(_ line: [UInt8]) throws(Failure) -> Answer {
        if let answer = try? ask(line) {
            guard case .later = answer else { return answer }
        }
        System.sleep(milliseconds: Self.pause)
        return try ask(line)
    }

    private func ask(_ line: [UInt8]) throws(Failure) -> Answer {
        let descriptor = try connected()
        defer { close(descriptor) }
        // A daemon that refuses early may have closed its side, and its answer is there all the same.
        let problem = send(line, through: descriptor)
        let answer = receive(from: descriptor)
        if let answer = Answer(line: answer) { return answer }
        throw Failure(reason: problem ?? "no answer from \(path)")
    }

    private func connected() throws(Failure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = Array(path.utf8)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { field in
            guard text.count < field.count else { return false }
            field.copyBytes(from: text)
            return true
        }
        guard isShort else { throw Failure(reason: "the path \(path) is too long for a socket") }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(reason: "no socket: \(System.words(errno))") }
        var patience = timeval(tv_sec: 0, tv_usec: Self.patience * 1000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            throw Failure(reason: "nobody answers at \(path): \(System.words(number))")
        }
        return descriptor
    }

    /// Says what went wrong, if something did.
    private func send(_ line: [UInt8], through descriptor: Int32) -> String? {
        let deadline = System.uptime + Self.patience
        var sent = 0
        while sent < line.count {
            let count = line.withUnsafeBytes { bytes in
                Glibc.send(descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return "sending to \(path): \(System.words(errno))"
            }
            sent += count
            if sent < line.count, System.uptime > deadline { return "sending to \(path) took too long" }
        }
        return nil
    }

    /// Up to the first line's end, the stream's end, or the time's.
    private func receive(from descriptor: Int32) -> [UInt8] {
        let deadline = System.uptime + Self.patience
        var answer: [UInt8] = []
        while answer.count < Self.answerLimit, System.uptime <= deadline {
            let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                var got = recv(descriptor, buffer.baseAddress, 4096, 0)
                while got < 0 && errno == EINTR { got = recv(descriptor, buffer.baseAddress, 4096, 0) }
                count = max(0, got)
            }
            if chunk.isEmpty { break }
            if let end = chunk.firstIndex(of: 0x0A) { return answer + chunk[..<end] }
            answer += chunk
        }
        return answer
    }
}
