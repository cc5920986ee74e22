import Bytes
import Reactor
import Testing

@testable import HTTP

private let host = "Host: localhost\r\n"
private let handshake = "GET /ws HTTP/1.1\r\n\(host)\(webSocketHeaders)\r\n"

extension Site {
    /// A client whose WebSocket is open.
    fileprivate func openWebSocket() throws -> Client {
        let client = try connect()
        try client.send(handshake)
        let answer = try client.readResponse()
        guard answer.status == 101 else { throw Client.Failure.malformed("status \(answer.status)") }
        return client
    }
}

@Suite struct WebSocketTests {
    @Test func `the handshake's answer is the one of the specification`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let answer = try client.exchange(handshake)
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(answer["upgrade"] == "websocket")
        #expect(answer["connection"] == "Upgrade")
        #expect(await site.connectionCount == 0, "it is no HTTP connection any more")
    }

    @Test(arguments: [
        ("no upgrade at all", "", 426),
        (
            "an old version",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            426
        ),
        (
            "no version",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426
        ),
        ("no key", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", 400),
        (
            "a short key",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n",
            400
        ),
        (
            "a key that is not base64",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n",
            400
        ),
    ])
    func `a handshake that is wrong is refused, and the connection lives on`(what: String, headers: String, status: Int)
        async throws
    {
        let site = try await Site.open()
        let client = try site.connect()
        let answer = try client.exchange("GET /ws HTTP/1.1\r\n\(host)\(headers)\r\n")
        #expect(answer.status == status, "\(what)")
        #expect(answer["sec-websocket-version"] == (status == 426 ? "13" : nil))
        #expect(try client.exchange("GET /echo HTTP/1.1\r\n\(host)\r\n").status == 200)
    }

    @Test func `a message comes back, whatever its length`() async throws {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        for length in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) & 0x7F }
            try client.send(.text, payload)
            var frame = try client.readFrame()
            #expect(frame.opcode == .text)
            #expect(frame.payload == payload)
            try client.send(.binary, payload)
            frame = try client.readFrame()
            #expect(frame.opcode == .binary)
            #expect(frame.payload == payload)
        }
    }

    @Test func `the first frame may come in the same packet as the handshake`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        try client.send(Array(handshake.utf8) + Client.frame(.text, Array("early".utf8)) + Client.frame(.ping, [1]))
        #expect(try client.readResponse().status == 101)
        #expect(try client.readFrame().payload == Array("early".utf8))
        #expect(try client.readFrame().opcode == .pong)
    }

    @Test func `a handshake may wait for the answers before it`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let first = Array("GET /later/x HTTP/1.1\r\n\(host)\r\n".utf8)
        try client.send(first + Array(handshake.utf8) + Client.frame(.text, Array("early".utf8)))
        #expect(try client.readResponse().text == "GET /later/x ")
        #expect(try client.readResponse().status == 101)
        #expect(try client.readFrame().payload == Array("early".utf8))
    }

    @Test func `frames that came before a late acceptance keep their order`() async throws {
        let site = try await Site.open { router, log in
            router.on(.get, "/late") { exchange in
                log.note("asked")
                log.held.append(exchange)
            }
        }
        let client = try site.connect()
        try client.send(
            Array(handshake.utf8.map { $0 }).replacing(Array("/ws".utf8), with: Array("/late".utf8))
                + Client.frame(.text, Array("0".utf8)))
        #expect(await site.heard("asked"))
        await turn()
        await onLoop { [log = site.log] in
            log.held.removeLast().acceptWebSocket(maxMessageSize: 1000)?.delegate = Echo(log)
        }
        for number in 1..<50 { try client.send(.text, Array("\(number)".utf8)) }
        #expect(try client.readResponse().status == 101)
        for number in 0..<50 { #expect(try client.readFrame().payload == Array("\(number)".utf8)) }
    }

    @Test func `a message may come in fragments, with a ping between them, cut anywhere`() async throws {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        let frames =
            Client.frame(.text, Array("Gr".utf8) + [0xC3], isFinal: false) + Client.frame(.ping, [7])
            + Client.frame(.continuation, [0xBC], isFinal: false) + Client.frame(.continuation, Array("n".utf8))
        for byte in frames {
            try client.send([byte])
            await turn()
        }
        let pong = try client.readFrame()
        #expect(pong.opcode == .pong)
        #expect(pong.payload == [7])
        #expect(try client.readFrame().payload == Array("Grün".utf8))
    }

    @Test func `a ping of the server's is answered, and it hears so`() async throws {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        try client.send(.text, Array("ping".utf8))
        let ping = try client.readFrame()
        #expect(ping.opcode == .ping)
        try client.send(.pong, ping.payload)
        #expect(await site.heard("pong"))
    }

    @Test(arguments: [1000, 1001, 3000, 4999])
    func `a close is answered with its own code`(code: Int) async throws {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        try client.send(.close, [UInt8(code >> 8), UInt8(code & 255)] + Array("bye".utf8))
        #expect(try client.readClose() == code)
        #expect(try client.isClosedByPeer())
        #expect(await site.heard("closed \(code)"))
    }

    @Test func `a close without a code is answered without one`() async throws {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        try client.send(.close)
        #expect(try client.readClose() == 1005)
        #expect(try client.isClosedByPeer())
        #expect(await site.heard("closed 1005"))
    }

    @Test func `a close of the server's waits for the answer`() async throws {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        try client.send(.text, Array("close".utf8))
        #expect(try client.readClose() == 4000)
        #expect(await site.lines == [])
        // What is said between its close and our answer is not heard any more.
        try client.send(.text, Array("too late".utf8))
        try client.send(.close, [0x0F, 0xA0])
        #expect(await site.heard("closed 4000"))
        #expect(try client.isClosedByPeer())
        #expect(await site.lines.count == 1)
    }

    @Test(arguments: [
        ("a frame that is not masked", [0x81, 0x01, 0x61], 1002),
        ("a reserved bit", [0xC1, 0x80, 0, 0, 0, 0], 1002),
        ("a reserved opcode", [0x83, 0x80, 0, 0, 0, 0], 1002),
        ("a fragmented ping", [0x09, 0x80, 0, 0, 0, 0], 1002),
        ("a long ping", [0x89, 0xFE, 0x00, 0x7E, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", [0x80, 0x80, 0, 0, 0, 0], 1002),
        ("a message inside a message", [0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0], 1002),
        ("a close code of one byte", [0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        ("a close code that is not for the wire", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], 1002),
        ("text that is not UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28], 1007),
        ("a reason that is not UTF-8", [0x88, 0x83, 0, 0, 0, 0, 0x03, 0xE8, 0xFF], 1007),
        ("a message that is too long", [0x82, 0xFF, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0], 1009),
    ])
    func `what breaks the protocol is answered with the code that says so`(what: String, frames: [UInt8], code: Int)
        async throws
    {
        let site = try await Site.open()
        let client = try site.openWebSocket()
        try client.send(frames)
        #expect(try client.readClose() == code, "\(what)")
        #expect(try client.isClosedByPeer())
        #expect(await site.heard("closed \(code)"))
        #expect(await site.lines.count == 1)
    }

    @Test func `a connection that breaks is told without a code, once`() async throws {
        let site = try await Site.open()
        let reset = try site.openWebSocket()
        reset.reset()
        #expect(await eventually { await site.lines == ["closed without a word"] })
        let ended = try site.openWebSocket()
        ended.finish()
        #expect(await eventually { await site.lines == ["closed without a word", "closed without a word"] })
        let aborted = try site.openWebSocket()
        try aborted.send(.text, Array("abort".utf8))
        #expect(try aborted.isClosedByPeer())
        #expect(await eventually { await site.lines.count == 3 })
    }

    @Test func `a flood of pings from someone who does not read is not kept`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/backlog") { exchange in
                exchange.respond(.text("\(OpenWebSockets.shared.largestBacklog)"))
            }
        }
        let client = try site.connect(receiveBuffer: 4096)
        try client.send(handshake)
        #expect(try client.readResponse().status == 101)
        let pings = Array((0..<1000).map { _ in Client.frame(.ping, [UInt8](repeating: 1, count: 125)) }.joined())
        for _ in 0..<200 where client.sendWhatIsTaken(pings) < pings.count { break }
        let backlog = Int(try site.connect().exchange("GET /backlog HTTP/1.1\r\n\(host)\r\n").text) ?? .max
        #expect(backlog < 1 << 20)
    }
}

extension OpenWebSockets {
    fileprivate var largestBacklog: Int { all.map(\.backlog).max() ?? 0 }
}

extension [UInt8] {
    /// The bytes with the first occurrence of `old` replaced.
    fileprivate func replacing(_ old: [UInt8], with new: [UInt8]) -> [UInt8] {
        for start in indices where start + old.count <= count && Array(self[start..<(start + old.count)]) == old {
            return Array(self[..<start]) + new + Array(self[(start + old.count)...])
        }
        return self
    }
}
