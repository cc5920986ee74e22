import Bytes
import Client
import Fleet

/// Carries out one call of a tool. The arguments have passed the tool's schema.
struct ControlWork {
    let client: DaemonClient
    let context: Context
    let arguments: JSON

    // MARK: - Looking

    func list() throws(CommandFailure) -> JSON {
        let state: String? =
            switch arguments["state"]?.string {
            case "live": "live"
            case "ended": "ended"
            case "waiting": "WAITING_FOR_APPROVAL"
            default: nil
            }
        let fleet = try ask { client throws(ClientError) in
            try client.fleet(state: state, limit: arguments["limit"]?.integer ?? 50)
        }
        return [
            "sessions": .array(fleet.sessions.map(Self.summary)), "total": .integer(fleet.total),
            "cursor": .integer(fleet.cursor),
        ]
    }

    /// What is most worth knowing: a model pays for every word.
    private static func summary(_ session: Session) -> JSON {
        let keys = [
            "id", "name", "agent", "title", "state", "live", "project", "target", "startedAt", "endedAt",
            "lastActivityAt", "exitCode", "signal", "errorMessage", "pendingApprovals", "tests",
        ]
        return .object(JSONObject(keys.compactMap { key in session.json[key].map { .init(key: key, value: $0) } }))
    }

    func show() throws(CommandFailure) -> JSON { ["session": try session().json] }

    func capture() throws(CommandFailure) -> JSON {
        let session = try session()
        let screen = try SessionScreen(session, lines: arguments["lines"]?.integer ?? 100, client) {
            () throws(CommandFailure) in try context.makeRuntimeClient()
        }
        return [
            "id": .string(session.id), "source": .string(screen.source.rawValue),
            "content": .string(screen.plainLines.joined(separator: "\n")),
        ]
    }

    func approvals() throws(CommandFailure) -> JSON {
        let pending = try ask { client throws(ClientError) in try PendingApproval.all(client) }
        return [
            "approvals": .array(
                pending.map { one in
                    var approval = one.approval.json.object ?? JSONObject()
                    approval["sessionId"] = .string(one.session.id)
                    approval["session"] = .string(one.session.label)
                    return .object(approval)
                })
        ]
    }

    func events() throws(CommandFailure) -> JSON {
        let limit = arguments["limit"]?.integer ?? 50
        let filter = try arguments["session"]?.string.map { id throws(CommandFailure) in try session(id).id }
        let types = arguments["types"]?.array?.compactMap(\.string) ?? []
        // Without a cursor: the latest of all, or of what was asked for from the beginning.
        let isNarrow = filter != nil || !types.isEmpty
        return try ask { client throws(ClientError) in
            let start: Int
            if let since = arguments["since"]?.integer {
                start = since
            } else {
                start = isNarrow ? 0 : max(0, try client.fleet(limit: 1).cursor - limit)
            }
            var found = EventPage(cursor: start, limit: limit)
            // A page tells of so many rows, of which few may be meant.
            for _ in 0..<Self.pageCount where found.wantsMore {
                found.add(
                    try client.events(
                        since: found.cursor, session: filter, types: types, limit: isNarrow ? 500 : limit))
            }
            return found.json
        }
    }

    /// At most so many pages are read for one answer; the cursor says where to go on.
    private static let pageCount = 100

    /// What is gathered from pages of the journal.
    private struct EventPage {
        var cursor: Int
        let limit: Int
        private var events: [JSON] = []
        private var hasMore = true

        init(cursor: Int, limit: Int) {
            self.cursor = cursor
            self.limit = limit
        }

        var wantsMore: Bool { hasMore && events.count < limit }

        mutating func add(_ page: DaemonClient.EventPage) {
            let fitting = page.events.prefix(limit - events.count)
            events += fitting.map(\.json)
            let isCut = fitting.count < page.events.count
            hasMore = isCut || (page.hasMore && page.cursor > cursor)
            cursor = isCut ? fitting.last?.rowid ?? cursor : max(cursor, page.cursor)
        }

