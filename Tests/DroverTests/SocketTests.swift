import Bytes
import Client
import Synchronization
import Testing

@testable import drover

/// The client over real sockets.
@Suite struct SocketTests {
    private func address(_ daemon: FakeDaemon) -> DaemonAddress { DaemonAddress(host: "127.0.0.1", port: daemon.port) }

    @Test func `asks with a token, and reads the answer`() throws {
        let daemon = FakeDaemon { _ in .json(["a": 1]) }
        defer { daemon.stop() }
        let client = DaemonClient(HTTPClient(address: address(daemon), token: "secret"))
        #expect(try client.get("/x") == ["a": 1])
        #expect(daemon.requests[0].headers["authorization"] == "Bearer secret")
        #expect(daemon.requests[0].headers["host"] == "127.0.0.1:\(daemon.port)")
    }

    @Test func `a large body arrives whole, and in pieces when asked`() throws {
        let text = String(repeating: "0123456789", count: 200_000)
        let daemon = FakeDaemon { _ in .bytes(text, from: 7, end: 2_000_007) }
        defer { daemon.stop() }
        let client = DaemonClient(HTTPClient(address: address(daemon)))
        let output = try client.output(of: "x", from: 7)
        #expect(output.bytes.count == 2_000_000 && output.offset == 7 && output.end == 2_000_007)
        var count = 0
        _ = try client.output(of: "x", from: 7) { count += $0.count }
        #expect(count == 2_000_000)
    }

    @Test func `a silent daemon is given up`() {
        let daemon = FakeDaemon { _ in
            WallClock.sleep(.milliseconds(500))
            return nil
        }
        defer { daemon.stop() }
        let http = HTTPClient(address: address(daemon))
        http.timeout = .milliseconds(50)
        let client = DaemonClient(http)
        #expect(throws: ClientError.timedOut(doing: "waiting for the daemon's answer")) { try client.get("/x") }
    }

    @Test func `talks Socket.IO: events, acknowledgements, pings of both layers`() throws {
        let heard = Mutex<[SocketIOPacket]>([])
        let daemon = FakeDaemon { _ in
            nil
        } sockets: { packet in
            heard.withLock { $0.append(packet) }
            switch packet {
            case .event("join_session", _, let id?):
                return [
                    .ping(""), .event(name: "server_ping", arguments: [], ackID: 9),
                    .event(name: "terminal_output", arguments: [["data": "x"]], ackID: nil),
                    .ack(id: id, arguments: [["ok": true, "room": "r"]]),
                ]
            case .event("join_village", _, let id?):
                return [.ack(id: id, arguments: [["ok": false, "error": ["code": "E_FORBIDDEN", "message": "no"]]])]
            default: return []
            }
        }
        defer { daemon.stop() }
        let socket = try SocketIOClient(to: address(daemon))
        #expect(try socket.call("join_session", ["sessionId": "s"])["room"] == "r")
        #expect(try socket.available() == [.event(name: "terminal_output", arguments: [["data": "x"]])])
        #expect(throws: ClientError.refused(Refusal(status: 0, code: "E_FORBIDDEN", message: "no"))) {
            try socket.call("join_village", ["villageId": "v"])
        }
        socket.close()
        let packets = heard.withLock { $0 }
        #expect(packets.contains(.pong("")) && packets.contains(.ack(id: 9, arguments: [])))
    }

    @Test func `logs -f prints every byte once, however the news come`() {
        let text = "hello, world\r\n"
        let known = Mutex(5)
        let daemon = FakeDaemon { request in
            let have = known.withLock { $0 }
            if request.line.contains("/output?from=") {
                let from = Int(request.line.split(separator: "=")[1])!
                let piece = String(decoding: Array(text.utf8)[min(from, have)..<have], as: UTF8.self)
                return .bytes(piece, from: min(from, have), end: have)
            }
            let ended = have == text.utf8.count
            return .json(
                ended
                    ? Sample.session("abcd", state: "COMPLETED", ["exitCode": 0])
                    : Sample.session("abcd", state: "RUNNING"))
        } sockets: { packet in
            guard case .event(let name, _, let id?) = packet else { return [] }
            let ok = SocketIOPacket.ack(id: id, arguments: [["ok": true]])
            guard name == "join_agent" else { return [ok] }
            known.withLock { $0 = text.utf8.count }
            let output: JSON = ["sessionId": "abcd", "data": "lo, w", "offset": 3, "bytes": 5]
            return [
                ok, .event(name: "terminal_output", arguments: [output], ackID: nil),
                .event(
                    name: "work_stream_event", arguments: [["sessionId": "abcd", "type": "session_end"]], ackID: nil),
            ]
        }
        defer { daemon.stop() }
        let answer = Desk(daemon).type("logs", "-f", "abcd")
        #expect(answer.exit == .ok)
        #expect(answer.output == text)
    }
}
