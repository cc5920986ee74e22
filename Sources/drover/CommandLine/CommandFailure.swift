import Bytes
import Client
import Glibc

/// Why a command failed, as it is shown: what happened, and what to do next.
struct CommandFailure: Error, Equatable, Sendable {
    var sentence: String
    /// What to do next, line by line.
    var hints: [String]
    var exit: ExitCode

    init(_ sentence: String, hints: [String] = [], exit: ExitCode = .failure) {
        self.sentence = sentence
        self.hints = hints
        self.exit = exit
    }
}

extension CommandFailure {
    /// Translates at the edge, once for all commands.
    init(_ error: ClientError) {
        switch error {
        case .daemonNotRunning(let url):
            self.init(
                "No daemon is running: nobody answers at \(url).", hints: ["Start one with: drover up"],
                exit: .daemonNotRunning)
        case .invalidURL(let text):
            self.init(
                "\"\(text)\" is not an address of a daemon.",
                hints: ["It looks like this: http://127.0.0.1:3000"], exit: .usage)
        case .timedOut(let doing):
            self.init("It took too long: \(doing).", hints: ["See what is wrong with: drover doctor"])
        case .connectionLost:
            self.init(
                "The daemon closed the connection in the middle.", hints: ["See whether it still runs: drover doctor"])
        case .notDrover(let detail):
            self.init(
                "What answers there is not Drover's daemon: \(detail).",
                hints: ["Give the daemon's address with --url, or start one on another port: drover up --port 3001"])
        case .refused(let refusal):
            self.init(refusal)
        }
    }

    /// The same for the socket of the daemon IPC.
    init(_ error: SensingClientError) {
        switch error {
        case .unreachable(let path, let reason):
            self.init(
                "No daemon answers at \(path): \(reason).", hints: ["Start one with: drover up"],
                exit: .daemonNotRunning)
        case .refused(let error): self.init("\(error.message.prefix(1).uppercased())\(error.message.dropFirst()).")
        case .unreadable(let detail):
            self.init("The daemon's answer is not understood: \(detail).", hints: ["Is it of another version?"])
        }
    }

    /// The same for the runtime socket.
    init(_ error: RuntimeRPCError) {
        switch error {
        case .noHome:
            self.init("HOME is not set, so nobody knows where the daemon's socket is.", hints: ["Set HOME."])
        case .unavailable(let path, EACCES), .unavailable(let path, EPERM):
            self.init(
                "The daemon's socket \(path) belongs to somebody else.", hints: ["Run this as the daemon's user."])
        case .unavailable(let path, _):
            self.init(
                "No daemon is running: nobody answers at \(path).", hints: ["Start one with: drover up"],
                exit: .daemonNotRunning)
        case .pathTooLong(let path):
            self.init(
                "\(path) is too long for the path of a socket, which has at most \(RuntimeRPCClient.pathLimit) bytes.",
                hints: ["Set RTM_SOCKET_PATH to a shorter one, here and where the daemon runs."])
        case .timedOut(let doing):
            self.init("It took too long: \(doing).", hints: ["See what is wrong with: drover doctor"])
        case .connectionLost, .answerTooLong, .undecodable, .unexpected:
            self.init(Self.sentence("\(error)"), hints: ["See whether it still runs: drover doctor"])
        case .refused(let error):
            let hints = error.code == .sessionNotFound ? ["See which sessions there are: drover ls --all"] : []
            self.init(Self.sentence(error.message), hints: hints)
        }
    }

    private init(_ refusal: Refusal) {
        switch refusal.code {
        case "SESSION_NOT_FOUND", "NOT_FOUND":
            self.init(Self.sentence(refusal.message), hints: ["See which sessions there are: drover ls --all"])
        case "AMBIGUOUS_ID":
            let matches = refusal.details?["matches"]?.array ?? []
            self.init(
                Self.sentence(refusal.message),
                hints: ["It may mean:"] + matches.map { "  " + Self.line($0) })
        case "PROVIDER_AUTH_MISSING":
            let missing = (refusal.details?["missing"]?.array ?? []).compactMap(\.string)
            let names = missing.isEmpty ? "credentials" : missing.joined(separator: " and ")
            self.init(
                "This agent needs \(names), and the daemon has none.",
                hints: [
                    "Set it where the daemon runs, or for this session only: --env \(missing.first ?? "NAME")=VALUE"
                ])
        case "VALIDATION_ERROR" where refusal.details != nil:
            self.init("The daemon does not accept this:", hints: Self.detailLines(refusal.details).map { "  " + $0 })
        case "INVALID_STATE": self.init(Self.sentence(Self.inWords(refusal.message)))
        case "UNAUTHORIZED":
            self.init(Self.sentence(refusal.message), hints: ["Put a token of this daemon into DROVER_TOKEN."])
        default:
            self.init(Self.sentence(refusal.message), hints: Self.detailLines(refusal.details))
        }
    }

    /// One match or field error, however the daemon wrote it.
    private static func line(_ json: JSON) -> String {
        if let text = json.string { return text }
        guard let object = json.object else { return json.text }
        if let id = object["id"]?.string {
            return [id, object["name"]?.string, object["state"]?.string, object["title"]?.string]
                .compactMap { $0 }.joined(separator: "  ")
        }
        if let message = object["message"]?.string {
            return (object["path"]?.string ?? object["field"]?.string).map { "\($0): \(message)" } ?? message
        }
        return json.text
    }

    private static func detailLines(_ details: JSON?) -> [String] {
        switch details {
        case .array(let elements)?: return elements.map(line)
        case .object(let object)?: return object.members.map { "\($0.key): \($0.value.string ?? line($0.value))" }
        case .string(let text)?: return [text]
        default: return []
        }
    }

    /// With the states as people know them.
    private static func inWords(_ message: String) -> String {
        message.split(separator: " ", omittingEmptySubsequences: false).map { word in
            let name = word.prefix { $0.isUppercase || $0 == "_" }
            let state = SessionState(String(name))
            if case .other = state { return String(word) }
            return state.word + word.dropFirst(name.count)
        }.joined(separator: " ")
    }

    /// With a capital and a full stop, whatever the daemon wrote.
    static func sentence(_ message: String) -> String {
        guard let first = message.first else { return "The daemon refused, and did not say why." }
        let ended = ".!?".contains(message.last ?? " ") ? message : message + "."
        return first.uppercased() + ended.dropFirst()
    }
}
