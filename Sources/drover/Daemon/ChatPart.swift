import Chat
import Client
import Fleet
import HTTP
import Hub
import Reactor
import Settings
import Store
import Toolbox

/// The chat runtime of a daemon, put together.
@Loop
final class ChatPart {
    let service: ChatService
    let http: ChatHTTP
    private let channels: ChannelHTTP
    private let telegram: TelegramChannel?
    let origins: OriginRules
    private let records: ChatOnLoop
    private let project: String
    private var fleet: ChatInFleet?

    /// - Parameters:
    ///   - file: The configuration, read already.
    ///   - restart: Starts the daemon anew.
    init(
        _ file: ConfigurationFile, options: DaemonOptions, journal: JournalOnLoop, hub: HubSettings,
        restart: @escaping @Loop () -> Void
    ) throws(StoreError) {
        var server = Self.server(of: file)
        if !server.hasPresentableToken, Self.asksForToken(file) {
            // Nobody comes in by a mistake in the file, not even with the text that stands there.
            DaemonLog.warn("the chat's token cannot be read, so nobody is let in")
            server.authToken = UUIDText.text(randomBytes: randomID())
        }
        let gateway = UpstreamGateway()
        let build = Self.build(file, home: options.home, fetch: WebFetcher().fetch)
        records = ChatOnLoop(journal)
        project = options.home
        let agent = ChatConfiguration.agent(file, build: build)
        if case .failure(let error) = agent { DaemonLog.info(error.message) }
        service = ChatService(
            records: records, gateway: gateway, stored: try records.load(), agent: agent)
        let configuration = ChatConfiguration(
            file, service: service, build: build, restart: Self.mayRestart ? restart : nil)
        http = ChatHTTP(
            service, configuration: configuration,
            options: ChatHTTP.Options(version: hub.version, startedAt: hub.startedAt, token: server.authToken))
        switch file.telegram {
        case .success(let settings?): telegram = TelegramChannel(settings, service: service) { DaemonLog.warn($0) }
        case .success(nil): telegram = nil
        case .failure(let problem):
            // A start without it is better than none; what is wrong is said here and in `drover config`.
            DaemonLog.warn("\(file.path): \(problem.message)")
            telegram = nil
        }
        channels = ChannelHTTP(http, channel: telegram)
        origins = OriginRules(
            hosts: hub.hosts + server.allowedHosts,
            allowedOrigins: ChatHTTP.knownOrigins + hub.allowedOrigins + server.corsOrigins, allowsAddresses: true)
    }

    /// Shows what happens from now on.
    func show(on hub: Hub, _ hubHTTP: HubHTTP) {
        records.hub = hub
        let fleet = ChatInFleet(hub.reported, project: project)
        self.fleet = fleet
        service.fleet = fleet
        hubHTTP.add(http, origins: origins)
        hubHTTP.add(channels, origins: origins)
        telegram?.start()
    }

    /// What the file says of the listener; a value that makes no sense there is as if it were not there.
    private static func server(of file: ConfigurationFile) -> ServerSettings {
        if case .failure(let problem) = file.server { DaemonLog.warn("\(file.path): \(problem.message)") }
        return file.tolerantServer
    }

    /// Whether somebody wants a token, readable or not.
    private static func asksForToken(_ file: ConfigurationFile) -> Bool {
        if Environment.current["CHAT_RUNTIME_TOKEN"] != nil { return true }
        switch file.running.json["server"]?["auth_token"] {
        case nil, .null?, .string("")?: break
        case _?: return true
        }
        // Of a file that cannot be read the text may still say so.
        return mentionsToken(file.state(secrets: .clear).diskRaw ?? "")
    }

    /// Whether somewhere in a text `auth_token` is followed by something else than `null`.
    nonisolated static func mentionsToken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let name = Array("auth_token".utf8)
        for start in bytes.indices where bytes[start...].starts(with: name) {
            let rest = bytes[(start + name.count)...].drop { $0 <= 0x20 || "\":".utf8.contains($0) }
            if !rest.starts(with: "null".utf8) { return true }
        }
        return false
    }

    /// The file, which is made where there is none.
    nonisolated static func configuration(home: String, environment: [String: String]) -> ConfigurationFile {
        let file = ConfigurationFile(
            home: home, environment: environment, userHome: Environment.current.userDirectory)
        if let failure = file.bootstrapFailure { DaemonLog.warn("\(failure.message)") }
        return file
    }

    private static var mayRestart: Bool {
        ["CHAOS_BOT_DISABLE_SELF_RESTART", "CHAT_RUNTIME_DISABLE_SELF_RESTART"].allSatisfy {
            Environment.current[$0] != "1"
        }
    }

    private static func build(
        _ file: ConfigurationFile, home: String, fetch: @escaping WebFetch
    ) -> ChatConfiguration.Build {
        let protected =
            file.protectedPaths
            + ["drover.db", "drover.lock", "daemon.json", "recordings", "logs"].map { "\(home)/\($0)" }
        return { settings throws(ConfigurationProblem) in
            try WorkspaceTools.prepare(settings)
            let tools = WorkspaceTools(settings, protectedPaths: protected, fetch: fetch) { server, reason in
                Loop.post { DaemonLog.warn("the tool server \(server) cannot be used: \(reason)") }
            }
            return ChatAgent(settings: settings, tools: tools)
        }
    }
}