        var json: JSON { ["events": .array(events), "cursor": .integer(cursor), "more": .bool(hasMore)] }
    }

    // MARK: - Doing

    /// What would hand on more than the files of this user: the agent's own values, or none.
    private static let doors = [
        "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "HTTP_PROXY", "HTTPS_PROXY",
        "http_proxy", "https_proxy",
    ]

    func spawn() throws(CommandFailure) -> JSON {
        guard let command = arguments["command"]?.array, command.first?.string?.isEmpty == false else {
            throw CommandFailure("command must begin with a program.")
        }
        guard let directory = arguments["cwd"]?.string ?? workingDirectory() else {
            throw CommandFailure("This directory is gone; name another as cwd.")
        }
        guard directory.hasPrefix("/") else { throw CommandFailure("cwd must be absolute.") }
        var environment = JSONObject()
        for name in Self.doors { environment[name] = .string(context.environment[name] ?? "") }
        let everything = PolicySpec.Sensitive.allCases.map(\.rawValue)
        let body = JSON.omittingNil([
            "providerId": "command", "name": arguments["name"]?.string.map { .string($0) },
            "command": ["argv": .array(command), "cwd": .string(directory)], "env": .object(environment),
            "policy": ["requiresApprovalFor": .strings(everything)],
        ])
        let session = try ask { client throws(ClientError) in
            let started = try client.post("/api/runner/sessions", body)
            guard let id = started["sessionId"]?.string else {
                throw .notDrover(detail: "it starts a session without an id")
            }
            return try RunCommand.settled(id, client, now: context.now)
        }
        if session.state == .failed, session.startedAt == nil, session.exitCode == nil {
            throw CommandFailure("It could not be started: \(session.errorMessage ?? "the daemon gives no reason").")
        }
        return [
            "id": .string(session.id), "state": session.json["state"] ?? .null, "session": Self.summary(session),
        ]
    }

    func send() throws(CommandFailure) -> JSON {
        let text = arguments["text"]?.string ?? ""
        guard !text.unicodeScalars.contains(where: Self.isControl) else {
            throw CommandFailure("text may not contain control characters other than line feeds and tabs.")
        }
        let session = try session()
        try refuse(session, sofar: "Nothing was typed.")
        let entered = arguments["enter"]?.bool ?? true
        if !text.isEmpty { try ask { client throws(ClientError) in try SessionInput.type(text, session.id, client) } }
        if entered {
            WallClock.sleep(SessionInput.breath)
            // What was typed may have led to a question meanwhile, and Enter would answer it.
            try refuse(try self.session(session.id), sofar: "The text was typed, and Enter was not pressed.")
            try ask { client throws(ClientError) in try SessionInput.enter(session.id, client) }
        }
        return ["id": .string(session.id), "sent": true]
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
    }

    /// An agent never answers for a person.
    private func refuse(_ session: Session, sofar: String) throws(CommandFailure) {
        guard session.isLive else { throw CommandFailure("\(session.label) is over: it \(session.ending).") }
        guard session.state != .waitingForApproval, session.pendingApprovals.isEmpty else {
            throw CommandFailure(
                "\(session.label) waits for a person's approval, and only a person may answer. \(sofar)",
                hints: ["Wait until it has been answered; approvals tells what it waits for."])
        }
    }

    // MARK: - Asking

    private func session() throws(CommandFailure) -> Session { try session(arguments["session"]?.string ?? "") }

    private func session(_ id: String) throws(CommandFailure) -> Session {
        try ask { client throws(ClientError) in try client.session(id) }
    }

    private func ask<Answer>(
        _ question: (DaemonClient) throws(ClientError) -> Answer
    ) throws(CommandFailure) -> Answer {
        do { return try question(client) } catch { throw CommandFailure(error) }
    }
}
