import Glibc
import Testing

@testable import Reactor

/// A client that blocks, on a thread of its own.
private struct Peer: ~Copyable {
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
        precondition(result == 0, "cannot connect to \(path)")
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// All until the server closes.
    func answer() -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }
}

/// A server that answers as each test says, with what it saw.
@Loop private final class Desk {
    var server: LineServer?
    var inputs: [String] = []
    var hangUps = 0
    var held: [LineCall] = []

    static func open(_ path: String, limits: LineServer.Limits = LineServer.Limits()) throws(ReactorError) -> Desk {
        let desk = Desk()
        unlink(path)
        desk.server = try LineServer(path: path, limits: limits) { [unowned desk] input, call in
            desk.handle(input, call)
        }
        desk.server?.accept()
        return desk
    }

    private func handle(_ input: LineInput, _ call: LineCall) {
        switch input {
        case .tooLong:
            inputs.append("too long")
            call.answer(Array("too long".utf8))
        case .incomplete:
            inputs.append("incomplete")
            call.answer(Array("incomplete".utf8))
        case .nothing, .silence, .stranger, .tooMany:
            inputs.append("\(input)")
            call.answer(Array("\(input)".utf8))
        case .line(let bytes):
            let line = String(decoding: bytes, as: UTF8.self)
            inputs.append(line)
            if line.hasPrefix("wait") {
                held.append(call)
                call.onHangUp = { [unowned self] in hangUps += 1 }
            } else if line.hasPrefix("later") {
                _ = LoopTimer(after: 20) { call.answer(bytes) }
            } else if line.hasPrefix("much") {
                call.answer([UInt8](repeating: UInt8(ascii: "x"), count: 4 << 20))
            } else if line != "say nothing" {
                call.answer(bytes)
            }
        }
    }
}

private func path(_ name: String) -> String { "/tmp/drover-lines-\(getpid())-\(name).sock" }

private func onLoop<Value: Sendable>(_ body: @escaping @Sendable @Loop () -> Value) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { continuation.resume(returning: body()) } }
}

private func desk(_ name: String, limits: LineServer.Limits = LineServer.Limits()) async -> Desk {
    await onLoop { try! Desk.open(path(name), limits: limits) }
}

/// Runs what blocks on a thread of its own, so that the test's executor is free.
private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    let worker = Worker()
    return await withCheckedContinuation { continuation in
        worker.run({ continuation.resume(returning: body()) }, then: { _ in })
    }
}

@Suite struct LineServerTests {
    @Test(arguments: ["a\n", "a\nb\n", "a\n{\"second\":1}"])
    func `a line feed ends the request, and what follows is nothing`(_ sent: String) async {
        let name = "feed\(sent.utf8.count)"
        let desk = await desk(name)
        let answer = await blocking { () -> String in
            let peer = Peer(path(name))
            peer.send(sent)
            return peer.answer()
        }
        #expect(answer == "a\n")
        #expect(await onLoop { desk.inputs } == ["a"])
        await onLoop { desk.server?.close() }
    }

    @Test func `the end of sending ends the request too`() async {
        let desk = await desk("half")
        let answer = await blocking { () -> String in
            let peer = Peer(path("half"))
            peer.send("whole")
            peer.endSending()
            return peer.answer()
        }
        #expect(answer == "whole\n")
        await onLoop { desk.server?.close() }
    }

    @Test func `a line may come in pieces, and its answer later`() async {
        let desk = await desk("pieces")
        let answer = await blocking { () -> String in
            let peer = Peer(path("pieces"))
            for piece in ["la", "te", "r ", "on", "\n"] {
                peer.send(piece)
                usleep(2000)
            }
            return peer.answer()
        }
        #expect(answer == "later on\n")
        await onLoop { desk.server?.close() }
    }

