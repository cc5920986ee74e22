import CSystem
import Glibc
import Testing

@testable import Reactor

/// A socket's place that is used once.
private func freshPath() -> String {
    var template = Array("/tmp/drover-lines-XXXXXX".utf8CString)
    mkdtemp(&template)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/s"
}

/// A server that answers each line with what `handler` says, for one test.
private func serve(
    limits: LineServer.Limits = LineServer.Limits(),
    _ handler: @escaping @Sendable @Loop (LineInput, LineCall) -> Void
) async -> String {
    let path = freshPath()
    await onLoop { (continuation: CheckedContinuation<Void, Never>) in
        do throws(ReactorError) {
            let server = try LineServer(path: path, limits: limits, handler: handler)
            server.accept()
            servers.append(server)
        } catch { Issue.record(error) }
        continuation.resume()
    }
    return path
}

@Loop private var servers: [LineServer] = []

/// Repeats what it is told, and names what is no line.
@Loop private func echo(_ input: LineInput, _ call: LineCall) {
    switch input {
    case .line(let line): call.answer(Array("<".utf8) + line + Array(">".utf8))
    case .tooLong: call.answer(Array("too long".utf8))
    case .incomplete: call.answer(Array("incomplete".utf8))
    }
}

/// A client that blocks, for threads that may.
private struct Client: ~Copyable {
    let descriptor: Int32

    init(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(result == 0)
        // A server that does not answer fails the test instead of stopping it.
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// All that the server sends until it closes; `nil` when it closed with an error.
    func receiveAll() -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// Runs what blocks on a thread of its own.
private func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await onLoop { continuation in
        let worker = Worker()
        worker.run(work) { continuation.resume(returning: $0) }
    }
}

private func ask(_ path: String, _ text: String, ending: Bool = false) async -> String? {
    await blocking {
        let client = Client(path)
        client.send(text)
        if ending { client.finishSending() }
        return client.receiveAll()
    }
}

@Suite struct `A line server` {
    @Test(arguments: [
        ("hello\n", "<hello>\n"), ("\n", "<>\n"), ("hello\r\nmore", "<hello\r>\n"), ("one\ntwo\n", "<one>\n"),
    ])
    func `answers the first line and closes`(text: String, answer: String) async {
        let path = await serve(echo)
        #expect(await ask(path, text) == answer)
    }

    @Test func `takes the end of the stream for the end of the line`() async {
        let path = await serve(echo)
        #expect(await ask(path, "hello", ending: true) == "<hello>\n")
    }

    @Test func `answers a line whose end comes later`() async {
        let path = await serve(echo)
        let answer = await blocking {
            let client = Client(path)
            client.send("hel")
            // Whoever comes after it is answered first, so its beginning has been looked at.
            let other = Client(path)
            other.send("other\n")
            #expect(other.receiveAll() == "<other>\n")
            client.send("lo\n")
            return client.receiveAll()
        }
        #expect(answer == "<hello>\n")
    }

    @Test func `answers a line longer than one portion`() async {
        let path = await serve(echo)
        let text = String(repeating: "0123456789", count: 40_000)
        #expect(await ask(path, text + "\n") == "<\(text)>\n")
    }

    @Test func `closes without a word when nothing was said`() async {
        let path = await serve(echo)
        #expect(await ask(path, "", ending: true) == "")
    }

    @Test(arguments: ["0123456789abcdef\n", "0123456789abcdef"])
    func `refuses a line above the limit`(text: String) async {
        var limits = LineServer.Limits()
        limits.lineBytes = 15
        let path = await serve(limits: limits, echo)
        #expect(await ask(path, text) == "too long\n")
        #expect(await ask(path, "0123456789abcde\n") == "<0123456789abcde>\n")
    }

    @Test func `says so when a line does not end in time`() async {
        var limits = LineServer.Limits()
        limits.readTime = 20
        let path = await serve(limits: limits, echo)
        #expect(await ask(path, "hel") == "incomplete\n")
        #expect(await ask(path, "") == "")
    }

    @Test func `answers later, and all of it, a peer that reads slowly`() async {
        let answer = [UInt8](repeating: 65, count: 3_000_000)
        let path = await serve { @Loop _, call in
            Loop.post { call.answer(answer) }
        }
        #expect(await ask(path, "x\n")?.utf8.count == answer.count + 1)
        let atOnce = await serve { _, call in call.answer(answer) }
        #expect(await ask(atOnce, "x\n")?.utf8.count == answer.count + 1)
    }

    @Test func `tells a waiting call that its peer has hung up`() async {
        let hungUp = await onLoop { (continuation: CheckedContinuation<String, Never>) in
            do throws(ReactorError) {
                let server = try LineServer(path: freshPath()) { _, call in
                    call.onHangUp = { [call] in
                        call.answer([])
                        continuation.resume(returning: "hung up")
                    }
                }
                server.accept()
                servers.append(server)
                let path = server.path
                Worker().run(
                    {
                        let client = Client(path)
                        client.send("wait\n")
                        client.finishSending()
                        // It gets no answer.
                        return client.receiveAll()
                    }, then: { #expect($0 == "") })
            } catch { continuation.resume(returning: "\(error)") }
        }
        #expect(hungUp == "hung up")
    }

    @Test func `closes a call that nobody answers`() async {
        let path = await serve { _, _ in }
        #expect(await ask(path, "x\n") == "")
    }
}
