import Bytes
import Client
import Fleet
import Glibc
import Synchronization
import Testing
import Wire

@testable import drover

private func call(_ id: Int, _ name: String, _ arguments: JSON = [:]) -> String {
    (["jsonrpc": "2.0", "id": .integer(id), "method": "tools/call"] as JSON).with(
        "params", ["name": .string(name), "arguments": arguments]
    ).text
}

extension JSON {
    fileprivate func with(_ key: String, _ value: JSON) -> JSON {
        var object = object ?? JSONObject()
        object[key] = value
        return .object(object)
    }
}

extension Desk.Answer {
    /// What an MCP client reads: nothing but protocol stands on stdout.
    fileprivate var messages: [JSON] {
        get throws { try lines.map { try JSON(parsing: Array($0.utf8)) } }
    }
}

@Suite struct BridgeLoopTests {
    private func serve(_ words: [String], _ input: String, _ script: @escaping FakeRuntime.Script) -> (
        Desk.Answer, [RPCRequest]
    ) {
        let runtime = FakeRuntime(script)
        defer { runtime.stop() }
        var desk = Desk(runtime)
        desk.input = input
        return (words.first == "rtm" ? desk.rtm(Array(words.dropFirst())) : desk.type(words), runtime.requests)
    }

    @Test(arguments: [["rtm", "mcp"], ["mcp"]])
    func `passes each line on, and writes what comes back`(words: [String]) {
        let (answer, requests) = serve(words, "one\n\n  \t\r\ntwo\nthree") { request in
            guard case .mcpBridge(let line) = request else { return nil }
            return .mcpBridge(line: line == "two" ? nil : "<\(line)>")
        }
        #expect(answer.exit == .ok && answer.output == "<one>\n<three>\n" && answer.remarks.isEmpty)
        #expect(requests == [.mcpBridge(line: "one"), .mcpBridge(line: "two"), .mcpBridge(line: "three")])
    }

    @Test func `without a daemon every question is answered with an error, and notifications with nothing`() throws {
        var desk = Desk()
        desk.environment["RTM_SOCKET_PATH"] = "/nonexistent/s"
        desk.input = """
            {"jsonrpc":"2.0","id":7,"method":"ping"}
            {"jsonrpc":"2.0","method":"notifications/initialized"}
            """
        let answer = desk.rtm(["mcp"])
        #expect(answer.exit == .ok)
        let messages = try answer.messages
        #expect(messages.count == 1 && messages[0]["id"] == 7 && messages[0]["error"]?["code"] == -32603)
        #expect(messages[0]["error"]?["message"]?.string?.hasPrefix("rtmd unavailable at /nonexistent/s") == true)
        #expect(answer.remarks.contains("rtmd unavailable"))
    }

    @Test func `bytes that are no text are refused`() throws {
        let runtime = FakeRuntime { _ in .mcpBridge(line: "{}") }
        defer { runtime.stop() }
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "a pipe can be had")
        var bytes: [UInt8] = [0x7B, 0xFF, 0x7D, 0x0A]
        precondition(write(ends[1], &bytes, bytes.count) == bytes.count, "four bytes fit into a pipe")
        close(ends[1])
        defer { close(ends[0]) }
        final class Page { var bytes: [UInt8] = [] }
        let page = Page()
        let side = Console.Side(write: { page.bytes += $0 }, isTerminal: false)
        let console = Console(output: side, errors: side, isUTF8: true, hasColours: false, width: { nil })
        BridgeLoop(client: RuntimeRPCClient(path: runtime.path), console: console, input: ends[0]).run()
        #expect(try JSON(parsing: page.bytes)["error"]?["code"] == -32700 && runtime.requests.isEmpty)
    }

    @Test func `a line without end is refused, and the next one taken`() throws {
        let endless = String(repeating: "x", count: BridgeLoop.lineLimit + 1)
        let (answer, requests) = serve(["mcp"], endless + "\nnext\n") { _ in .mcpBridge(line: "{}") }
        #expect(try answer.messages.first?["error"]?["code"] == -32700)
        #expect(requests == [.mcpBridge(line: "next")])
    }
}

@Suite struct ControlServerTests {
    private let web = Sample.session("3f0e1c2d-0000-4000-8000-000000000001", name: "web", state: "RUNNING")

