import Bytes
import Fleet
import Testing
import Wire

@Suite struct ToolServerTests {
    private let server = ToolServer(
        name: "control", version: "1.2.3",
        tools: [
            ToolDeclaration(
                name: "start", title: "Start", description: "Starts a session.",
                input: [
                    .init("agent", .string(choices: ["codex", "claude"]), "Which agent", isRequired: true),
                    .init("columns", .integer(within: 2...500)),
                    .init(
                        "environment",
                        .array(
                            of: .object([
                                .init("key", .string(), isRequired: true), .init("value", .string(), isRequired: true),
                            ]))),
                    .init("budget", .number), .init("force", .boolean), .init("labels", .anyObject),
                ],
                annotations: .changing)
        ])

    private func answer(_ line: String) throws -> JSON {
        guard case .answer(let bytes) = server.step(line) else {
            Issue.record("not answered at once: \(line)")
            return nil
        }
        return try JSON(parsing: bytes)
    }

    @Test(arguments: [
        ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
        ("2099-01-01", "2025-06-18"), ("", "2025-06-18"),
    ])
    func `client and server agree on a revision`(asked: String, agreed: String) throws {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"\#(asked)"}}"#
        let result = try answer(line)["result"]
        #expect(result?["protocolVersion"]?.string == agreed)
        #expect(result?["serverInfo"] == ["name": "control", "version": "1.2.3"])
        #expect(result?["instructions"] == nil)
    }

    @Test func `who asks for no revision gets the newest`() throws {
        let json = try answer(#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#)
        #expect(json["result"]?["protocolVersion"] == "2025-06-18")
    }

    @Test func `a tool is declared with all there is to know`() throws {
        let json = try answer(#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#)
        #expect(
            json["result"]?["tools"] == [
                [
                    "name": "start", "title": "Start", "description": "Starts a session.",
                    "inputSchema": [
                        "type": "object",
                        "properties": [
                            "agent": ["type": "string", "enum": ["codex", "claude"], "description": "Which agent"],
                            "columns": ["type": "integer", "minimum": 2, "maximum": 500],
                            "environment": [
                                "type": "array",
                                "items": [
                                    "type": "object",
                                    "properties": ["key": ["type": "string"], "value": ["type": "string"]],
                                    "required": ["key", "value"], "additionalProperties": false,
                                ],
                            ],
                            "budget": ["type": "number"], "force": ["type": "boolean"], "labels": ["type": "object"],
                        ],
                        "required": ["agent"], "additionalProperties": false,
                    ],
                    "annotations": [
                        "readOnlyHint": false, "destructiveHint": false, "idempotentHint": false,
                        "openWorldHint": false,
                    ],
                ]
            ])
    }

    @Test func `a call is handed over and answered`() throws {
        let line =
            #"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"start","arguments":{"agent":"codex"}}}"#
        let call = ToolCall(id: .integer(9), name: "start", arguments: ["agent": "codex"])
        #expect(server.step(line) == .call(call))
        #expect(try server.tool(for: call).name == "start")
        #expect(
            try JSON(parsing: call.answer(ToolResult(text: "a \"session\"\n"))) == [
                "id": 9, "jsonrpc": "2.0", "result": ["content": [["type": "text", "text": "a \"session\"\n"]]],
            ])
        #expect(
            try JSON(parsing: call.answer(.failure("no"))) == [
                "id": 9, "jsonrpc": "2.0", "result": ["content": [["type": "text", "text": "no"]], "isError": true],
            ])
        #expect(
            try JSON(parsing: call.refusal(JSONRPCError(.invalidParams, "Unknown tool: stop"))) == [
                "id": 9, "jsonrpc": "2.0", "error": ["code": -32602, "message": "Unknown tool: stop"],
            ])
    }

    @Test(arguments: [
        (#"{}"#, "argument agent is required"), (#"{"agent":null}"#, "argument agent is required"),
        (#"{"agent":"omnara"}"#, "argument agent must be one of codex, claude"),
        (#"{"agent":"codex","columns":1}"#, "argument columns must be from 2 to 500"),
        (#"{"agent":"codex","columns":80.0}"#, "argument columns must be an integer"),
        (#"{"agent":"codex","columns":18446744073709551615}"#, "argument columns must be an integer"),
        (#"{"agent":"codex","environment":{}}"#, "argument environment must be an array"),
        (#"{"agent":"codex","environment":[{"key":"A"}]}"#, "argument environment[0].value is required"),
        (
            #"{"agent":"codex","environment":[{"key":"A","value":"","x":1}]}"#,
            "argument environment[0].x is not known here"
        ),
        (#"{"agent":"codex","budget":"1"}"#, "argument budget must be a number"),
        (#"{"agent":"codex","force":1}"#, "argument force must be true or false"),
        (#"{"agent":"codex","labels":[]}"#, "argument labels must be an object"),
        (#"{"agent":"codex","verbose":true}"#, "argument verbose is not known here"),
        (#"[]"#, "arguments must be an object"),
    ])
    func `arguments are as declared`(arguments: String, message: String) throws {
        let call = ToolCall(id: .null, name: "start", arguments: try JSON(parsing: arguments))
        let refusal = #expect(throws: ToolRefusal.self) { try server.tool(for: call) }
        #expect(refusal?.description == message)
    }

    @Test func `arguments that are fine pass`() throws {
        let arguments: JSON = [
            "agent": "claude", "columns": 80, "environment": [["key": "A", "value": "1"]], "budget": 1.5, "force": nil,
            "labels": ["a": [1]],
        ]
        #expect(throws: Never.self) { try server.tool(for: ToolCall(id: .null, name: "start", arguments: arguments)) }
        #expect(throws: ToolRefusal.unknownTool("stop")) { try server.tool(for: ToolCall(id: .null, name: "stop")) }
    }

    @Test(arguments: [
        ("{", -32700), (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (#"{"jsonrpc":"2.0","id":1}"#, -32600), (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
    ])
    func `what is no request is told apart from what is no JSON`(line: String, code: Int) throws {
        let json = try answer(line)
        #expect(json["error"]?["code"] == .integer(code))
        #expect(json["id"] == .null)
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}"#,
        #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    ])
    func `answers and notifications are taken in silence`(line: String) {
        #expect(server.step(line) == .silence)
    }
}
