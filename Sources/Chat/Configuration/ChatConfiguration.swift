import Bytes
import Reactor
import Settings

/// The configuration file as the routes use it: asked on the loop, read and written on a thread, one call after another
/// (chat-runtime §4).
@Loop
public final class ChatConfiguration {
    /// Makes what turns go by of settings; called on a thread. What it throws refuses the settings.
    public typealias Build = @Sendable (ChatSettings) throws(ConfigurationProblem) -> ChatAgent

    let file: ConfigurationFile
    private let build: Build
    private let service: ChatService
    private let worker = Worker()
    /// Starts the daemon anew; `nil` where that is switched off (§4.9).
    private let restart: (@Loop () -> Void)?

    public init(
        _ file: ConfigurationFile, service: ChatService, build: @escaping Build, restart: (@Loop () -> Void)?
    ) {
        self.file = file
        self.build = build
        self.service = service
        self.restart = restart
    }

    /// What turns go by with the settings in force, or why they cannot (§4.10). Blocks: for the start alone.
    public nonisolated static func agent(_ file: ConfigurationFile, build: Build) -> Result<ChatAgent, TurnError> {
        do throws(ConfigurationProblem) {
            return .success(try build(try file.settings.get()))
        } catch {
            return .failure(TurnError(.configInvalid, "the chat is not configured: \(error.message)"))
        }
    }

    // MARK: - Requests

    func state(_ secrets: SecretVisibility, then completion: @escaping @Loop (ConfigurationState) -> Void) {
        let file = file
        worker.run({ file.state(secrets: secrets) }, then: completion)
    }

    func apply(
        _ request: ConfigurationRequest, _ secrets: SecretVisibility,
        then completion: @escaping @Loop (Result<ConfigurationMutation, ConfigurationFailure>) -> Void
    ) {
        change(secrets, .apply, completion) { file, build throws(ConfigurationFailure) in
            try Self.apply(try request.requiredChange(), request, to: file, build)
        }
    }

    func reset(
        _ secrets: SecretVisibility,
        then completion: @escaping @Loop (Result<ConfigurationMutation, ConfigurationFailure>) -> Void
    ) {
        change(secrets, .reset, completion) { file, _ throws(ConfigurationFailure) in
            try file.reset()
            return nil
        }
    }

    /// Applies, if there is something to apply, and then restarts, unless that is switched off.
    func restart(
        _ request: ConfigurationRequest, _ secrets: SecretVisibility,
        then completion: @escaping @Loop (Result<ConfigurationMutation, ConfigurationFailure>) -> Void
    ) {
        let restart = restart
        let done: @Loop (Result<ConfigurationMutation, ConfigurationFailure>) -> Void = { result in
            completion(result)
            // The answer leaves first.
            if case .success = result, let restart { _ = LoopTimer(after: 50) { restart() } }
        }
        change(secrets, .restart, done) { file, build throws(ConfigurationFailure) in
            try request.change.map { change throws(ConfigurationFailure) in
                try Self.apply(change, request, to: file, build)
            }
        }
    }

    // MARK: -

    private nonisolated static func apply(
        _ change: ConfigurationChange, _ request: ConfigurationRequest, to file: ConfigurationFile, _ build: Build
    ) throws(ConfigurationFailure) -> ChatAgent {
        var agent: ChatAgent?
        let settings = try file.apply(change, expectedRawSHA256: request.expectedRawSHA256) {
            settings throws(ConfigurationProblem) in agent = try build(settings)
        }
        guard let agent else { throw .invalid(ConfigurationProblem(.document, "\(settings.model) could not be used")) }
        return agent
    }

    private func change(
        _ secrets: SecretVisibility, _ action: ConfigurationMutation.Action,
        _ completion: @escaping @Loop (Result<ConfigurationMutation, ConfigurationFailure>) -> Void,
        _ work: @escaping @Sendable (ConfigurationFile, Build) throws(ConfigurationFailure) -> ChatAgent?
    ) {
        let file = file
        let build = build
        let restarts = action == .restart && restart != nil
        worker.run(
            { () -> Result<(ConfigurationMutation, ChatAgent?), ConfigurationFailure> in
                do throws(ConfigurationFailure) {
                    let agent = try work(file, build)
                    let state = file.state(secrets: secrets)
                    return .success(
                        (ConfigurationMutation(action: action, restartScheduled: restarts, state: state), agent))
                } catch {
                    return .failure(error)
                }
            },
            then: { [self] result in
                if case .success((_, let agent?)) = result { service.adopt(.success(agent)) }
                completion(result.map { $0.0 })
            })
    }
}
