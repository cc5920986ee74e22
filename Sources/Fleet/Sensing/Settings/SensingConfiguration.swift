/// The configuration of daemon-ipc §6.10: `hem-v2.toml`, read once at the start.
public struct SensingConfiguration: Equatable, Sendable {
    /// The other engine, which is not part of Drover; `get_health` repeats what was configured (§2.1.1).
    public struct Engine: Hashable, Sendable {
        public var isEnabled = true
        public var mode = "primary"

        public init() {}

        /// Whether the shadow engine was asked for.
        public var isShadow: Bool { isEnabled && mode == "shadow" }
    }

    public var sensing = SensingSettings()
    public var routing = RoutingSettings()
    public var engine = Engine()
    /// What was not understood, each a sentence for the log.
    public private(set) var warnings: [String] = []

    /// The defaults.
    public init() {}

    /// Reads the file's text. Values that cannot be used keep their defaults, and a text that is no TOML gives nothing
    /// but defaults; both are said in ``warnings``. Unknown keys are ignored.
    public init(parsing text: String) {
        self.init()
        let root: TOML
        do {
            root = try TOML(parsing: text)
        } catch {
            warnings = ["the configuration is not read, defaults hold: \(error)"]
            return
        }
        readRouting(Section(root, ["routing"]))
        readLifetimes(Section(root, ["ttl"]))
        if root["engine"] != nil {
            let section = Section(root, ["engine"])
            engine.isEnabled = false
            read(section, "enabled", \.bool, "true or false", into: \.engine.isEnabled)
            read(section, "mode", \.string, "a string", into: \.engine.mode)
        }
    }

    private mutating func readRouting(_ section: Section) {
        read(section, "enabled", \.bool, "true or false", into: \.routing.isEnabled)
        read(section, "tmux_signal_fresh_ms", \.count, Self.count, into: \.routing.tmuxSignalFresh)
        read(section, "shell_signal_fresh_ms", \.count, Self.count, into: \.routing.shellSignalFresh)
        read(section, "shell_retention_hours", \.count, Self.count, into: \.routing.shellRetentionHours)
        read(section, "tmux_poll_interval_ms", \.count, Self.count, into: \.routing.tmuxPollInterval)
        let flags = section.section("feature_flags")
        read(flags, "dual_run", \.bool, "true or false", into: \.routing.isDualRunEnabled)
        read(flags, "emit_diagnostics", \.bool, "true or false", into: \.routing.emitsDiagnostics)
        guard case .table(let bindings) = section.section("workspace_bindings").values else { return }
        for (id, values) in bindings.sorted(by: { $0.key < $1.key }) {
            let binding = Section(values, path: section.path + ["workspace_bindings", id])
            var result = WorkspaceBinding()
            result.preferredSessions = value(of: binding, "preferred_sessions", \.strings, "strings") ?? []
            result.pathPatterns = value(of: binding, "path_patterns", \.strings, "strings") ?? []
            routing.bindings[WorkspaceID(rawValue: id)] = result
        }
    }

    private mutating func readLifetimes(_ section: Section) {
        read(section, "active_secs", \.milliseconds, Self.count, into: \.sensing.activeTTL)
        read(section, "ready_secs", \.milliseconds, Self.count, into: \.sensing.readyTTL)
        read(section, "idle_secs", \.milliseconds, Self.count, into: \.sensing.idleTTL)
        read(section, "auto_ready_secs", \.milliseconds, Self.count, into: \.sensing.autoReady)
        read(section, "stop_gate_grace_secs", \.milliseconds, Self.count, into: \.sensing.stopGateGrace)
    }

    // MARK: - Reading

    private static let count = "a whole number that is not negative"

    private struct Section {
        var values: TOML?
        var path: [String]

        init(_ values: TOML?, path: [String]) {
            self.values = values
            self.path = path
        }

        init(_ root: TOML, _ path: [String]) { self.init(path.reduce(root) { $0?[$1] }, path: path) }

        func section(_ name: String) -> Section { Section(values?[name], path: path + [name]) }
    }

    private mutating func read<Value>(
        _ section: Section, _ key: String, _ read: KeyPath<TOML, Value?>, _ expected: String,
        into target: WritableKeyPath<SensingConfiguration, Value>
    ) {
        if let value = value(of: section, key, read, expected) { self[keyPath: target] = value }
    }

    private mutating func value<Value>(
        of section: Section, _ key: String, _ read: KeyPath<TOML, Value?>, _ expected: String
    ) -> Value? {
        guard let found = section.values?[key] else { return nil }
        if let value = found[keyPath: read] { return value }
        let name = (section.path + [key]).joined(separator: ".")
        warnings.append("\(name) is not used, its default holds: expected \(expected)")
        return nil
    }
}

extension TOML {
    fileprivate var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    fileprivate var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// A number that is not negative.
    fileprivate var count: Int64? {
        if case .integer(let value) = self, value >= 0 { return value }
        return nil
    }

    /// The same in seconds, at most a thousand years.
    fileprivate var milliseconds: Int64? { count.flatMap { $0 <= 31_536_000_000 ? $0 * 1000 : nil } }

    fileprivate var strings: [String]? {
        guard case .array(let values) = self else { return nil }
        let strings = values.compactMap(\.string)
        return strings.count == values.count ? strings : nil
    }
}
