import Bytes

/// `SESSION_STARTED`: the provider runs.
public struct SessionStart: Equatable, Sendable {
    public var providerID: ProviderID
    /// `unknown` if it could not be told.
    public var providerVersion: String
    public var workspacePath: String
    public var roomPath: String?

    public init(
        providerID: ProviderID, providerVersion: String = "unknown", workspacePath: String, roomPath: String? = nil
    ) {
        self.providerID = providerID
        self.providerVersion = providerVersion
        self.workspacePath = workspacePath
        self.roomPath = roomPath
    }
}

extension SessionStart: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            providerID: try fields.id("providerId"), providerVersion: try fields.string("providerVersion"),
            workspacePath: try fields.string("workspacePath"), roomPath: try fields.optionalString("roomPath"))
    }

    public var json: JSON {
        .omittingNil([
            "providerId": .id(providerID), "providerVersion": .string(providerVersion),
            "workspacePath": .string(workspacePath), "roomPath": .optional(roomPath),
        ])
    }
}

/// `SESSION_STATE_CHANGED`.
public struct StateChange: Equatable, Sendable {
    public var previousState: SessionState
    public var newState: SessionState
    public var reason: String?

    public init(from previousState: SessionState, to newState: SessionState, reason: String? = nil) {
        self.previousState = previousState
        self.newState = newState
        self.reason = reason
    }
}

extension StateChange: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            from: try fields.choice("previousState"), to: try fields.choice("newState"),
            reason: try fields.optionalString("reason"))
    }

    public var json: JSON {
        .omittingNil([
            "previousState": .string(previousState.rawValue), "newState": .string(newState.rawValue),
            "reason": .optional(reason),
        ])
    }
}

/// `SESSION_ENDED`: the last event of a session, sent once.
public struct SessionEnd: Equatable, Sendable {
    /// COMPLETED or FAILED.
    public var finalState: SessionState
    public var exitCode: Int?
    public var totalDurationMs: Double
    public var totalUsage: UsageMetrics

    public init(finalState: SessionState, exitCode: Int?, totalDurationMs: Double, totalUsage: UsageMetrics) {
        self.finalState = finalState
        self.exitCode = exitCode
        self.totalDurationMs = totalDurationMs
        self.totalUsage = totalUsage
    }
}

extension SessionEnd: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let finalState: SessionState = try fields.choice("finalState")
        guard finalState.isTerminal else {
            throw FieldError(path: "finalState", message: "must be one of COMPLETED, FAILED")
        }
        self.init(
            finalState: finalState, exitCode: try fields.optionalInteger("exitCode"),
            totalDurationMs: try fields.number("totalDurationMs", atLeast: 0),
            totalUsage: try fields.shape("totalUsage"))
    }

    public var json: JSON {
        .omittingNil([
            "finalState": .string(finalState.rawValue), "exitCode": .optional(exitCode),
            "totalDurationMs": .number(totalDurationMs), "totalUsage": totalUsage.json,
        ])
    }
}

/// `USAGE_TICK`: what was used since the tick before.
public struct UsageTick: Equatable, Sendable {
    public var providerID: ProviderID
    public var units: UsageMetrics
    /// More than 0.
    public var intervalMs: Double

    public init(providerID: ProviderID, units: UsageMetrics, intervalMs: Double) {
        self.providerID = providerID
        self.units = units
        self.intervalMs = intervalMs
    }
}

extension UsageTick: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let interval = try fields.number("intervalMs")
        guard interval > 0 else { throw FieldError(path: "intervalMs", message: "must be more than 0") }
        self.init(providerID: try fields.id("providerId"), units: try fields.shape("units"), intervalMs: interval)
    }

    public var json: JSON {
        ["providerId": .string(providerID.rawValue), "units": units.json, "intervalMs": .number(intervalMs)]
    }
}
