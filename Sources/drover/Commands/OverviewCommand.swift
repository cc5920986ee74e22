import Client

/// `drover` alone: what needs attention, and the three commands a newcomer wants.
struct OverviewCommand {
    private static let shownCount = 8
    /// Old failures must not hide what is at work.
    private static let shownFailures = 3

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let console = context.console
        let client = try context.makeClient()
        let fleet: DaemonClient.Fleet
        do {
            fleet = try client.fleet(limit: 200)
        } catch .daemonNotRunning {
            console.print("Drover is mission control for coding agents. Its daemon is not running yet.")
            console.print("")
            console.print("  \(console.styled("drover up", .strong))      start it, in another terminal")
            console.print("  \(console.styled("drover help", .strong))    see what there is to type")
            return .daemonNotRunning
        } catch {
            throw CommandFailure(error)
        }
        let now = context.now()
        let sessions = fleet.sessions.ordered(now: now).filter { $0.urgency(now: now) < 4 }
        if sessions.isEmpty {
            console.print("Nothing needs you: no session is running.")
        } else {
            let headline = Self.headline(sessions, now: now)
            console.print(console.styled(headline, .strong))
            console.print("")
            let shown = Self.selection(sessions, now: now)
            console.print(SessionTable.lines(shown, in: context).joined(separator: "\n"))
            if sessions.count > shown.count {
                console.print(console.styled("and \(sessions.count - shown.count) more: drover ls", .dim))
            }
        }
        console.print("")
        let suggestions = Self.suggestions(sessions, now: now)
        let width = suggestions.map { displayWidth($0.0) }.max() ?? 0
        for (command, meaning) in suggestions {
            let padding = String(repeating: " ", count: width + 3 - displayWidth(command))
            console.print("  \(console.styled(command, .strong))\(padding)\(meaning)")
        }
        return .ok
    }

    private static func selection(_ sessions: [Session], now: Int) -> [Session] {
        var failures = 0
        let chosen = sessions.filter { session in
            guard session.urgency(now: now) == 1 else { return true }
            failures += 1
            return failures <= shownFailures
        }
        return Array(chosen.prefix(shownCount))
    }

    private static func headline(_ sessions: [Session], now: Int) -> String {
        let waiting = sessions.filter { $0.urgency(now: now) == 0 }.count
        let failed = sessions.filter { $0.urgency(now: now) == 1 }.count
        let others = sessions.count - waiting - failed
        var parts: [String] = []
        if waiting > 0 {
            parts.append(waiting == 1 ? "1 waits for your decision" : "\(waiting) wait for your decision")
        }
        if failed > 0 { parts.append("\(failed) failed lately") }
        if others > 0 { parts.append(others == 1 ? "1 is at work" : "\(others) are at work") }
        return parts.joined(separator: ", ")
    }

    private static func suggestions(_ sessions: [Session], now: Int) -> [(String, String)] {
        guard let first = sessions.first else {
            return [
                ("drover run -- bash", "launch something"), ("drover open", "show the web page"),
                ("drover help", "see what else there is to type"),
            ]
        }
        switch first.urgency(now: now) {
        case 0 where first.isReported:
            return [
                ("drover why \(first.label)", "see what it waits for"),
                ("drover where \(first.projectPath ?? ".")", "see which terminal it is in"),
                ("drover open", "show the web page"),
            ]
        case 0:
            return [
                ("drover approvals", "see what is asked"), ("drover approve \(first.label)", "say yes"),
                ("drover attach \(first.label)", "look at it"),
            ]
        case 1:
            return [
                ("drover logs --plain \(first.label)", "see what it said"),
                ("drover why \(first.label)", "see why it failed"),
                ("drover run -- COMMAND", "launch something"),
            ]
        default:
            if first.isReported {
                return [
                    ("drover why \(first.label)", "see what it does"),
                    ("drover run -- COMMAND", "launch something"),
                    ("drover open", "show the web page"),
                ]
            }
            return [
                ("drover attach \(first.label)", "look over its shoulder"),
                ("drover run -- COMMAND", "launch something"),
                ("drover open", "show the web page"),
            ]
        }
    }
}
