import Bytes

/// What a session has used (control-plane §2.5, §7.9): a total, or the difference to the tick before.
public struct UsageMetrics: Equatable, Sendable {
    /// Seconds in RUNNING.
    public var agentSeconds: Double
    /// Bytes of terminal output divided by 1024, to three decimals.
    public var terminalKb: Double
    public var filesTouched: Int
    public var commandsRun: Int
    public var approvalsRequested: Int

    public static let zero = UsageMetrics()

    public init(
        agentSeconds: Double = 0, terminalKb: Double = 0, filesTouched: Int = 0, commandsRun: Int = 0,
        approvalsRequested: Int = 0
    ) {
        self.agentSeconds = agentSeconds
        self.terminalKb = terminalKb
        self.filesTouched = filesTouched
        self.commandsRun = commandsRun
        self.approvalsRequested = approvalsRequested
    }

    /// Adds whole thousandths, so that ticks of three decimals add up to their total exactly.
    public static func + (left: UsageMetrics, right: UsageMetrics) -> UsageMetrics {
        UsageMetrics(
            agentSeconds: sum(left.agentSeconds, right.agentSeconds),
            terminalKb: sum(left.terminalKb, right.terminalKb), filesTouched: left.filesTouched + right.filesTouched,
            commandsRun: left.commandsRun + right.commandsRun,
            approvalsRequested: left.approvalsRequested + right.approvalsRequested)
    }

    public static func += (left: inout UsageMetrics, right: UsageMetrics) { left = left + right }

    private static func sum(_ left: Double, _ right: Double) -> Double { ((left + right) * 1000).rounded() / 1000 }
}

extension UsageMetrics: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            agentSeconds: try fields.number("agentSeconds", atLeast: 0),
            terminalKb: try fields.number("terminalKb", atLeast: 0),
            filesTouched: try fields.integer("filesTouched", atLeast: 0),
            commandsRun: try fields.integer("commandsRun", atLeast: 0),
            approvalsRequested: try fields.integer("approvalsRequested", atLeast: 0))
    }

    public var json: JSON {
        [
            "agentSeconds": .number(agentSeconds), "terminalKb": .number(terminalKb),
            "filesTouched": .integer(filesTouched), "commandsRun": .integer(commandsRun),
            "approvalsRequested": .integer(approvalsRequested),
        ]
    }
}
