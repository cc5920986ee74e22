import Bytes
import Client
import Settings

/// Where the configuration is changed: at the daemon that runs, or in its file when none does.
protocol ConfigurationDesk {
    /// Whether a daemon takes changes at once.
    var isLive: Bool { get }

    func view() throws(CommandFailure) -> ConfigurationView

    /// Puts the text of a whole file in place, when the file still is what was seen.
    func apply(_ text: [UInt8], seen: ConfigurationView) throws(CommandFailure) -> ConfigurationView

    /// Writes what runs over the file.
    func reset() throws(CommandFailure) -> ConfigurationView
}

/// What is known of the configuration: `ConfigState` of chat-runtime §1.8.
struct ConfigurationView: Equatable {
    var path: String
    var running: ConfigurationDocument
    var disk: ConfigurationDocument
    var raw: String
    var diskParseError: String?
    var diskRaw: String?
    var backups: JSON
    var pendingRestart: [String]
    /// What a chat would need that is not there, as far as this program can tell.
    var lacking: String?

    init(_ state: ConfigurationState, lacking: String? = nil) {
        path = state.configPath
        running = state.running
        disk = state.disk
        raw = state.raw
        diskParseError = state.diskParseError
        diskRaw = state.diskRaw
        backups = state.json["backups"] ?? []
        pendingRestart = state.pendingRestart
        self.lacking = lacking
    }

    init?(json: JSON) {
        guard let path = json["config_path"]?.string, let raw = json["raw"]?.string,
            let running = json["running"], let disk = json["disk"],
            let runs = try? ConfigurationDocument(running), let lies = try? ConfigurationDocument(disk)
        else { return nil }
        self.path = path
        self.running = runs
        self.disk = lies
        self.raw = raw
        diskParseError = json["disk_parse_error"]?.string
        diskRaw = json["disk_raw"]?.string
        backups = json["backups"] ?? []
        pendingRestart = json["pending_restart"]?.array?.compactMap(\.string) ?? []
    }
}

// MARK: - A daemon

/// The daemon's own routes (chat-runtime §1.8).
struct DaemonConfigurationDesk: ConfigurationDesk {
    let context: Context
    let client: DaemonClient
    /// Its first answer.
    let first: ConfigurationView

    let isLive = true

    func view() -> ConfigurationView { first }

    func apply(_ text: [UInt8], seen: ConfigurationView) throws(CommandFailure) -> ConfigurationView {
        try change(
            "/api/config/apply",
            [
                "raw": .string(String(decoding: text, as: UTF8.self)),
                "expected_raw_sha256": .string(sha256(seen.raw.utf8)),
            ])
    }

    func reset() throws(CommandFailure) -> ConfigurationView { try change("/api/config/reset", [:]) }

    private func change(_ target: String, _ body: JSON) throws(CommandFailure) -> ConfigurationView {
        let answer = try Self.ask(client, in: context) { client throws(ClientError) in try client.post(target, body) }
        switch answer {
        case .success(let json):
            guard let view = json["state"].flatMap({ ConfigurationView(json: $0) }) else {
                throw CommandFailure(.notDrover(detail: "its answer to \(target) has no state"))
            }
            return view
        case .failure(let error): throw Self.failure(error)
        }
    }

    static func failure(_ error: ClientError) -> CommandFailure {
        guard case .refused(let refusal) = error else { return CommandFailure(error) }
        if ["config_invalid", "conflict"].contains(refusal.code) { return .unchanged(refusal.message) }
        guard [401, 403].contains(refusal.status) else { return CommandFailure(error) }
        return CommandFailure(
            CommandFailure.sentence(refusal.message),
            hints: ["Put the daemon's token into DROVER_TOKEN: its server.auth_token or CHAT_RUNTIME_TOKEN."])
    }

    static func ask(
        _ client: DaemonClient, in context: Context, _ question: (DaemonClient) throws(ClientError) -> JSON
    ) throws(CommandFailure) -> Result<JSON, ClientError> {
        try context.ask(client) { client throws(ClientError) in
            do throws(ClientError) { return .success(try question(client)) } catch { return .failure(error) }
        }
    }
}

// MARK: - The file

/// The file itself, which a daemon reads when it starts.
struct FileConfigurationDesk: ConfigurationDesk {
    let file: ConfigurationFile

    let isLive = false

    init(in environment: Environment) {
        let pairs = ConfigurationFile.variables.compactMap { name in environment[name].map { (name, $0) } }
        file = ConfigurationFile(
            home: environment.droverHome, environment: Dictionary(uniqueKeysWithValues: pairs),
            userHome: environment.userDirectory, createsMissing: false)
    }

    func view() -> ConfigurationView {
        var state = file.state(secrets: .clear)
        // A file that is not there yet is one in which nothing is set.
        if PathKind(file.path) == nil { state.diskParseError = nil }
        return ConfigurationView(state)
    }

    func apply(_ text: [UInt8], seen: ConfigurationView) throws(CommandFailure) -> ConfigurationView {
        do throws(ConfigurationFailure) {
            let lacking = try file.store(
                .raw(String(decoding: text, as: UTF8.self)), expectedRawSHA256: sha256(seen.raw.utf8))
            // Nothing runs that would have to be started again.
            var state = file.state(secrets: .clear)
            state.pendingRestart = []
            return ConfigurationView(state, lacking: lacking?.message)
        } catch {
            throw .unchanged(error.message)
        }
    }

    func reset() throws(CommandFailure) -> ConfigurationView {
        do throws(ConfigurationFailure) { try file.reset() } catch { throw .unchanged(error.message) }
        return view()
    }
}

extension CommandFailure {
    static func unchanged(_ reason: String) -> CommandFailure {
        CommandFailure("Nothing was changed: \(reason)\(reason.hasSuffix(".") ? "" : ".")")
    }
}

extension Context {
    /// The daemon's when one runs, else the file of Drover's home.
    ///
    /// A daemon elsewhere is asked only where it was named: it has another file.
    func configurationDesk() throws(CommandFailure) -> any ConfigurationDesk {
        let isNamed = url != nil || environment["DROVER_URL"] != nil
        guard isNamed || DaemonRecord(home: environment.droverHome) != nil else {
            return FileConfigurationDesk(in: environment)
        }
        let client = try makeClient()
        let answer = try DaemonConfigurationDesk.ask(client, in: self) { client throws(ClientError) in
            try client.get("/api/config")
        }
        switch answer {
        case .success(let json):
            guard let view = ConfigurationView(json: json) else {
                throw CommandFailure(.notDrover(detail: "its configuration is not understood"))
            }
            return DaemonConfigurationDesk(context: self, client: client, first: view)
        case .failure(.daemonNotRunning) where !isNamed: return FileConfigurationDesk(in: environment)
        case .failure(.refused(let refusal)) where !isNamed && refusal.status == 404:
            console.remark("The daemon that runs does not serve its configuration, so its file is used.")
            return FileConfigurationDesk(in: environment)
        case .failure(let error): throw DaemonConfigurationDesk.failure(error)
        }
    }
}
