import Bytes
import Fleet
import RuntimeClient

/// `drover chat sessions`, `show` and `delete`: what is kept of conversations.
struct ChatSessionList {
    let runtime: ChatRuntime
    let context: Context
    let asJSON: Bool

    func list() throws(CommandFailure) -> ExitCode {
        let sessions = try runtime.ask(in: context) { adapter, base throws(RuntimeClientError) in
            try await adapter.listSessions(base)
        }
        if asJSON {
            context.console.print(.array(sessions.map(\.json)))
        } else if sessions.isEmpty {
            context.console.remark("No conversations yet. Begin one with: drover chat")
        } else {
            Self.table(sessions, now: context.now()).lines(on: context.console).forEach { context.console.print($0) }
        }
        return .ok
    }

    static func table(_ sessions: [ChatSession], now: Int) -> Table {
        var table = Table([
            .init("ID"), .init("CHANGED", .right), .init("MESSAGES", .right), .init("LAST", shrinksTo: 16),
        ])
        table.rows = sessions.map { session in
            let age = now - Int(session.updatedAt.timestamp.milliseconds)
            return [
                .init(session.label), .init(RelativeTime.short(milliseconds: age), .dim),
                .init("\(session.messages.count)"), .init(session.title),
            ]
        }
        return table
    }

    func show(_ reference: String) throws(CommandFailure) -> ExitCode {
        let session = try runtime.session(reference, in: context)
        if asJSON {
            context.console.print(session.json)
        } else {
            Self.tell(session, on: context.console)
        }
        return .ok
    }

    /// A conversation from its beginning, every message under who said it.
    static func tell(_ session: ChatSession, on console: Console) {
        for (index, message) in session.messages.enumerated() where message.role != .system {
            if index > 0 { console.print("") }
            let name = message.role == .tool ? "tool \(harmless(message.name ?? ""))" : message.role.rawValue
            let style: Style = message.isError ? .bad : message.role == .tool ? .dim : .strong
            console.print(console.styled(name + (message.isPartial ? " (broken off)" : ""), style))
            if !message.content.isEmpty { console.print(modelText(message.content, isUTF8: console.isUTF8)) }
            for call in message.toolCalls {
                let words = "\(harmless(call.name)) \(harmless(call.arguments.text))"
                console.print(console.styled("calls " + words, .dim))
            }
        }
    }

    func delete(_ reference: String) throws(CommandFailure) -> ExitCode {
        let session = try runtime.session(reference, in: context)
        let id = session.id
        try runtime.ask(in: context) { adapter, base throws(RuntimeClientError) in
            try await adapter.deleteSession(base, id)
        }
        if asJSON {
            context.console.print(["ok": true, "id": .string(id)])
        } else {
            context.console.remark("Deleted \(session.label): \(fitted(session.title, to: 60))")
        }
        return .ok
    }
}
