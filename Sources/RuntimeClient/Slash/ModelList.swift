import Bytes

/// Which models a person may choose from: those that the configuration lists under `llm.models`, else well-known ones of
/// the provider, and always the one that is in use.
public struct ModelList: Equatable, Sendable {
    public var provider: String
    public var current: String
    /// Sorted as they were listed, each once.
    public var models: [String]

    private static let known: [(provider: String, models: [String])] = [
        ("openai", ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "o3", "o4-mini"]),
        ("anthropic", ["claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5"]),
        ("gemini", ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"]),
        ("mock", ["mock"]),
    ]

    public init(_ state: ConfigState) {
        provider = state.running("llm", "provider")?.string?.lowercased() ?? "openai"
        current = state.running("llm", "model")?.string ?? "gpt-4o-mini"
        let listed = state.running("llm", "models")?.array?.compactMap(\.string)
        let provider = provider
        let ofProvider = Self.known.first { $0.provider == provider }?.models ?? Self.known.flatMap(\.models)
        models = []
        for model in (listed ?? ofProvider) + [current] where !models.contains(model) { models.append(model) }
    }

    /// The change that makes a model the current one; `nil` when it is not in the list.
    public func change(to model: String, in state: ConfigState) -> ConfigChange? {
        guard models.contains(model) else { return nil }
        var config = state.running.object ?? [:]
        var section = config["llm"]?.object ?? [:]
        section["model"] = .string(model)
        config["llm"] = .object(section)
        return ConfigChange(config: .object(config))
    }
}