    private func serve(
        _ input: [String], environment: [String: String] = [:], _ routes: @escaping FakeDaemon.Routes = { _ in nil }
    ) throws -> (messages: [JSON], requests: [FakeDaemon.Request]) {
        let daemon = FakeDaemon(routes)
        defer { daemon.stop() }
        var desk = Desk(daemon)
        desk.environment.merge(environment) { $1 }
        desk.input = input.joined(separator: "\n")
        let answer = desk.type("mcp", "--control")
        #expect(answer.exit == .ok && answer.remarks.isEmpty)
        return (try answer.messages, daemon.requests)
    }

    private func result(
        _ name: String, _ arguments: JSON = [:], _ routes: @escaping FakeDaemon.Routes
    ) throws -> (content: JSON, text: String, isError: Bool, requests: [FakeDaemon.Request]) {
        let (messages, requests) = try serve([call(1, name, arguments)], routes)
        let result = messages.first?["result"] ?? .null
        return (
            result["structuredContent"] ?? .null, result["content"]?[0]?["text"]?.string ?? "",
            result["isError"]?.bool ?? false, requests
        )
    }

    // MARK: - The protocol

    @Test(arguments: [
        ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"), ("2024-11-05", "2024-11-05"),
        ("1999-01-01", "2025-06-18"),
    ])
    func `agrees on a version`(asked: String, agreed: String) throws {
        let line = #"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"\#(asked)"}}"#
        let message = try serve([line]).messages[0]
        #expect(message["id"] == "a" && message["result"]?["protocolVersion"]?.string == agreed)
        #expect(message["result"]?["serverInfo"]?["name"] == "drover")
    }

