import Bytes
import Glibc
import Settings
import Synchronization
import Testing

@testable import Toolbox

@Suite struct ToolServerDialogueTests {
    private func line(_ json: JSON) -> [UInt8] { json.encoded() }

    private func sent(_ action: ToolServerDialogue.Action?) throws -> JSON {
        guard case .send(let line)? = action else {
            Issue.record("\(String(describing: action))")
            return nil
        }
        return try JSON(parsing: line)
    }

    private func tool(_ name: String) -> JSON { ["name": .string(name), "inputSchema": ["type": "object"]] }

    /// A dialogue whose tools have been listed.
    private func ready() throws -> ToolServerDialogue {
        var dialogue = ToolServerDialogue()
        _ = dialogue.start()
        _ = dialogue.received(line(["jsonrpc": "2.0", "id": 1, "result": ["protocolVersion": "2025-06-18"]]))
        #expect(
            dialogue.received(line(["jsonrpc": "2.0", "id": 2, "result": ["tools": [tool("a")]]])) == [
                .tools([ServerTool(name: "a", description: "", parameters: ["type": "object"])])
            ])
        return dialogue
    }

    @Test func `shakes hands, then reads the list part by part`() throws {
        var dialogue = ToolServerDialogue()
        let hello = try JSON(parsing: dialogue.start())
        #expect(hello["jsonrpc"] == "2.0")
        #expect(hello["id"] == 1)
        #expect(hello["method"] == "initialize")
        #expect(hello["params"]?["protocolVersion"] == "2025-06-18")
        #expect(hello["params"]?["clientInfo"]?["name"] == "drover")
        #expect(hello["params"]?["capabilities"] == [:])
        let actions = dialogue.received(
            line([
                "jsonrpc": "2.0", "id": 1, "result": ["protocolVersion": "2024-11-05", "capabilities": ["tools": [:]]],
            ]))
        #expect(actions.count == 2)
        #expect(try sent(actions.first) == ["jsonrpc": "2.0", "method": "notifications/initialized"])
        #expect(try sent(actions.last) == ["jsonrpc": "2.0", "id": 2, "method": "tools/list"])
        let more = dialogue.received(
            line([
                "jsonrpc": "2.0", "id": 2,
                "result": ["tools": [tool("a"), ["name": "no schema"]], "nextCursor": "c1"],
            ]))
        #expect(
            try sent(more.first) == ["jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": ["cursor": "c1"]])
        let done = dialogue.received(line(["jsonrpc": "2.0", "id": 3, "result": ["tools": [tool("b")]]]))
        guard case .tools(let tools)? = done.first else {
            Issue.record("\(done)")
            return
        }
        #expect(tools.map(\.name) == ["a", "b"])
    }

    @Test func `a list without end comes to one`() throws {
        var dialogue = ToolServerDialogue()
        _ = dialogue.start()
        _ = dialogue.received(line(["jsonrpc": "2.0", "id": 1, "result": ["protocolVersion": "2025-06-18"]]))
        for id in 2..<1000 {
            let actions = dialogue.received(
                line(["jsonrpc": "2.0", "id": .integer(id), "result": ["tools": [], "nextCursor": "again"]]))
            if case .tools(let tools)? = actions.first {
                #expect(tools.isEmpty)
                return
            }
        }
        Issue.record("the list was read without end")
    }

    @Test(
        arguments: [
            ["jsonrpc": "2.0", "id": 1, "error": ["code": -1, "message": "go away"]],
            ["jsonrpc": "2.0", "id": 1, "result": ["protocolVersion": "1999-01-01"]],
            ["jsonrpc": "2.0", "id": 1, "result": [:]],
        ] as [JSON])
    func `a handshake that fails`(answer: JSON) {
        var dialogue = ToolServerDialogue()
        _ = dialogue.start()
        let actions = dialogue.received(line(answer))
        guard actions.count == 1, case .failed? = actions.first else {
            Issue.record("not refused: \(actions)")
            return
        }
    }

    @Test func `calls are answered by their ids, whatever the order`() throws {
        var dialogue = try ready()
        let first = dialogue.call("a", ["x": 1])
        let second = dialogue.call("a", [:])
        #expect(
            try JSON(parsing: first.line) == [
                "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": ["name": "a", "arguments": ["x": 1]],
            ])
        #expect(
            dialogue.received(line(["jsonrpc": "2.0", "id": .integer(second.id), "result": ["content": []]])) == [
                .answered(id: second.id, .success(["content": []]))
            ])
        #expect(
            dialogue.received(
                line(["jsonrpc": "2.0", "id": .integer(first.id), "error": ["code": 1, "message": "no"]])) == [
                    .answered(id: first.id, .failure(ToolServerFailure("no")))
                ])
        #expect(try JSON(parsing: dialogue.cancellation(of: 3))["params"]?["requestId"] == 3)
    }

    @Test func `answers pings, refuses other requests, and reads a changed list again`() throws {
        var dialogue = try ready()
        #expect(
            try sent(dialogue.received(line(["jsonrpc": "2.0", "id": "p", "method": "ping"])).first)
                == ["jsonrpc": "2.0", "id": "p", "result": [:]])
        #expect(
            try sent(dialogue.received(line(["jsonrpc": "2.0", "id": 9, "method": "roots/list"])).first)["error"]?[
                "code"]
                == -32601)
        let change = line(["jsonrpc": "2.0", "method": "notifications/tools/list_changed"])
        #expect(try sent(dialogue.received(change).first)["method"] == "tools/list")
        // Changed again while it is read: once more, and only then it counts.
        #expect(dialogue.received(change).isEmpty)
        let again = dialogue.received(line(["jsonrpc": "2.0", "id": 3, "result": ["tools": [tool("old")]]]))
        #expect(try sent(again.first)["id"] == 4)
        let tools = [ServerTool(name: "new", description: "", parameters: ["type": "object"])]
        #expect(
            dialogue.received(line(["jsonrpc": "2.0", "id": 4, "result": ["tools": [tool("new")]]])) == [.tools(tools)])
    }

    @Test(arguments: [
        "", "listening on stdio", "[]", "{}", "{\"jsonrpc\":\"2.0\"}", "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":{}}",
        "\u{0}",
    ])
    func `other lines are passed over`(text: String) {
        var dialogue = ToolServerDialogue()
        _ = dialogue.start()
        #expect(dialogue.received(Array(text.utf8)).isEmpty)
    }

    @Test(
        arguments: [
            ("read", "files", [], "files__read"), ("read file!", "my.server", [], "my_server__read_file_"),
            ("é", "s", [], "s____"), ("a", "s", ["s__a"], "s__a_2"), ("a", "s", ["s__a", "s__a_2"], "s__a_3"),
            (String(repeating: "x", count: 90), "s", [], "s__" + String(repeating: "x", count: 61)),
            (
                String(repeating: "x", count: 90), "s", ["s__" + String(repeating: "x", count: 61)],
                "s__" + String(repeating: "x", count: 59) + "_2"
            ),
        ] as [(String, String, Set<String>, String)])
    func `names that every provider takes`(tool: String, server: String, taken: Set<String>, expected: String) {
        #expect(ToolServerNames.name(of: tool, server: server, taken: taken) == expected)
    }

    @Test(arguments: [
        (#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, ToolOutcome(output: "a\nb")),
        (#"{"content":[{"type":"text","text":"bad"}],"isError":true}"#, .failure("bad")),
        (
            #"{"content":[{"type":"image","mimeType":"image/png","data":"AAAA"}]}"#,
            ToolOutcome(output: "[image of type image/png]")
        ),
        (
            #"{"content":[{"type":"resource","resource":{"uri":"file:///x","text":"inside"}}]}"#,
            ToolOutcome(output: "inside")
        ), (#"{"content":[],"structuredContent":{"a":1}}"#, ToolOutcome(output: #"{"a":1}"#)),
        ("{}", ToolOutcome(output: "")),
    ])
    func `what a tool gives back, as text`(result: String, outcome: ToolOutcome) throws {
        #expect(ToolOutcome(serverResult: try JSON(parsing: result)) == outcome)
    }

    @Test func `lines however they come`() {
        let stream = Array("one\r\n\ntwo\nrest".utf8)
        for cut in 0...stream.count {
            var buffer = LineBuffer(limit: 100)
            let lines = buffer.feed(Array(stream[..<cut])) + buffer.feed(Array(stream[cut...]))
            #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two"])
        }
        var buffer = LineBuffer(limit: 3)
        #expect(buffer.feed(Array("abcd".utf8)).isEmpty)
        #expect(buffer.isOverfull)
    }
}

/// A tool server in thirty lines, whose tools misbehave on request.
private let script = #"""
    import json, os, subprocess, sys, time

    def send(message):
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()

    TOOLS = ["echo", "environment", "die", "sleep", "fail", "long", "spawn", "refuse", "cancelled"]
    behaviour = sys.argv[1] if len(sys.argv) > 1 else ""
    cancelled = []
    if behaviour == "dies":
        sys.exit("no license found")
    if behaviour == "hangs":
        time.sleep(600)
    if behaviour == "floods":
        sys.stdout.write("x" * (5 << 20))
        sys.stdout.flush()
        time.sleep(600)
    if behaviour == "once" and os.path.exists("started"):
        sys.exit("only once")
    with open("started", "a") as log:
        log.write("x")
    print("server listening", flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        method, id = message["method"], message.get("id")
        if method == "initialize":
            send({"id": id, "result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                                       "serverInfo": {"name": "test", "version": "1"}}})
        elif method == "notifications/cancelled":
            cancelled.append(message["params"]["requestId"])
        elif method == "tools/list":
            at = int(message.get("params", {}).get("cursor", "0"))
            page = {"tools": [{"name": name, "description": f"Does {name}", "inputSchema": {"type": "object"}}
                              for name in TOOLS[at:at + 4]]}
            if at + 4 < len(TOOLS):
                page["nextCursor"] = str(at + 4)
            send({"id": id, "result": page})
        elif method == "tools/call":
            name, arguments = message["params"]["name"], message["params"]["arguments"]
            text, error = json.dumps(arguments), False
            if name == "environment":
                text = "\n".join(sorted(os.environ))
            elif name == "die":
                os._exit(3)
            elif name == "sleep":
                continue
            elif name == "fail":
                text, error = "it failed", True
            elif name == "long":
                text = "ü" * 100000
            elif name == "spawn":
                child = subprocess.Popen(["sleep", arguments["seconds"]], stdin=subprocess.DEVNULL)
                text = str(child.pid)
            elif name == "cancelled":
                text = str(len(cancelled))
            elif name == "refuse":
                send({"id": id, "error": {"code": -32602, "message": "not like this"}})
                continue
            send({"id": id, "result": {"content": [{"type": "text", "text": text}], "isError": error}})
    """#

@Suite(.serialized, .timeLimit(.minutes(5))) struct ToolServerTests {
    private let workspace = Workspace()
    private let reports = Reports()

    private final class Reports: Sendable {
        let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
    }

    init() {
        // As the daemon does for its whole process.
        signal(SIGPIPE, SIG_IGN)
        workspace.write("\(workspace.place)/server.py", script)
    }

    private func toolbox(
        _ behaviours: [String: String] = ["test": ""], environment: [String: String] = [:],
        _ limits: ToolServerLimits = ToolServerLimits(retry: .milliseconds(100))
    ) -> Toolbox {
        let servers = behaviours.sorted { $0.key < $1.key }.map { name, behaviour in
            ToolServerSettings(
                name: name, command: "python3", arguments: ["\(workspace.place)/server.py", behaviour],
                environment: environment)
        }
        return Toolbox(
            root: workspace.root, settings: ToolSettings(servers: servers), serverLimits: limits, report: report)
    }

    private var report: @Sendable (String, String) -> Void {
        { [reports] server, reason in reports.list.withLock { $0.append("\(server): \(reason)") } }
    }

    private func serverTools(_ toolbox: Toolbox) -> [String] {
        toolbox.declarations.map(\.name).filter { $0.contains("__") }
    }

    @Test func `tools of a server are offered beside ours`() {
        let toolbox = toolbox()
        defer { toolbox.close() }
        toolbox.prepare()
        #expect(
            serverTools(toolbox)
                == ["cancelled", "die", "echo", "environment", "fail", "long", "refuse", "sleep", "spawn"].map {
                    "test__\($0)"
                })
        #expect(toolbox.declarations.map(\.name).contains("read"))
        #expect(toolbox.declarations.map(\.name) == toolbox.declarations.map(\.name).sorted())
        #expect(toolbox.declarations.first { $0.name == "test__echo" }?.description == "Does echo")
        #expect(toolbox.run("test__echo", ["a": [1, "ü"]]) == ToolOutcome(output: #"{"a": [1, "\u00fc"]}"#))
        #expect(toolbox.run("test__fail", [:]) == .failure("it failed"))
        #expect(toolbox.run("test__refuse", [:]) == .failure("not like this"))
        #expect(toolbox.run("test__echo", []).isFailure("not an object"))
        #expect(toolbox.run("test__nosuch", [:]).isFailure("there is no tool"))
        let long = toolbox.run("test__long", [:]).output
        #expect(long.utf8.count <= 65536 && long.contains("[truncated: "))
        #expect(reports.all.isEmpty)
    }

    @Test func `nothing is started before it is needed`() {
        let toolbox = toolbox()
        defer { toolbox.close() }
        usleep(100_000)
        #expect(workspace.text("started") == nil)
        _ = toolbox.declarations
        toolbox.prepare()
        #expect(workspace.text("started") == "x")
    }

    @Test func `a server gets a clean environment and its own variables`() {
        setenv("ANTHROPIC_API_KEY", "secret", 1)
        let toolbox = toolbox(environment: ["TOKEN": "t"])
        defer { toolbox.close() }
        toolbox.prepare()
        let names = toolbox.run("test__environment", [:]).output.split(separator: "\n").map(String.init)
        #expect(names.contains("TOKEN"))
        #expect(names.contains("PATH"))
        #expect(!names.contains { $0.contains("KEY") })
    }

    @Test func `a server that fails leaves its tools out, and says why`() {
        let toolbox = toolbox(["bad": "dies", "good": ""])
        defer { toolbox.close() }
        toolbox.prepare()
        #expect(serverTools(toolbox).allSatisfy { $0.hasPrefix("good__") })
        #expect(!serverTools(toolbox).isEmpty)
        #expect(eventually { reports.all == ["bad: it has ended: no license found"] }, "\(reports.all)")
    }

    @Test func `a program that is not there`() {
        let settings = ToolSettings(servers: [ToolServerSettings(name: "gone", command: "drover-no-such-program")])
        let toolbox = Toolbox(root: workspace.root, settings: settings, report: report)
        toolbox.prepare()
        #expect(
            reports.all == ["gone: drover-no-such-program could not be started: No such file or directory"])
        #expect(serverTools(toolbox).isEmpty)
    }

    @Test func `a server that hangs is given up`() {
        let toolbox = toolbox(["slow": "hangs"], ToolServerLimits(start: .milliseconds(500)))
        let start = ContinuousClock.now
        toolbox.prepare()
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(eventually { reports.all == ["slow: it was not ready in time"] }, "\(reports.all)")
        toolbox.close()
    }

    @Test func `a server that writes without end is given up`() {
        let toolbox = toolbox(["loud": "floods"])
        toolbox.prepare()
        #expect(eventually { reports.all == ["loud: it wrote a line of more than 4 MiB"] }, "\(reports.all)")
        toolbox.close()
    }

    @Test func `nobody waits twice for a server that is of no use`() {
        let toolbox = toolbox(["slow": "hangs"], ToolServerLimits(start: .milliseconds(300), retry: .milliseconds(1)))
        toolbox.prepare()
        #expect(eventually { reports.all.count == 1 })
        usleep(10_000)
        // It is started again meanwhile, in vain.
        let start = ContinuousClock.now
        toolbox.prepare()
        #expect(ContinuousClock.now - start < .milliseconds(250))
        #expect(eventually { reports.all.count == 2 })
        toolbox.close()
    }

    @Test func `a server that died is started again for the next call`() {
        let toolbox = toolbox()
        defer { toolbox.close() }
        toolbox.prepare()
        #expect(toolbox.run("test__die", [:]).isFailure("cannot be used: it has ended"))
        #expect(eventually { toolbox.run("test__echo", [:]).output == "{}" })
        #expect(workspace.text("started") == "xx")
        #expect(eventually { reports.all == ["test: it has ended"] })
    }

    @Test func `one that fails again and again rests longer and longer`() {
        let toolbox = toolbox(["test": "once"], ToolServerLimits(retry: .milliseconds(50), longestRetry: .seconds(100)))
        defer { toolbox.close() }
        toolbox.prepare()
        _ = toolbox.run("test__die", [:])
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(2) {
            #expect(toolbox.run("test__echo", [:]).isError)
            usleep(1000)
        }
        // After 50, 100, 200, 400, 800 ms; without resting it would be started dozens of times.
        #expect((2...6).contains(reports.all.count), "\(reports.all)")
    }

    @Test func `a call ends when it is cancelled or takes too long`() {
        let toolbox = toolbox(["test": ""], ToolServerLimits(call: .milliseconds(400)))
        defer { toolbox.close() }
        toolbox.prepare()
        let start = ContinuousClock.now
        #expect(
            toolbox.run("test__sleep", [:]) { ContinuousClock.now - start > .milliseconds(100) }
                == .failure("cancelled"))
        #expect(toolbox.run("test__sleep", [:]).isFailure("did not answer in time"))
        // The server was told of both, and goes on.
        #expect(toolbox.run("test__cancelled", [:]).output == "2")
    }

    @Test func `calls of several threads do not wait for each other`() {
        let toolbox = toolbox()
        defer { toolbox.close() }
        toolbox.prepare()
        let wrong = Mutex(0)
        let done = Mutex(0)
        for thread in 0..<8 {
            _ = OwnThread.start {
                for index in 0..<25 {
                    let value = JSON.integer(thread * 1000 + index)
                    let expected = "{\"n\": \(thread * 1000 + index)}"
                    if toolbox.run("test__echo", ["n": value]).output != expected { wrong.withLock { $0 += 1 } }
                }
                done.withLock { $0 += 1 }
            }
        }
        #expect(eventually { done.withLock { $0 } == 8 })
        #expect(wrong.withLock { $0 } == 0)
    }

    @Test func `closing ends a server and what it has started`() throws {
        let toolbox = toolbox()
        toolbox.prepare()
        let child = try #require(pid_t(toolbox.run("test__spawn", ["seconds": "888.25"]).output))
        #expect(kill(child, 0) == 0)
        toolbox.close()
        #expect(eventually { kill(child, 0) != 0 || isZombie(child) })
        #expect(serverTools(toolbox).isEmpty)
        #expect(toolbox.run("test__echo", [:]).isFailure("was closed"))
        #expect(reports.all.isEmpty)
    }

    @Test func `a toolbox that is let go ends its servers`() throws {
        var toolbox: Toolbox? = toolbox()
        toolbox?.prepare()
        let child = try #require(pid_t(toolbox?.run("test__spawn", ["seconds": "888.5"]).output ?? ""))
        toolbox = nil
        #expect(eventually { kill(child, 0) != 0 || isZombie(child) })
    }

    @Test func `talks to a server made with the official package`() throws {
        let python = try #require(
            venvPython(), "the tests' Python environment is missing: run `scripts/python tests`")
        workspace.write(
            "\(workspace.place)/official.py",
            """
            from mcp.server.mcpserver import MCPServer

            server = MCPServer("official")

            @server.tool()
            def add(first: int, second: int) -> str:
                "Adds two numbers."
                return str(first + second)

            server.run()
            """)
        let settings = ToolSettings(servers: [
            ToolServerSettings(
                name: "official", command: python, arguments: ["\(workspace.place)/official.py"])
        ])
        let toolbox = Toolbox(
            root: workspace.root, settings: settings, serverLimits: ToolServerLimits(start: .seconds(60)),
            report: report)
        defer { toolbox.close() }
        toolbox.prepare()
        #expect(serverTools(toolbox) == ["official__add"], "\(reports.all)")
        #expect(toolbox.run("official__add", ["first": 2, "second": 40]) == ToolOutcome(output: "42"))
        #expect(toolbox.run("official__add", ["first": "x", "second": 40]).isError)
    }
}

/// The interpreter of the tests' virtual environment, if it has been made.
private func venvPython() -> String? {
    var path = #filePath.split(separator: "/").dropLast(3).map(String.init)
    path.append(contentsOf: [".cache", "venv", "bin", "python"])
    let whole = "/" + path.joined(separator: "/")
    return access(whole, X_OK) == 0 ? whole : nil
}

/// Waits at most twenty seconds for something to become true.
private func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        usleep(10_000)
    }
    return false
}

private func isZombie(_ pid: pid_t) -> Bool {
    let file = open("/proc/\(pid)/stat", O_RDONLY)
    guard file >= 0 else { return true }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = max(0, read(file, &bytes, bytes.count))
    return String(decoding: bytes[..<count], as: UTF8.self).contains(") Z ")
}
