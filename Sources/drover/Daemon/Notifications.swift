import Bytes
import Fleet
import Reactor

/// `"notifications": {"command": ["notify-send", "{title}", "{text}"], "on": ["waiting", "done", "failed"]}` of
/// `<home>/config.json`: a program of the user's, run when somebody waits or is done.
struct NotificationSettings: Equatable {
    /// The program and its words, in which `{title}`, `{text}`, `{session}`, `{name}`, `{project}`, `{agent}` and
    /// `{event}` are replaced.
    var command: [String]
    var notices: Set<SessionNotice>

    /// `nil` when there is no such section, or no command in it. Throws a sentence about what is wrong with it.
    init?(_ json: JSON?) throws(NotificationProblem) {
        guard let json, !json.isNull else { return nil }
        guard let section = json.object else { throw NotificationProblem("\"notifications\" must be an object") }
        guard let command = section["command"], !command.isNull else { return nil }
        guard let words = command.array?.map(\.string), !words.isEmpty, !words.contains(nil) else {
            throw NotificationProblem("\"notifications.command\" must be a list of texts, the program first")
        }
        self.command = words.compactMap { $0 }
        notices = Set(SessionNotice.allCases)
        if let on = section["on"], !on.isNull {
            let kinds = on.array?.map { $0.string.flatMap { SessionNotice(rawValue: $0) } }
            guard let kinds, !kinds.contains(nil) else {
                let known = SessionNotice.allCases.map(\.rawValue).joined(separator: ", ")
                throw NotificationProblem("\"notifications.on\" must be a list of these: \(known)")
            }
            notices = Set(kinds.compactMap { $0 })
        }
    }

    /// The words for one notice.
    func words(_ notice: SessionNotice, of view: SessionView) -> [String] {
        let values = Self.values(notice, of: view)
        return [command[0]]
            + command.dropFirst().map { word in
                var word = word
                for (name, value) in values { word = word.replacing("{\(name)}", with: value) }
                return word
            }
    }

    static func values(_ notice: SessionNotice, of view: SessionView) -> [(String, String)] {
        let name = view.config.name ?? view.config.repoRef.displayName
        let text: String
        switch notice {
        case .waiting: text = "\(name) waits for you"
        case .done: text = "\(name) is done"
        case .failed: text = "\(name) failed" + (view.errorMessage.map { ": \($0)" } ?? "")
        }
        return [
            ("title", "Drover"), ("text", text), ("session", view.id.rawValue), ("name", name),
            ("project", view.config.repoRef.repoPath), ("agent", view.config.providerID.rawValue),
            ("event", notice.rawValue),
        ]
    }
}

struct NotificationProblem: Error, Equatable {
    let sentence: String
    init(_ sentence: String) { self.sentence = sentence }
}

/// Runs the user's program for what happens. One at a time and in order; what is more than a few behind is left out, since
/// nobody reads a hundred notices.
@Loop
final class Notifier {
    private let settings: NotificationSettings
    private let environment: [(String, String)]
    private var waiting: [(notice: SessionNotice, view: SessionView)] = []
    private var isRunning = false
    private var hasComplained = false

    private static let queueLimit = 16
    private static let time: Int64 = 10_000

    init(_ settings: NotificationSettings, environment: [(String, String)]) {
        self.settings = settings
        self.environment = environment
    }

    func changed(from before: SessionView?, to now: SessionView) {
        guard let notice = SessionNotice(from: before, to: now), settings.notices.contains(notice) else { return }
        if waiting.count >= Self.queueLimit { waiting.removeFirst() }
        waiting.append((notice, now))
        next()
    }

    private func next() {
        guard !isRunning, !waiting.isEmpty else { return }
        let (notice, view) = waiting.removeFirst()
        isRunning = true
        let words = settings.words(notice, of: view)
        let named = NotificationSettings.values(notice, of: view).map { ("DROVER_\($0.0.uppercased())", $0.1) }
        let command = ChildProcess.Command(
            arguments: words, environment: environment + named, leadsSession: true)
        ProgramRun.start(command, limits: ProgramRun.Limits(output: 1 << 20, time: Self.time)) { [self] result in
            isRunning = false
            if case .failure(let error) = result, !hasComplained {
                hasComplained = true
                DaemonLog.warn("the notification command \(words[0]) failed: \(error)")
            }
            next()
        }
    }
}
