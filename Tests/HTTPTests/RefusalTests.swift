import Bytes
import Reactor
import Testing

@testable import HTTP

private let host = "Host: localhost\r\n"

@Suite struct RefusalTests {
    /// Each is refused with its status, and the connection ends: what follows cannot be trusted.
    @Test(arguments: [
        ("no host", "GET /echo HTTP/1.1\r\n\r\n", 400),
        ("two hosts", "GET /echo HTTP/1.1\r\n\(host)\(host)\r\n", 400),
        (
            "length and chunks",
            "POST /echo HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
        ),
        (
            "chunks and length",
            "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400
        ),
        ("two lengths", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("a length that is no number", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 1x\r\n\r\na", 400),
        ("a negative length", "POST /echo HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n", 400),
        (
            "a length beyond any number", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n",
            400
        ),
        ("a chunk that is no number", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (
            "a chunk beyond any number",
            "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400
        ),
        (
            "a chunk that is longer than it says",
            "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", 400
        ),
        ("an encoding nobody knows", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\nabcd", 400),
        ("a space before the colon", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        ("a header without a colon", "GET /echo HTTP/1.1\r\n\(host)nonsense\r\n\r\n", 400),
        ("a header without a name", "GET /echo HTTP/1.1\r\n\(host): x\r\n\r\n", 400),
        ("a zero byte", "GET /echo HTTP/1.1\r\n\(host)X: a\u{0}b\r\n\r\n", 400),
        ("a space in the target", "GET /ec ho HTTP/1.1\r\n\(host)\r\n", 400),
        ("a method nobody knows", "BREW /echo HTTP/1.1\r\n\(host)\r\n", 501),
        ("a method in small letters", "get /echo HTTP/1.1\r\n\(host)\r\n", 501),
        ("a proxy's method", "CONNECT example.org:443 HTTP/1.1\r\n\(host)\r\n", 501),
        ("a version of tomorrow", "GET /echo HTTP/2.0\r\n\(host)\r\n", 505),
        ("a version nobody knows", "GET /echo HTTP/9.9\r\n\(host)\r\n", 505),
        (
            "an expectation nobody can meet",
            "POST /echo HTTP/1.1\r\n\(host)Expect: a-miracle\r\nContent-Length: 1\r\n\r\na", 417
        ),
    ])
    func `what cannot be understood is refused`(what: String, request: String, status: Int) async throws {
        let site = try await Site.open()
        let client = try site.connect()
        try client.send(request)
        let answer = try client.readResponse()
        #expect(answer.status == status, "\(what)")
        #expect(answer.closes)
        #expect(answer["content-type"] == "application/json")
        #expect(try JSON(parsing: answer.body)["error"]?["message"]?.string?.isEmpty == false)
        #expect(try client.isClosedByPeer())
    }

    @Test func `who speaks version 2 is told that it is not spoken here`() async throws {
        let site = try await Site.open()
        let answer = try site.connect().exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        #expect([400, 505].contains(answer.status))
    }

    @Test func `a client of version 1.0 may leave out the host`() async throws {
        let site = try await Site.open()
        #expect(try site.connect().exchange("GET /echo HTTP/1.0\r\n\r\n").status == 200)
    }

    @Test func `headers have a limit, all together and in number`() async throws {
        var options = HTTPServerOptions()
        options.maxHeaderSize = 2048
        let site = try await Site.open(options)
        let long = String(repeating: "x", count: 1800)
        #expect(try site.connect().exchange("GET /echo HTTP/1.1\r\n\(host)X: \(long)\r\n\r\n").status == 200)
        #expect(
            try site.connect().exchange("GET /echo HTTP/1.1\r\n\(host)X: \(long)\r\nY: \(long)\r\n\r\n").status == 431)
        // Before the end has been seen, too.
        #expect(try site.connect().exchange("GET /echo HTTP/1.1\r\n\(host)X: \(long)\(long)").status == 431)
        let many = String(repeating: "a: b\r\n", count: 200)
        #expect(try site.connect().exchange("GET /echo HTTP/1.1\r\n\(host)\(many)\r\n").status == 431)
        // And what trails a body counts as well.
        let head = "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n"
        #expect(try site.connect().exchange(head + "X: \(long)\r\nY: \(long)\r\n\r\n").status == 431)
    }

    @Test func `a target has a limit`() async throws {
        var options = HTTPServerOptions()
        options.maxHeaderSize = 2048
        let site = try await Site.open(options)
        let target = "/echo?" + String(repeating: "x", count: 3000)
        #expect(try site.connect().exchange("GET \(target) HTTP/1.1\r\n\(host)\r\n").status == 414)
        #expect(try site.connect().exchange("GET \(target)").status == 414)
    }

    @Test func `a body beyond the limit is refused before it is sent`() async throws {
        var options = HTTPServerOptions()
        options.maxBodySize = 10
        let site = try await Site.open(options)
        func post(_ path: String, _ rest: String) throws -> Int {
            try site.connect().exchange("POST \(path) HTTP/1.1\r\n\(host)\(rest)").status
        }
        #expect(try post("/echo", "Content-Length: 10\r\n\r\n0123456789") == 200)
        #expect(try post("/echo", "Content-Length: 11\r\n\r\n") == 413)
        #expect(try post("/echo", "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n") == 413)
        #expect(try post("/echo", "Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n0123") == 413)
        // A route may take more.
        #expect(try post("/large", "Content-Length: 11\r\n\r\n01234567890") == 200)
        #expect(try post("/large", "Content-Length: 1048577\r\n\r\n") == 413)
    }

    @Test func `the code of a refusal names its kind`() async throws {
        let site = try await Site.open()
        func code(_ request: String) throws -> String? {
            try JSON(parsing: try site.connect().exchange(request).body)["error"]?["code"]?.string
        }
        #expect(try code("GET /echo HTTP/1.1\r\n\r\n") == "BAD_REQUEST")
        #expect(try code("POST /echo HTTP/1.1\r\n\(host)Content-Length: 9999999\r\n\r\n") == "PAYLOAD_TOO_LARGE")
    }

    @Test func `who asks whether to go on is told so`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        try client.send("POST /echo HTTP/1.1\r\n\(host)Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        #expect(try client.readResponse().status == 100)
        #expect(!client.hasNews)
        try client.send("abc")
        #expect(try client.readResponse().text == "POST /echo abc")
    }

    @Test func `an offer to speak something else is passed over`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let offer =
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
        #expect(try client.exchange("GET /echo/1 HTTP/1.1\r\n\(host)\(offer)\r\n").text == "GET /echo/1 ")
        let post = "POST /echo/2 HTTP/1.1\r\n\(host)\(offer)Content-Length: 2\r\n\r\nhi"
        #expect(try client.exchange(post).text == "POST /echo/2 hi")
        #expect(try client.exchange("GET /echo/3 HTTP/1.1\r\n\(host)\r\n").text == "GET /echo/3 ")
    }

    @Test func `a target may be absolute, as for a proxy`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        #expect(try client.exchange("GET http://localhost/echo?a HTTP/1.1\r\n\(host)\r\n").text == "GET /echo?a ")
        #expect(try client.exchange("OPTIONS * HTTP/1.1\r\n\(host)\r\n").status == 404)
    }

    @Test func `empty lines before a request do not matter`() async throws {
        let site = try await Site.open()
        #expect(try site.connect().exchange("\r\n\r\nGET /echo HTTP/1.1\r\n\(host)\r\n").status == 200)
    }
}

@Suite struct TimeoutTests {
    private var options: HTTPServerOptions {
        var options = HTTPServerOptions()
        options.headerTimeout = 150
        options.bodyTimeout = 150
        options.idleTimeout = 300
        options.writeTimeout = 300
        return options
    }

    @Test func `a request that does not arrive in time is told so`() async throws {
        let site = try await Site.open(options)
        for part in ["GET /echo HT", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nab"] {
            let client = try site.connect()
            try client.send(part)
            let answer = try client.readResponse()
            #expect(answer.status == 408)
            #expect(answer.closes)
            #expect(try client.isClosedByPeer())
        }
    }

    @Test func `a trickle of headers does not put the end off`() async throws {
        let site = try await Site.open(options)
        let client = try site.connect()
        let start = ContinuousClock.now
        try client.send("GET /echo HTTP/1.1\r\n\(host)")
        while !client.hasNews, ContinuousClock.now - start < .seconds(10) {
            try client.send("X: y\r\n")
            await turn()
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try client.readResponse().status == 408)
    }

    @Test func `a connection on which nothing happens is closed without a word`() async throws {
        let site = try await Site.open(options)
        let fresh = try site.connect()
        #expect(try fresh.readToEnd() == [])
        let used = try site.connect()
        let chunked =
            "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: x\r\n\r\n"
        #expect(try used.exchange(chunked).status == 200)
        #expect(try used.readToEnd() == [])
        #expect(await eventually { await site.connectionCount == 0 })
    }

    @Test func `an answer that takes longer than any time-out still comes`() async throws {
        let site = try await Site.open(options) { router, _ in
            router.on(.get, "/slow") { exchange in _ = LoopTimer(after: 700) { exchange.respond(.text("at last")) } }
        }
        #expect(try site.connect().exchange("GET /slow HTTP/1.1\r\n\(host)\r\n").text == "at last")
    }

    @Test func `a stream that nobody takes from is closed`() async throws {
        let site = try await Site.open(options) { router, log in
            router.on(.get, "/stream") { exchange in
                let stream = exchange.stream(200, headers: [])
                stream.onAbandoned = { log.note("abandoned") }
                stream.write([UInt8](repeating: 1, count: 32 << 20))
            }
        }
        let client = try site.connect(receiveBuffer: 4096)
        try client.send("GET /stream HTTP/1.1\r\n\(host)\r\n")
        #expect(await site.heard("abandoned"))
        #expect(await eventually { await site.connectionCount == 0 })
    }
}
