import Client
import RuntimeClient

/// What the completion scripts ask for at the moment of completing: `drover __complete sessions`.
enum CompletionCandidates {
    /// A candidate a line, a tab, and what it is. Nothing when the daemon does not answer quickly.
    static func print(_ arguments: [String], context: Context) {
        if arguments.first == "chats" { return printChats(context) }
        guard let address = try? context.daemonAddress() else { return }
        let client = DaemonClient(HTTPClient(address: address, token: context.token))
        client.http.connectTimeout = .milliseconds(300)
        client.http.timeout = .seconds(1)
        switch arguments.first {
        case "sessions", "live":
            let state = arguments.first == "live" ? "live" : nil
            for session in (try? client.fleet(state: state, limit: 200))?.sessions ?? [] {
                let what = harmless(session.title)
                context.console.print("\(session.label)\t\(session.state.word) \(session.agentWord) \(what)")
            }
        case "approvals":
            for one in (try? PendingApproval.all(client)) ?? [] {
                context.console.print("\(one.approval.shortID)\t\(harmless(one.approval.summary))")
            }
        default: break
        }
    }

    private static func printChats(_ context: Context) {
        var limits = HTTPAdapter.Limits()
        limits.connect = .milliseconds(300)
        limits.request = .seconds(1)
        guard let runtime = try? ChatRuntime(context, limits: limits) else { return }
        let sessions = try? runtime.ask(in: context) { adapter, base throws(RuntimeClientError) in
            try await adapter.listSessions(base)
        }
        for session in sessions ?? [] {
            context.console.print("\(session.label)\t\(fitted(session.title, to: 60))")
        }
    }
}
