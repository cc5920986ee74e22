import Bytes
import Glibc
import Reactor
import Testing

@testable import HTTP

/// What a router makes of a request, in a word.
@Loop
private func outcome(_ router: Router, _ method: HTTPMethod, _ path: String) -> String {
    switch router.match(method, path) {
    case .found(_, let pattern, let parameters, _):
        ([pattern] + parameters.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    case .wrongMethod(let allowed): "not " + allowed.map(\.rawValue).joined(separator: ",")
    case .unknown: "unknown"
    }
}

@Suite struct RouterTests {
    @Loop
    private static func router() -> Router {
        let router = Router()
        for pattern in [
            "/", "/things", "/things/new", "/things/:id", "/things/:id/parts", "/things/:id/parts/:part", "/files/*",
            "/files/list", "/things/new/:kind",
        ] { router.on(.get, pattern) { _ in } }
        router.on(.post, "/things") { _ in }
        router.on(.delete, "/things/:id") { _ in }
        return router
    }

    @Test(arguments: [
        ("/", "/"),
        ("/things", "/things"),
        ("/things/", "/things"),
        ("/things/new", "/things/new"),
        ("/things/7", "/things/:id id=7"),
        ("/things/a%20b%2Fc", "/things/:id id=a b/c"),
        ("/things/a+b", "/things/:id id=a+b"),
        ("/things/%zz%4", "/things/:id id=%zz%4"),
        ("/things/7/parts", "/things/:id/parts id=7"),
        ("/things/7/parts/x", "/things/:id/parts/:part id=7 part=x"),
        ("/things/new/big", "/things/new/:kind kind=big"),
        ("/things/7/parts/x/y", "unknown"),
        ("/things/7/no", "unknown"),
        ("/files/list", "/files/list"),
        ("/files/a", "/files/*"),
        ("/files/a/b/c", "/files/*"),
        ("/files/list/x", "/files/*"),
        ("/thing", "unknown"),
        ("", "/"),
    ])
    func `literals come before parameters, and a star takes the rest`(path: String, expected: String) async {
        #expect(await onLoop { outcome(Self.router(), .get, path) } == expected)
    }

    @Test(arguments: [
        (HTTPMethod.head, "/things/7", "/things/:id id=7"),
        (.head, "/things", "/things"),
        (.post, "/things", "/things"),
        (.delete, "/things/7", "/things/:id id=7"),
        (.post, "/things/7", "not GET,DELETE"),
        (.put, "/things", "not GET,POST"),
        (.other, "/things/new", "not GET"),
        (.put, "/nothing", "unknown"),
    ])
    func `a path that is known with other methods says which`(method: HTTPMethod, path: String, expected: String) async
    {
        #expect(await onLoop { outcome(Self.router(), method, path) } == expected)
    }

    @Test func `two patterns may call one segment by two names`() async {
        let heard = await onLoop { () -> [String] in
            let router = Router()
            router.on(.get, "/a/:id") { _ in }
            router.on(.get, "/a/:name/b") { _ in }
            return [outcome(router, .get, "/a/1"), outcome(router, .get, "/a/1/b")]
        }
        #expect(heard == ["/a/:id id=1", "/a/:name/b name=1"])
    }

    @Test func `the wrong method and the wrong path are answered in kind`() async throws {
        let site = try await Site.open()
        let client = try site.connect()
        let wrong = try client.exchange("DELETE /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(wrong.status == 405)
        #expect(wrong["allow"] == "GET, POST, PUT, HEAD")
        #expect(try JSON(parsing: wrong.body)["error"]?["code"]?.string == "METHOD_NOT_ALLOWED")
        let unknown = try client.exchange("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(unknown.status == 404)
        #expect(try JSON(parsing: unknown.body)["error"]?["code"]?.string == "NOT_FOUND")
    }
}

@Suite struct StaticFilesTests {
    /// A folder that is served below `/`, and goes when the test is over.
    private final class Folder: Sendable {
        let path: String
        init() {
            var template = Array("/tmp/drover-files-XXXXXX".utf8CString)
            path = String(cString: mkdtemp(&template))
            mkdir("\(path)/root", 0o755)
            mkdir("\(path)/root/app", 0o755)
            write("root/index.html", "<p>hello")
            write("root/app/main.js", "let x = 1")
            write("root/.hidden", "secret")
            write("outside", "secret")
            symlink("\(path)/outside", "\(path)/root/link")
            symlink(path, "\(path)/root/folder")
            mkfifo("\(path)/root/pipe", 0o644)
        }
        deinit {
            for name in [
                "root/index.html", "root/app/main.js", "root/.hidden", "outside", "root/link", "root/folder",
                "root/pipe",
            ] {
                unlink("\(path)/\(name)")
            }
            for name in ["root/app", "root", ""] { rmdir("\(path)/\(name)") }
        }
        func write(_ name: String, _ text: String) {
            let file = fopen("\(path)/\(name)", "w")!
            fputs(text, file)
            fclose(file)
        }
    }

    private func serve(_ folder: Folder) async throws -> Site {
        try await Site.open { router, _ in
            let files = StaticFiles(root: "\(folder.path)/root", headers: [("X-Page", "yes")])
            router.on(.get, "/*") { files.serve(percentDecoded($0.request.path), $0) }
        }
    }

    private func get(_ client: Client, _ path: String, _ headers: String = "") throws -> Response {
        try client.exchange("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
    }

    @Test func `a file is served with its type, and again only when it has changed`() async throws {
        let folder = Folder()
        let client = try await serve(folder).connect()
        let page = try get(client, "/")
        #expect(page.status == 200)
        #expect(page.text == "<p>hello")
        #expect(page["content-type"] == "text/html; charset=utf-8")
        #expect(page["cache-control"] == "no-cache")
        #expect(page["x-page"] == "yes")
        #expect(try get(client, "/index.html").text == "<p>hello")
        let script = try get(client, "/app/main.js")
        #expect(script["content-type"] == "text/javascript; charset=utf-8")
        let tag = try #require(script["etag"])

        for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let same = try get(client, "/app/main.js", "If-None-Match: \(known)\r\n")
            #expect(same.status == 304)
            #expect(same.body == [])
            #expect(same["etag"] == tag)
        }
        #expect(try get(client, "/app/main.js", "If-None-Match: \"other\"\r\n").status == 200)

        folder.write("root/app/main.js", "let x = 22")
        let changed = try get(client, "/app/main.js", "If-None-Match: \(tag)\r\n")
        #expect(changed.status == 200)
        #expect(changed.text == "let x = 22")
        #expect(changed["etag"] != tag)

        unlink("\(folder.path)/root/app/main.js")
        #expect(try get(client, "/app/main.js").status == 404)
    }

    @Test(arguments: [
        "/missing", "/app", "/app/", "/../outside", "/app/../../outside", "/%2e%2e/outside", "/..%2foutside",
        "/app/%2e%2e/%2e%2e/outside", "/.hidden", "/app//main.js", "/index.html%00.js", "/link", "/folder/outside",
        "/folder/root/index.html", "/pipe", "/app/main.js/x", "/./index.html",
    ])
    func `only files of the folder are served`(path: String) async throws {
        let folder = Folder()
        let client = try await serve(folder).connect()
        let answer = try get(client, path)
        #expect(answer.status == 404)
        #expect(!answer.text.contains("secret"))
        #expect(try get(client, "/").status == 200, "and it still serves")
    }
}

@Suite struct MessageTests {
    @Test func `headers are found whatever their case, the first of a name`() async throws {
        let site = try await Site.open { router, _ in
            router.on(.get, "/h") { exchange in
                let headers = exchange.request.headers
                exchange.respond(
                    .text(
                        [
                            headers["x-one"] ?? "nil", headers["x-empty"] ?? "nil", headers["x-none"] ?? "nil",
                            "\(headers.count(of: "x-one"))", "\(headers.list("accept", contains: "application/json"))",
                            "\(headers.list("accept", contains: "text"))", exchange.request.cookie("b") ?? "nil",
                            exchange.request.cookie("c") ?? "nil", exchange.remoteAddress,
                        ].joined(separator: "|")))
            }
        }
        let answer = try site.connect().exchange(
            "GET /h HTTP/1.1\r\nhOST: localhost\r\nX-ONE:  first \r\nx-one: second\r\nX-Empty:\r\n"
                + "Accept: text/html ,\tApplication/JSON\r\nCookie: a=1; b=2=3; cc\r\n\r\n")
        #expect(answer.text == "first||nil|2|true|false|2=3|nil|127.0.0.1")
    }

    @Test func `headers come one by one`() async throws {
        let site = try await Site.open()
        let answer = try site.connect().exchange(
            "GET /headers HTTP/1.1\r\nA:\r\nB: \r\nC: c\r\nHost: localhost\r\nD:d\r\nA: again\r\n\r\n")
        #expect(answer.text == "a=\nb=\nc=c\nhost=localhost\nd=d\na=again\n")
    }

    @Test(
        arguments: [
            ("", []),
            ("a=1&b=2", ["a:1", "b:2"]),
            ("a", ["a:"]),
            ("a=", ["a:"]),
            ("=1", [":1"]),
            ("a=1&&b=2&", ["a:1", "b:2"]),
            ("a=b=c", ["a:b=c"]),
            ("a=1+2%2B3%20", ["a:1 2+3 "]),
            ("%61=%C3%A9", ["a:é"]),
            ("a=%", ["a:%"]),
            ("a=%4", ["a:%4"]),
            ("a=%zz%41", ["a:%zzA"]),
            ("a=%FF", ["a:\u{FFFD}"]),
            ("a=1&a=2", ["a:1", "a:2"]),
        ] as [(String, [String])])
    func `a query is decoded pair by pair`(query: String, pairs: [String]) {
        let request = HTTPRequest()
        request.query = query
        #expect(request.queryItems.map { "\($0.0):\($0.1)" } == pairs)
    }

    @Test func `no query has no pairs, and the first of a name is found`() {
        let request = HTTPRequest()
        #expect(request.queryItems.isEmpty)
        request.query = "a=1&a=2"
        #expect(request.queryValue("a") == "1")
        #expect(request.queryValue("b") == nil)
    }
}

@Suite struct EventStreamTests {
    private func open(_ body: @escaping @Sendable @Loop (EventStream, Log) -> Void) async throws -> Site {
        try await Site.open { router, log in
            router.on(.get, "/events") { exchange in
                let stream = EventStream(exchange, keepAlive: 20)
                stream.onClosed = { log.note("closed") }
                Streams.shared.streams.append(stream)
                body(stream, log)
            }
        }
    }

    @Loop
    private final class Streams {
        static let shared = Streams()
        var streams: [EventStream] = []
    }

    @Test func `events are written as specified, also one named with a line break, until the end`() async throws {
        let site = try await open { stream, _ in
            stream.send(event: "one", id: 7, data: Array("{}".utf8))
            stream.send(event: "tw\no", data: Array("[1]".utf8))
            stream.end()
            stream.send(event: "three", data: [])
            #expect(!stream.isOpen)
        }
        let client = try site.connect()
        let answer = try client.exchange("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(answer["content-type"] == "text/event-stream")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer.text == ": ok\n\nid: 7\nevent: one\ndata: {}\n\nevent: two\ndata: [1]\n\n")
        #expect(await site.lines == ["closed"])
        #expect(try client.exchange("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
    }

    @Test func `a stream in which nothing happens is kept alive, and its reader's end is heard once`() async throws {
        let site = try await open { _, _ in }
        let client = try site.connect()
        try client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while try !client.readLine().isEmpty {}
        #expect(try client.read(11) == Array("6\r\n: ok\n\n\r\n".utf8))
        for _ in 0..<3 { #expect(try client.read(8) == Array("3\r\n:\n\n\r\n".utf8)) }
        client.reset()
        #expect(await site.heard("closed"))
        #expect(await site.lines == ["closed"])
    }

    @Test func `a stream that is broken off does not look complete`() async throws {
        let site = try await open { stream, _ in _ = LoopTimer(after: 5) { stream.abort() } }
        #expect(throws: Client.Failure.closed) {
            try site.connect().exchange("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }
        #expect(await site.lines == ["closed"])
    }
}