    @Test func `answers in order, keeps silent about notifications, and ends with its input`() throws {
        let messages = try serve([
            #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            "", "nonsense", #"{"jsonrpc":"2.0","id":2,"method":"resources/list"}"#,
            #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{}}"#, call(4, "approve"),
            call(5, "list", ["limit": 0]), call(6, "send", ["session": "x"]), call(7, "show", ["session": 5]),
        ]).messages
        #expect(messages.count == 8)
        #expect(messages[0] == ["id": 1, "jsonrpc": "2.0", "result": [:]])
        #expect(messages[1]["error"]?["code"] == -32700 && messages[1]["id"] == .null)
        #expect(messages[2]["error"]?["code"] == -32601 && messages[3]["error"]?["code"] == -32602)
        for message in messages[4...] { #expect(message["result"]?["isError"] == true) }
        #expect(messages[4]["result"]?["content"]?[0]?["text"] == "unknown tool: approve")
        #expect(messages[6]["result"]?["content"]?[0]?["text"]?.string?.contains("text") == true)
    }

    @Test func `offers no tool that decides, and says of each what it does`() throws {
        let tools =
            try serve([#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#])
            .messages[0]["result"]?["tools"]?.array ?? []
        #expect(tools.compactMap { $0["name"]?.string } == ControlTool.allCases.map(\.rawValue))
        for tool in tools {
            let name = tool["name"]?.string ?? ""
            #expect(tool["inputSchema"]?["additionalProperties"] == false && tool["outputSchema"]?["type"] == "object")
            let isDoing = name == "spawn" || name == "send"
            #expect(tool["annotations"]?["readOnlyHint"]?.bool == !isDoing)
            #expect(tool["annotations"]?["destructiveHint"]?.bool == isDoing)
            #expect(tool["annotations"]?["openWorldHint"]?.bool == isDoing)
            #expect(tool["annotations"]?["idempotentHint"]?.bool == !isDoing)
            #expect(!isDoing || tool["description"]?.string?.contains("may not") == true)
        }
    }

    @Test func `a daemon that is not there is a result with what to do`() throws {
        var desk = Desk()
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        desk.input = call(1, "list")
        let message = try desk.type("mcp", "--control").messages[0]
        #expect(message["result"]?["isError"] == true)
        #expect(message["result"]?["content"]?[0]?["text"]?.string?.contains("drover up") == true)
    }

    // MARK: - On whose behalf

    @Test(arguments: [
        (["DROVER_SESSION_ID": "abc-1", "RTM_SESSION_ID": "def"], "agent:abc-1"),
        (["RTM_SESSION_ID": "def"], "agent:def"), ([:], "agent:unknown"),
        (["DROVER_SESSION_ID": "x\r\nEvil: 1"], "agent:unknown"),
        (["DROVER_SESSION_ID": "x y", "RTM_SESSION_ID": "def"], "agent:def"),
    ])
    func `every request says who asks`(environment: [String: String], actor: String) throws {
        let web = web
        let requests = try serve(
            [
                call(1, "list"), call(2, "show", ["session": "web"]), call(3, "approvals"),
                call(4, "events", ["since": 1]), call(5, "spawn", ["command": ["true"]]),
                call(6, "send", ["session": "web", "text": "x"]), call(7, "capture", ["session": "web"]),
            ], environment: environment
        ) { request in
            if request.route == "GET /api/fleet" { return Sample.fleet(web) }
            if request.line.contains("/output?") { return .bytes("", from: 0, end: 0) }
            return .json(request.route == "POST /api/runner/sessions" ? ["sessionId": "web"] : web)
        }.requests
        #expect(requests.count >= 11)
        for request in requests { #expect(request.headers["x-drover-actor"] == actor) }
    }

    // MARK: - Looking

    @Test func `list tells what is most worth knowing`() throws {
        let web = web
        let answer = try result("list", ["state": "waiting", "limit": 3]) { _ in Sample.fleet(web) }
        #expect(answer.requests[0].line == "GET /api/fleet?limit=3&state=WAITING_FOR_APPROVAL")
        #expect(answer.content["total"] == 1 && answer.content["cursor"] == 40)
        #expect(answer.content["sessions"]?[0]?["name"] == "web" && answer.content["sessions"]?[0]?["terminal"] == nil)
        #expect(try JSON(parsing: Array(answer.text.utf8)) == answer.content)
    }

    @Test func `show tells all`() throws {
        let web = web
        #expect(try result("show", ["session": "web"]) { _ in .json(web) }.content["session"] == web)
        let missing = try result("show", ["session": "no"]) { _ in .refusal(404, "SESSION_NOT_FOUND", "no") }
        #expect(missing.isError && missing.text.contains("No session is called \"no\""))
    }

    @Test func `capture gives plain text`() throws {
        let web = web
        let answer = try result("capture", ["session": "web", "lines": 1]) { request in
            request.line.contains("/output?") ? .bytes("a\r\n\u{1B}[31mb\u{1B}[0m", from: 0, end: 12) : .json(web)
        }
        #expect(answer.content["content"] == "b" && answer.content["source"] == "recording")
    }

    @Test func `approvals can be looked at`() throws {
        let waiting = Sample.session("one", name: "one", state: "WAITING_FOR_APPROVAL", ["pendingApprovals": ["p"]])
        let answer = try result("approvals") { request in
            request.route == "GET /api/fleet"
                ? Sample.fleet(waiting) : .json(["items": [["approvalId": "p", "summary": "Remove it"]]])
        }
        let approval = answer.content["approvals"]?[0]
        #expect(approval?["approvalId"] == "p" && approval?["session"] == "one" && approval?["summary"] == "Remove it")
        #expect(answer.requests.allSatisfy { $0.line.hasPrefix("GET ") })
    }

    @Test func `events are the latest, or what follows a cursor`() throws {
        let event: JSON = ["rowid": 41, "type": "T"]
        let routes: FakeDaemon.Routes = { request in
            request.route == "GET /api/fleet"
                ? Sample.fleet() : .json(["items": [event], "cursor": 41, "more": false])
        }
        let latest = try result("events", ["limit": 10], routes)
        #expect(latest.requests.last?.line == "GET /api/events?since=30&limit=10")
        #expect(latest.content == ["events": [event], "cursor": 41, "more": false])
        let next = try result("events", ["since": 7, "types": ["T", "U"]], routes)
        #expect(next.requests.last?.line == "GET /api/events?since=7&types=T,U&limit=500")
    }

    @Test func `events of one kind are looked for page by page, and no more are told than asked for`() throws {
        @Sendable func events(_ rows: ClosedRange<Int>) -> JSON {
            .array(rows.map { ["rowid": .integer($0), "type": "T"] })
        }
        let answer = try result("events", ["types": ["T"], "limit": 3]) { request in
            switch request.line {
            case "GET /api/events?since=0&types=T&limit=500": .json(["items": [], "cursor": 50, "more": true])
            case "GET /api/events?since=50&types=T&limit=500":
                .json(["items": events(60...61), "cursor": 90, "more": true])
            case "GET /api/events?since=90&types=T&limit=500":
                .json(["items": events(95...99), "cursor": 99, "more": false])
            default: nil
            }
        }
        #expect(answer.content["events"]?.array?.compactMap { $0["rowid"]?.integer } == [60, 61, 95])
        #expect(answer.content["cursor"] == 95 && answer.content["more"] == true)
    }

    // MARK: - Doing

    @Test func `what an agent starts asks for approval of everything, and has no door that the agent lacks`() throws {
        let web = web
        let (messages, requests) = try serve(
            [call(1, "spawn", ["command": ["npm", "test"], "cwd": "/tmp", "name": "kid"])],
            environment: ["DISPLAY": ":7"]
        ) { request in
            .json(request.line.hasPrefix("POST") ? ["sessionId": "abc"] : web)
        }
        #expect(messages[0]["result"]?["structuredContent"]?["state"] == "RUNNING")
        let body = requests[0].body
        #expect(body["policy"] == ["requiresApprovalFor": ["merge", "deps_add", "secrets", "deploy"]])
        #expect(body["command"] == ["argv": ["npm", "test"], "cwd": "/tmp"] && body["name"] == "kid")
        #expect(body["env"]?["SSH_AUTH_SOCK"] == "" && body["env"]?["DISPLAY"] == ":7")
        #expect(body["providerId"] == "command" && body["target"] == nil)
    }

    @Test func `a spawn that fails says why`() throws {
        #expect(try result("spawn", ["command": []]) { _ in nil }.isError)
        #expect(try result("spawn", ["command": ["x"], "cwd": "here"]) { _ in nil }.text == "cwd must be absolute.")
        #expect(try result("spawn", ["command": ["x"], "policy": [:]]) { _ in nil }.isError)
        let failed = try result("spawn", ["command": ["nope"]]) { request in
            .json(
                request.line.hasPrefix("POST")
                    ? ["sessionId": "abc"]
                    : Sample.session("abc", state: "FAILED", ["errorMessage": "nope: no such program"]))
        }
        #expect(failed.isError && failed.text.contains("no such program"))
    }

    @Test func `send types, and enters unless it is told not to`() throws {
        let web = web
        let routes: FakeDaemon.Routes = { .json($0.line.hasPrefix("GET") ? web : ["ok": true]) }
        let typed = try result("send", ["session": "web", "text": "hello"], routes)
        #expect(!typed.isError && typed.content["sent"] == true)
        #expect(typed.requests.compactMap { $0.body["data"]?.string } == ["hello", "\r"])
        let held = try result("send", ["session": "web", "text": "hello", "enter": false], routes)
        #expect(held.requests.compactMap { $0.body["data"]?.string } == ["hello"])
        let control = try result("send", ["session": "web", "text": "\u{03}"], routes)
        #expect(control.isError && control.requests.isEmpty)
    }

    @Test(arguments: [
        Sample.session("one", name: "one", state: "WAITING_FOR_APPROVAL"),
        Sample.session("one", name: "one", state: "RUNNING", ["pendingApprovals": ["p"]]),
        Sample.session("one", name: "one", state: "COMPLETED", ["exitCode": 0]),
    ])
    func `send refuses a session that waits for a person, and one that is over`(session: JSON) throws {
        let answer = try result("send", ["session": "one", "text": "y"]) { _ in .json(session) }
        #expect(answer.isError)
        #expect(answer.requests.allSatisfy { $0.line.hasPrefix("GET ") })
    }

    @Test func `a question that arises meanwhile is not answered with Enter`() throws {
        let asked = Mutex(0)
        let web = web
        let answer = try result("send", ["session": "web", "text": "rm"]) { request in
            guard request.line.hasPrefix("GET") else { return .json(["ok": true]) }
            let count = asked.withLock {
                $0 += 1
                return $0
            }
            return .json(count == 1 ? web : Sample.session("web", state: "WAITING_FOR_APPROVAL"))
        }
        #expect(answer.isError && answer.text.contains("Enter was not pressed"))
        #expect(answer.requests.compactMap { $0.body["data"]?.string } == ["rm"])
    }
}

@Suite struct InputLinesTests {
    private func lines(_ text: String, limit: Int = 8) -> [String] {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "a pipe can be had")
        let bytes = Array(text.utf8)
        precondition(write(ends[1], bytes, bytes.count) == bytes.count, "a text fits into a pipe")
        close(ends[1])
        defer { close(ends[0]) }
        var lines = InputLines(ends[0], limit: limit)
        var found: [String] = []
        while let line = lines.next() {
            switch line {
            case .line(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
            case .tooLong: found.append("…")
            }
        }
        return found
    }

    @Test(arguments: [
        ("", []), ("\n\n", []), ("a", ["a"]), ("a\nb\n", ["a", "b"]), (" \r\na\n\n", ["a"]),
        ("12345678\n", ["12345678"]), ("123456789\nx", ["…", "x"]), ("123456789", ["…"]),
    ])
    func `splits the input, passes over blank lines, and bounds the long ones`(text: String, expected: [String]) {
        #expect(lines(text) == expected)
    }
}
