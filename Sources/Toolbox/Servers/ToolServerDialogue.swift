import Bytes

/// A tool as its server describes it.
struct ServerTool: Equatable, Sendable {
    var name: String
    var description: String
    var parameters: JSON
}

/// What is said to a server of the Model Context Protocol, and what follows from its lines: handshake, list of tools, calls.
///
/// A plain value. It is told what came in and answers with what is to be done; processes and waiting are elsewhere.
struct ToolServerDialogue: Sendable {
    enum Action: Equatable, Sendable {
        /// A line, without its line feed.
        case send([UInt8])
        /// The tools there are now. The first time this means that the server can be used.
        case tools([ServerTool])
        case answered(id: Int, Result<JSON, ToolServerFailure>)
        /// Nothing can be done with this server.
        case failed(ToolServerFailure)
    }

    /// The versions of the protocol whose tools are understood, the one that is asked for first.
    static let versions = ["2025-06-18", "2025-11-25", "2025-03-26", "2024-11-05"]
    /// Tools taken of a server, and parts of its list read.
    static let toolLimit = 128
    static let pageLimit = 64
    /// UTF-8 bytes of a description, and of a schema: a tool with a larger one is left out.
    static let descriptionLimit = 4096
    static let schemaLimit = 64 * 1024

    private enum State {
        case initializing(id: Int)
        case listing(id: Int, tools: [ServerTool], pages: Int)
        case ready
    }

    private var state: State = .initializing(id: 0)
    private var lastID = 0
    /// Whether the list has changed while it was being read.
    private var isListStale = false

    /// Begins, with the line to send.
    mutating func start() -> [UInt8] {
        let id = nextID()
        state = .initializing(id: id)
        return ToolServerMessage.request(
            id, "initialize",
            [
                "protocolVersion": .string(Self.versions[0]), "capabilities": [:],
                "clientInfo": ["name": "drover", "version": "1"],
            ])
    }

    /// Calls a tool. The answer comes under this id.
    mutating func call(_ tool: String, _ arguments: JSON) -> (id: Int, line: [UInt8]) {
        let id = nextID()
        return (id, ToolServerMessage.request(id, "tools/call", ["name": .string(tool), "arguments": arguments]))
    }

    /// Tells the server that nobody waits for a call any more.
    func cancellation(of id: Int) -> [UInt8] {
        ToolServerMessage.notification(
            "notifications/cancelled", ["requestId": .integer(id), "reason": "nobody waits for it any more"])
    }

    /// Takes a line of the server.
    mutating func received(_ line: some Collection<UInt8>) -> [Action] {
        switch ToolServerMessage(line) {
        case nil: return []
        case .request(let id, "ping")?: return [.send(ToolServerMessage.answer(to: id, [:]))]
        case .request(let id, _)?: return [.send(ToolServerMessage.refusal(of: id))]
        case .notification("notifications/tools/list_changed")?:
            switch state {
            case .initializing: return []
            case .listing:
                isListStale = true
                return []
            case .ready: return [list(after: nil, [], pages: 0)]
            }
        case .notification?: return []
        case .answer(let id, let result)?: return answered(id, result)
        }
    }

    private mutating func answered(_ id: Int, _ result: Result<JSON, ToolServerFailure>) -> [Action] {
        switch state {
        case .initializing(id):
            guard case .success(let result) = result else { return [.failed(refused("the handshake", result))] }
            guard let version = result["protocolVersion"]?.string, Self.versions.contains(version) else {
                return [.failed(ToolServerFailure("it speaks no version of the protocol that is known here"))]
            }
            return [
                .send(ToolServerMessage.notification("notifications/initialized")), list(after: nil, [], pages: 0),
            ]
        case .listing(id, let tools, let pages):
            guard case .success(let page) = result else { return [.failed(refused("its list of tools", result))] }
            guard let entries = page["tools"]?.array else {
                return [.failed(ToolServerFailure("its list of tools is not understood"))]
            }
            let tools = Array((tools + entries.compactMap(ServerTool.init)).prefix(Self.toolLimit))
            if let cursor = page["nextCursor"]?.string, pages < Self.pageLimit, tools.count < Self.toolLimit {
                return [list(after: cursor, tools, pages: pages)]
            }
            state = .ready
            if isListStale { return [list(after: nil, [], pages: 0)] }
            return [.tools(tools)]
        case .initializing, .listing, .ready: return [.answered(id: id, result)]
        }
    }

    private mutating func list(after cursor: String?, _ tools: [ServerTool], pages: Int) -> Action {
        let id = nextID()
        isListStale = false
        state = .listing(id: id, tools: tools, pages: pages + 1)
        return .send(ToolServerMessage.request(id, "tools/list", cursor.map { ["cursor": .string($0)] }))
    }

    private func refused(_ what: String, _ result: Result<JSON, ToolServerFailure>) -> ToolServerFailure {
        guard case .failure(let failure) = result else { return ToolServerFailure("it refused \(what)") }
        return ToolServerFailure("it refused \(what): \(failure.reason)")
    }

    private mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }
}

extension ServerTool {
    fileprivate init?(_ json: JSON) {
        guard let name = json["name"]?.string, !name.isEmpty, name.utf8.count <= 256,
            let schema = json["inputSchema"], schema.object != nil,
            schema.encoded().count <= ToolServerDialogue.schemaLimit
        else { return nil }
        self.name = name
        let description = json["description"]?.string ?? json["title"]?.string ?? ""
        self.description = OutputCap.prefix(description, ToolServerDialogue.descriptionLimit)
        parameters = schema
    }
}
