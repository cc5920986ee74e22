import Bytes
import Glibc
import Reactor
import Testing

@testable import HTTP

private let host = "Host: localhost\r\n"

@Suite struct ConnectionTests {
    @Test func `one connection serves one request after another`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        for word in ["a", "b", "c"] {
            let answer = try client.exchange("GET /echo/\(word)?x=1 HTTP/1.1\r\n\(host)\r\n")
            #expect(answer.status == 200)
            #expect(answer.text == "GET /echo/\(word)?x=1 ")
            #expect(!answer.closes)
            #expect(answer["date"]?.hasSuffix(" GMT") == true)
        }
        #expect(await site.connectionCount == 1)
    }

    @Test func `32 requests in one write get 32 answers in order`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let requests = (0..<32).map { "GET /echo/\($0) HTTP/1.1\r\n\(host)\r\n" }
        try client.send(requests.joined())
        for number in 0..<32 { #expect(try client.readResponse().text == "GET /echo/\(number) ") }
    }

    @Test func `answers keep the order of their requests when some of them take time`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let requests = (0..<32).map { number in
            let path = number % 3 == 0 ? "later" : "echo"
            return number % 2 == 0
                ? "GET /\(path)/\(number) HTTP/1.1\r\n\(host)\r\n"
                : "POST /\(path)/\(number) HTTP/1.1\r\n\(host)Content-Length: 4\r\n\r\nbody"
        }
        try client.send(requests.joined())
        for number in 0..<32 {
            let path = number % 3 == 0 ? "later" : "echo"
            let expected = number % 2 == 0 ? "GET /\(path)/\(number) " : "POST /\(path)/\(number) body"
            #expect(try client.readResponse().text == expected)
        }
    }

    @Test func `more pipelined bytes than are kept wait in the kernel`() async throws {
        var options = HTTPServerOptions()
        options.maxPipelined = 1024
        let site = try await Site.open(options)
        let client = try site.connect()
        let count = 400
        let padding = String(repeating: "p", count: 500)
        try client.send((0..<count).map { "GET /later/\($0)?\(padding) HTTP/1.1\r\n\(host)\r\n" }.joined())
        for number in 0..<count { #expect(try client.readResponse().text == "GET /later/\(number)?\(padding) ") }
    }

    @Test func `a request may be cut anywhere`() async throws {
        let site = try await Site.open()
        let request = Array(
            "POST /echo/cut?a=b HTTP/1.1\r\n\(host)X-Empty:\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n"
                .utf8)
        let client = try site.connect()
        for cut in 1..<request.count {
            try client.send(Array(request[..<cut]))
            await turn()
            try client.send(Array(request[cut...]))
            #expect(try client.readResponse().text == "POST /echo/cut?a=b abcde", "cut at \(cut)")
        }
        for byte in request {
            try client.send([byte])
            await turn()
        }
        #expect(try client.readResponse().text == "POST /echo/cut?a=b abcde")
    }

    @Test func `a body may come in chunks, and what trails them is passed over`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let head = "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n"
        #expect(try client.exchange(head + "5\r\nhello\r\n1;ext=1\r\n!\r\n0\r\n\r\n").text == "POST /echo hello!")
        #expect(try client.exchange(head + "0\r\n\r\n").text == "POST /echo ")
        #expect(try client.exchange(head + "1\r\nx\r\n0\r\nOrigin: http://evil\r\nX: y\r\n\r\n").text == "POST /echo x")
        #expect(try client.exchange("GET /headers HTTP/1.1\r\n\(host)\r\n").text == "host=localhost\n")
    }

    @Test func `a trailer is not a header`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.post, "/origin") { $0.respond(.text($0.request.headers["origin"] ?? "none")) }
        }
        let answer = try site.connect().exchange(
            "POST /origin HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\nOrigin: http://localhost\r\n\r\n")
        #expect(answer.text == "none")
    }

    @Test func `a HEAD request has the length of the body and no body`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let got = try client.exchange("GET /echo/x HTTP/1.1\r\n\(host)\r\n")
        try client.send("HEAD /echo/x HTTP/1.1\r\n\(host)\r\n")
        let head = try client.readResponse(toHead: true)
        #expect(head.status == 200)
        // The method is part of the text, and one letter longer.
        #expect(head["content-length"] == "\(got.body.count + 1)")
        #expect(try client.exchange("GET /echo/y HTTP/1.1\r\n\(host)\r\n").text == "GET /echo/y ")
    }

    @Test func `a client that wants to close is told goodbye`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let answer = try client.exchange("GET /echo HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
        #expect(answer.closes)
        #expect(try client.isClosedByPeer())
        #expect(await eventually { await site.connectionCount == 0 })
    }

    @Test func `what follows a last request is not answered`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let last = "GET /echo/last HTTP/1.1\r\n\(host)Connection: close\r\n\r\n"
        try client.send(last + "GET /echo/more HTTP/1.1\r\n\(host)\r\n")
        #expect(try client.readResponse().text == "GET /echo/last ")
        #expect(try client.isClosedByPeer())
    }

    @Test func `a client of version 1.0 gets its answer and the end of the connection`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        #expect(try client.exchange("GET /echo HTTP/1.0\r\n\r\n").text == "GET /echo ")
        #expect(try client.isClosedByPeer())
    }

    @Test func `a client that has finished speaking still gets its answer`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        try client.send("GET /later/x HTTP/1.1\r\n\(host)\r\n")
        client.finish()
        #expect(try client.readResponse().text == "GET /later/x ")
        #expect(try client.isClosedByPeer())
    }

    @Test func `a client that has finished speaking gets all its answers`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        try client.send((0..<8).map { "GET /\($0 == 0 ? "later" : "echo")/\($0) HTTP/1.1\r\n\(host)\r\n" }.joined())
        client.finish()
        for number in 0..<8 { #expect(try client.readResponse().text.hasSuffix("/\(number) ")) }
        #expect(try client.isClosedByPeer())

        let second = try site.connect()
        try second.send((0..<8).map { "GET /\($0 == 7 ? "later" : "echo")/\($0) HTTP/1.1\r\n\(host)\r\n" }.joined())
        second.finish()
        for number in 0..<8 { #expect(try second.readResponse().text.hasSuffix("/\(number) ")) }
        #expect(try second.isClosedByPeer())
    }

    @Test func `half a request and its end is the end of the connection`() async throws {
        let site = try await Site.open()
        for part in [
            "GET /ec", "GET /echo HTTP/1.1\r\nHo", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 9\r\n\r\nab",
        ] {
            let client = try site.connect()
            try client.send(part)
            client.finish()
            #expect(try client.readToEnd() == [])
        }
        #expect(await eventually { await site.connectionCount == 0 })
    }

    @Test func `whoever waits for an answer that nobody waits for any more is told`() async throws {
        let site = try await Site.open()
        let polite = try site.connect()
        try polite.send("GET /poll HTTP/1.1\r\n\(host)\r\n")
        #expect(await site.heard("polled"))
        #expect(await !site.lines.contains("abandoned"))
        polite.finish()
        #expect(await site.heard("abandoned"))

        let rude = try await Site.open()
        let client = try rude.connect()
        try client.send("GET /poll HTTP/1.1\r\n\(host)\r\n")
        #expect(await rude.heard("polled"))
        client.reset()
        #expect(await rude.heard("abandoned"))
        #expect(await eventually { await rude.connectionCount == 0 })
        // An answer that comes too late goes nowhere, and does no harm.
        await onLoop {
            for exchange in rude.log.held { exchange.respond(.text("late")) }
            rude.log.held = []
        }
        #expect(try rude.connect().exchange("GET /echo HTTP/1.1\r\n\(host)\r\n").status == 200)
    }

    @Test func `a server that drains answers what it was asked, and nothing more`() async throws {
        let site = try await Site.open()
        let (idle, busy) = (try site.connect(), try site.connect())
        #expect(try idle.exchange("GET /echo HTTP/1.1\r\n\(host)\r\n").status == 200)
        try busy.send("GET /poll HTTP/1.1\r\n\(host)\r\n")
        #expect(await site.heard("polled"))
        await onLoop {
            site.server.drain()
            site.log.held.removeLast().respond(.text("in time"))
        }
        let answer = try busy.readResponse()
        #expect(answer.text == "in time")
        #expect(answer.closes)
        #expect(try busy.isClosedByPeer())
        #expect(try idle.isClosedByPeer())
        #expect(throws: Client.Failure.self) { try site.connect().exchange("GET /echo HTTP/1.1\r\n\(host)\r\n") }
    }

    @Test func `more connections than allowed are closed at once`() async throws {
        var options = HTTPServerOptions()
        options.maxConnections = 2
        let site = try await Site.open(options)
        let clients = [try site.connect(), try site.connect()]
        for client in clients { #expect(try client.exchange("GET /echo HTTP/1.1\r\n\(host)\r\n").status == 200) }
        #expect(try site.connect().isClosedByPeer())
        #expect(try clients[0].exchange("GET /echo HTTP/1.1\r\n\(host)\r\n").status == 200)
    }

    @Test func `a client that asks and does not read is not asked for more than it takes`() async throws {
        let answer = [UInt8](repeating: 0x61, count: 64 << 10)
        let site = try await Site.open { router, log in
            router.on(.get, "/much") { exchange in
                log.note("asked")
                exchange.respond(HTTPResponse(200, body: answer))
            }
        }
        let client = try site.connect(receiveBuffer: 4096)
        let request = Array("GET /much HTTP/1.1\r\n\(host)\r\n".utf8)
        let count = 2000
        let all = Array((0..<count).map { _ in request }.joined())
        let sent = client.sendWhatIsTaken(all)
        await turn()
        // 2000 answers would be 128 MB; what waits for a client that sleeps is bounded.
        #expect(await site.lines.count < 500)
        // Once it reads, it gets all of them.
        let answers = sent / request.count
        for number in 0..<answers {
            let response = try client.readResponse()
            #expect(response.body.count == answer.count, "answer \(number)")
        }
    }

    @Test func `a slow reader gets the whole of a last answer`() async throws {
        let size = 24 << 20
        let site = try await Site.open { router, _ in
            router.on(.get, "/much") { exchange in
                var response = HTTPResponse(200, body: [UInt8](repeating: 0x61, count: size))
                response.closesConnection = true
                exchange.respond(response)
            }
        }
        let client = try site.connect(receiveBuffer: 64 << 10)
        try client.send("GET /much HTTP/1.1\r\n\(host)\r\n")
        // It takes its time: longer than a server waits for a peer that takes nothing at all.
        let start = ContinuousClock.now
        var received = 0
        var paced = 0
        while true {
            do { received += try client.readSome(256 << 10) } catch Client.Failure.closed { break }
            if received / (1 << 20) > paced, paced < 14 {
                paced += 1
                try await Task.sleep(for: .milliseconds(500))
            }
        }
        #expect(ContinuousClock.now - start > .seconds(6))
        #expect(received > size)
    }
}
