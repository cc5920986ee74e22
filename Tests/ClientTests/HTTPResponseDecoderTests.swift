import Bytes
import Testing

@testable import Client

@Suite struct HTTPResponseDecoderTests {
    /// Answers, with the pieces of each body joined: where a body is cut depends on how it arrived.
    private struct Joined: StreamDecoder {
        var decoder = HTTPResponseDecoder()
        var head: HTTPResponseHead?
        var body = ""

        mutating func feed(_ bytes: UnsafeRawBufferPointer) { decoder.feed(bytes) }

        mutating func next() throws(HTTPDecodingError) -> HTTPResponse? {
            while let frame = try decoder.next() {
                switch frame {
                case .head(let head): self.head = head
                case .body(let piece): body += String(decoding: piece, as: UTF8.self)
                case .end:
                    defer { body = "" }
                    return HTTPResponse(head: head!, body: Array(body.utf8))
                }
            }
            return nil
        }

        mutating func finish() throws(HTTPDecodingError) { try decoder.finish() }
    }

    private func answer(_ status: Int, _ headers: [(String, String)], _ body: String) -> HTTPResponse {
        let head = HTTPResponseHead(status: status, headers: headers.map { HTTPHeader($0.0, $0.1) })
        return HTTPResponse(head: head, body: Array(body.utf8))
    }

    @Test func `reads a body of a stated length, and the answer after it`() throws {
        let stream =
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
        try expectFrames(
            [answer(200, [("Content-Length", "5")], "hello"), answer(404, [("content-length", "0")], "")], from: stream
        ) { Joined() }
    }

    @Test func `reads a body in chunks, with extensions and trailers`() throws {
        let stream =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\n"
        try expectFrames([answer(200, [("Transfer-Encoding", "chunked")], "Wikipedia")], from: stream) { Joined() }
    }

    @Test func `reads a body that ends with the connection`() throws {
        try expectFrames(
            [answer(200, [("A", "b c")], "all of it")], from: "HTTP/1.0 200 OK\r\nA:  b c \r\n\r\nall of it"
        ) {
            Joined()
        }
    }

    @Test func `skips what precedes the answer, and knows answers without a body`() throws {
        let stream = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n"
        try expectFrames([answer(204, [], ""), answer(304, [], "")], from: stream) { Joined() }
    }

    @Test func `leaves what follows an upgrade to the new protocol`() throws {
        var decoder = HTTPResponseDecoder()
        decoder.feed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{01}\u{02}".utf8)
        let head = HTTPResponseHead(status: 101, headers: [HTTPHeader("Upgrade", "websocket")])
        #expect(try decoder.next() == .head(head))
        #expect(try decoder.next() == nil)
        #expect(decoder.remainder == [1, 2])
    }

    @Test func `knows whether the connection can be used again`() throws {
        for (header, expected) in [("close", false), ("keep-alive", true)] {
            var decoder = HTTPResponseDecoder()
            decoder.feed("HTTP/1.1 200 OK\r\nConnection: \(header)\r\nContent-Length: 0\r\n\r\n".utf8)
            while try decoder.next() != nil {}
            #expect(decoder.canContinue == expected)
        }
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2\r\n", HTTPDecodingError.badStatusLine),
        ("HTTP/1.1 abc OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", .badHeader),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .badLength),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", .badChunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", .badChunk),
    ])
    func `refuses what is not an answer`(stream: String, error: HTTPDecodingError) {
        var decoder = HTTPResponseDecoder()
        decoder.feed(stream.utf8)
        #expect(throws: error) { while try decoder.next() != nil {} }
    }

    @Test func `refuses a head without end`() {
        var decoder = HTTPResponseDecoder()
        decoder.feed(("HTTP/1.1 200 OK\r\nA: " + String(repeating: "a", count: 70000)).utf8)
        #expect(throws: HTTPDecodingError.headTooLong(limit: 65536)) { while try decoder.next() != nil {} }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ])
    func `notices that an answer is cut off`(stream: String) throws {
        var decoder = HTTPResponseDecoder()
        decoder.feed(stream.utf8)
        while try decoder.next() != nil {}
        #expect(throws: HTTPDecodingError.unexpectedEnd) { try decoder.finish() }
    }

    @Test func `writes a request`() {
        let request = HTTPRequest(.post, "/a?b=c", headers: [HTTPHeader("X", "y")], body: Array("{}".utf8))
        let text = String(decoding: request.encoded(authority: "localhost:3000"), as: UTF8.self)
        #expect(text == "POST /a?b=c HTTP/1.1\r\nHost: localhost:3000\r\nX: y\r\nContent-Length: 2\r\n\r\n{}")
        #expect(percentEncoded("a b/ü") == "a%20b%2F%C3%BC")
    }
}