    @Test func `a long line arrives whole, a longer one is refused`() async {
        var limits = LineServer.Limits()
        limits.lineBytes = 300_000
        let desk = await desk("long", limits: limits)
        let long = String(repeating: "y", count: 300_000)
        let answers = await blocking { () -> [String] in
            ["", "y"].map { more in
                let peer = Peer(path("long"))
                peer.send(long + more + "\n")
                return peer.answer()
            }
        }
        #expect(answers == [long + "\n", "too long\n"])
        await onLoop { desk.server?.close() }
    }

    @Test func `a line that does not end in time is told apart from silence`() async {
        var limits = LineServer.Limits()
        limits.readTime = 50
        let desk = await desk("slow", limits: limits)
        let answers = await blocking { () -> [String] in
            ["", "half a line"].map { sent in
                let peer = Peer(path("slow"))
                peer.send(sent)
                return peer.answer()
            }
        }
        #expect(answers == ["", "incomplete\n"])
        #expect(await onLoop { desk.inputs } == ["incomplete"])
        await onLoop { desk.server?.close() }
    }

    @Test func `whoever hangs up while waiting is heard, and gets no answer`() async {
        let desk = await desk("hang")
        let answers = await blocking { () -> [String] in
            let half = Peer(path("hang"))
            half.send("wait\n")
            half.endSending()
            let gone = Peer(path("hang"))
            gone.send("wait, then nothing")
            gone.endSending()
            return [half.answer(), gone.answer()]
        }
        #expect(answers == ["", ""])
        #expect(await onLoop { desk.hangUps } == 2)
        await onLoop { desk.server?.close() }
    }

    @Test func `a large answer waits for a slow reader`() async {
        let desk = await desk("much")
        let count = await blocking { () -> Int in
            let peer = Peer(path("much"))
            peer.send("much\n")
            usleep(20_000)
            return peer.answer().utf8.count
        }
        #expect(count == (4 << 20) + 1)
        await onLoop { desk.server?.close() }
    }

    @Test func `a peer that takes nothing of its answer is given up`() async {
        var limits = LineServer.Limits()
        limits.writeTime = 50
        let desk = await desk("deaf", limits: limits)
        let count = await blocking { () -> Int in
            let peer = Peer(path("deaf"))
            peer.send("much\n")
            usleep(400_000)
            return peer.answer().utf8.count
        }
        #expect(count < 4 << 20)
        #expect(await onLoop { desk.server?.connections.isEmpty } == true)
        await onLoop { desk.server?.close() }
    }

    @Test func `a call that nobody answers is closed`() async {
        let desk = await desk("silent")
        let answer = await blocking { () -> String in
            let peer = Peer(path("silent"))
            peer.send("say nothing\n")
            return peer.answer()
        }
        #expect(answer == "")
        await onLoop { desk.server?.close() }
    }

    @Test func `many at once are all answered`() async {
        let desk = await desk("many")
        let answers = await blocking { () -> Int in
            // More than are accepted in one turn; all are connected before the first one asks.
            var descriptors: [Int32] = []
            var right = 0
            for number in 0..<200 {
                let peer = Peer(path("many"))
                peer.send("\(number)\n")
                descriptors.append(dup(peer.descriptor))
            }
            for (number, descriptor) in descriptors.enumerated() {
                var buffer = [UInt8](repeating: 0, count: 64)
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count > 0, String(decoding: buffer[..<count], as: UTF8.self) == "\(number)\n" { right += 1 }
                close(descriptor)
            }
            return right
        }
        #expect(answers == 200)
        await onLoop { desk.server?.close() }
    }

    @Test func `the socket is for its owner alone, and goes when it closes`() async {
        let desk = await desk("mode")
        var status = stat()
        #expect(stat(path("mode"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        await onLoop { desk.server?.close() }
        #expect(stat(path("mode"), &status) != 0)
    }

    @Test func `a path that does not fit is said to be too long`() async {
        let error = await onLoop { () -> Int32 in
            do throws(ReactorError) {
                _ = try LineServer(path: "/tmp/" + String(repeating: "p", count: 120)) { _, _ in }
                return 0
            } catch {
                return error.code
            }
        }
        #expect(error == ENAMETOOLONG)
    }
}
