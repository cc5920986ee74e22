import Bytes
import Reactor
import Testing

@testable import HTTP

private let host = "Host: localhost\r\n"
private func get(_ path: String, _ headers: String = "") -> String { "GET \(path) HTTP/1.1\r\n\(host)\(headers)\r\n" }

@Suite struct ResponseTests {
    @Test func `what is written in pieces arrives in chunks, and the connection lives on`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/stream") { exchange in
                let stream = exchange.stream(200, headers: [("Content-Type", "text/plain")])
                stream.write(Array("one".utf8))
                stream.write([])
                _ = LoopTimer(after: 5) {
                    stream.write(Array("and two".utf8))
                    stream.end()
                    stream.write(Array("nothing more".utf8))
                    #expect(!stream.isOpen)
                }
            }
        }
        let client = try site.connect()
        let answer = try client.exchange(get("/stream"))
        #expect(answer["transfer-encoding"] == "chunked")
        #expect(answer["content-length"] == nil)
        #expect(answer.text == "oneand two")
        #expect(answer.chunks == [3, 7])
        #expect(try client.exchange(get("/echo/next")).text == "GET /echo/next ")
        try client.send("HEAD /stream HTTP/1.1\r\n\(host)\r\n" + get("/echo/again"))
        #expect(try client.readResponse(toHead: true).status == 200)
        #expect(try client.readResponse().text == "GET /echo/again ")
    }

    @Test func `a client of version 1.0 gets a stream without chunks`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/stream") { exchange in
                let stream = exchange.stream(200, headers: [])
                stream.write(Array("plain".utf8))
                stream.end()
            }
        }
        for headers in ["", "Connection: keep-alive\r\n"] {
            let answer = try site.connect().exchange("GET /stream HTTP/1.0\r\n\(headers)\r\n")
            #expect(answer["transfer-encoding"] == nil)
            #expect(answer.closes)
            #expect(answer.text == "plain")
        }
    }

    @Test func `a stream that is broken off does not look complete`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/broken") { exchange in
                let stream = exchange.stream(200, headers: [])
                stream.write(Array("half".utf8))
                _ = LoopTimer(after: 5) { stream.abort() }
            }
        }
        let client = try site.connect()
        #expect(throws: Client.Failure.closed) { try client.exchange(get("/broken")) }
        #expect(await eventually { await site.connectionCount == 0 })
    }

    @Test func `whoever streams hears that the reader is gone`() async throws {
        let site = try await Site.open { router, log in
            router.on(.get, "/endless") { exchange in
                let stream = exchange.stream(200, headers: [])
                stream.onAbandoned = { log.note("abandoned, \(stream.isOpen ? "open" : "closed")") }
                stream.write(Array("hello".utf8))
            }
        }
        let client = try site.connect()
        try client.send(get("/endless"))
        while !client.hasNews { await turn() }
        client.reset()
        #expect(await site.heard("abandoned, closed"))
    }

    @Test func `a writer is told when what waited has left`() async throws {
        let site = try await Site.open { router, log in
            router.on(.get, "/much") { exchange in
                let stream = exchange.stream(200, headers: [])
                stream.onDrained = { if stream.isOpen, stream.backlog == 0 { stream.end() } }
                stream.write([UInt8](repeating: 0x61, count: 16 << 20))
                log.note("\(stream.backlog)")
            }
        }
        let answer = try site.connect().exchange(get("/much"))
        #expect(answer.body.count == 16 << 20)
    }

    @Test func `common headers are in every answer, also in refusals`() async throws {
        var options = HTTPServerOptions()
        options.commonHeaders = [("X-Content-Type-Options", "nosniff"), ("X-Other", "1")]
        let site = try await Site.open(options)
        for request in [get("/echo"), get("/nothing"), "GET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"] {
            let answer = try site.connect().exchange(request)
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(answer["x-other"] == "1")
            #expect(answer["date"] != nil)
        }
    }

    @Test func `a line break in a value cannot write a header`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/inject") { exchange in
                exchange.addHeaders([("X-Added", "a\r\nX-Evil: 2")])
                exchange.respond(HTTPResponse(200, headers: [("X-Value", "a\r\nX-Evil: 1\n\rb")], body: [1]))
            }
            router.on(.get, "/inject-stream") { exchange in
                exchange.stream(200, headers: [("X-Value", "a\nX-Evil: 1")]).end()
            }
            router.on(.get, "/inject-socket") { exchange in
                _ = exchange.acceptWebSocket(maxMessageSize: 10, headers: [("X-Value", "a\r\nX-Evil: 1")])
            }
        }
        for request in [get("/inject"), get("/inject-stream"), get("/inject-socket", webSocketHeaders)] {
            let answer = try site.connect().exchange(request)
            #expect(answer["x-evil"] == nil)
            #expect(answer["x-value"]?.hasPrefix("aX-Evil: 1") == true)
        }
    }

    @Test func `an answer without a body has no length`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/nothing") { $0.respond(HTTPResponse(204)) }
            router.on(.get, "/same") { $0.respond(HTTPResponse(304, headers: [("ETag", "\"x\"")])) }
        }
        let client = try site.connect()
        for (path, status) in [("/nothing", 204), ("/same", 304)] {
            let answer = try client.exchange(get(path))
            #expect(answer.status == status)
            #expect(answer["content-length"] == nil)
        }
        #expect(try client.exchange(get("/echo")).status == 200)
    }

    @Test func `only the first answer counts`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/twice") { exchange in
                exchange.respond(.text("first"))
                exchange.respond(.text("second"))
                let stream = exchange.stream(200, headers: [])
                stream.write([1])
                stream.end()
                #expect(!stream.isOpen)
            }
        }
        let client = try site.connect()
        #expect(try client.exchange(get("/twice")).text == "first")
        #expect(try client.exchange(get("/echo")).text == "GET /echo ")
    }
}

let webSocketHeaders =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
