/// How often running rows are looked at (runtime-rpc §4.3).
public struct RuntimeSettings: Hashable, Sendable {
    /// Between two sweeps.
    public var sweepInterval: Duration = .seconds(30)
    /// Between two looks at the wall clock.
    public var resumePollInterval: Duration = .seconds(1)
    /// How far the wall clock must have gone between two looks for the machine to have slept.
    public var resumeGapThreshold: Duration = .seconds(3)

    public init() {}

    /// Reads `RTM_PROBE_SWEEP_INTERVAL_MS`, `RTM_RESUME_POLL_INTERVAL_MS` and `RTM_RESUME_GAP_THRESHOLD_MS`.
    public init(environment: [String: String]) throws(RuntimeSettingsError) {
        self.init()
        if let value = try Self.milliseconds("RTM_PROBE_SWEEP_INTERVAL_MS", from: 1, environment) {
            sweepInterval = value
        }
        if let value = try Self.milliseconds("RTM_RESUME_POLL_INTERVAL_MS", from: 1, environment) {
            resumePollInterval = value
        }
        if let value = try Self.milliseconds("RTM_RESUME_GAP_THRESHOLD_MS", from: 0, environment) {
            resumeGapThreshold = value
        }
    }

    /// Longer than a year is for ever.
    private static let longest: Int64 = 366 * 24 * 3600 * 1000

    private static func milliseconds(
        _ name: String, from least: UInt64, _ environment: [String: String]
    ) throws(RuntimeSettingsError) -> Duration? {
        guard let text = environment[name] else { return nil }
        guard let value = UInt64(text), value >= least else {
            throw RuntimeSettingsError(variable: name, value: text, least: least)
        }
        return .milliseconds(min(Int64(clamping: value), longest))
    }
}

/// A variable of the environment that does not hold what it should.
public struct RuntimeSettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    public var variable: String
    public var value: String
    /// The smallest number that is possible.
    public var least: UInt64

    public init(variable: String, value: String, least: UInt64) {
        self.variable = variable
        self.value = value
        self.least = least
    }

    public var description: String {
        "\(variable) is \"\(value)\"; set it to a whole number of milliseconds, at least \(least), or leave it out"
    }
}
