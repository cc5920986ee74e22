import Bytes

extension RuntimeFact {
    /// Reads what ``payload`` wrote.
    public init(kind: Kind, json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch kind {
        case .accepted:
            self = .accepted(
                runtime: try fields.string("runtime"), target: try fields.target("target"),
                paneID: try fields.optionalID("paneId"), spawnedAt: try fields.preciseTime("spawnedAt"))
        case .abandoned: self = .abandoned(reason: try fields.string("reason"))
        case .placed: self = .placed(try fields.placement())
        case .running:
            self = .running(
                shimPID: try fields.whole("shimPid"), runtimePID: try fields.whole("runtimePid"),
                startTime: try fields.preciseTime("startTime"), startTicks: try fields.optionalWhole("startTicks"),
                bootID: try fields.optionalString("bootId"))
        case .terminated: self = .terminated(try fields.exit(), try fields.evidence())
        case .lost: self = .lost(try fields.choice("evidence"))
        case .lateExit: self = .lateExit(try fields.exit())
        case .adopted: self = .adopted(try RuntimeLifecycle(json: json))
        }
    }

    /// What stands beside the type, with times as RFC 3339 to the nanosecond.
    public var payload: JSON {
        switch self {
        case .accepted(let runtime, let target, let paneID, let spawnedAt):
            return .omittingNil([
                "runtime": .string(runtime), "target": .string(target.description), "paneId": .id(paneID),
                "spawnedAt": .time(spawnedAt),
            ])
        case .abandoned(let reason): return ["reason": .string(reason)]
        case .placed(let placement):
            return ["paneServer": .string(placement.server), "panePid": .whole(placement.pid)]
        case .running(let shimPID, let runtimePID, let startTime, let startTicks, let bootID):
            return .omittingNil([
                "shimPid": .whole(shimPID), "runtimePid": .whole(runtimePID), "startTime": .time(startTime),
                "startTicks": startTicks.map { .whole($0) }, "bootId": .optional(bootID),
            ])
        case .terminated(let exit, let evidence):
            return .omittingNil([
                "exitCode": exit.code.map { .whole($0) }, "signal": exit.signal.map { .whole($0) },
                "evidence": evidence.json,
            ])
        case .lost(let evidence): return ["evidence": .string(evidence.rawValue)]
        case .lateExit(let exit): return exit.json
        case .adopted(let row): return row.json
        }
    }
}

extension RuntimeLifecycle: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let state: RuntimeState
        switch try fields.string("state") {
        case "forking": state = .forking
        case "running": state = .running
        case "exited": state = .exited(try fields.exit())
        case "lost": state = .lost(try fields.choice("evidence"))
        default: throw FieldError(path: "state", message: "must be one of forking, running, exited, lost")
        }
        self.init(
            sessionID: try fields.id("sessionId"), runtime: try fields.string("runtime"), state: state,
            target: try fields.target("target"), paneID: try fields.optionalID("paneId"),
            shimPID: try fields.optionalWhole("shimPid"), runtimePID: try fields.optionalWhole("runtimePid"),
            startTime: try fields.has("startTime") ? fields.preciseTime("startTime") : nil,
            startTicks: try fields.optionalWhole("startTicks"), bootID: try fields.optionalString("bootId"),
            spawnedAt: try fields.preciseTime("spawnedAt"), updatedAt: try fields.preciseTime("updatedAt"),
            lateExit: try fields.optionalShape("lateExit"),
            placement: try fields.has("paneServer") ? fields.placement() : nil)
    }

    public var json: JSON {
        var exit: RuntimeExit?
        var evidence: LostEvidence?
        switch state {
        case .forking, .running: break
        case .exited(let known): exit = known
        case .lost(let known): evidence = known
        }
        return .omittingNil([
            "sessionId": .id(sessionID), "runtime": .string(runtime), "state": .string(state.name),
            "exitCode": exit?.code.map { .whole($0) }, "signal": exit?.signal.map { .whole($0) },
            "evidence": evidence.map { .string($0.rawValue) }, "target": .string(target.description),
            "paneId": .id(paneID), "shimPid": shimPID.map { .whole($0) }, "runtimePid": runtimePID.map { .whole($0) },
            "startTime": startTime.map { .time($0) }, "startTicks": startTicks.map { .whole($0) },
            "bootId": .optional(bootID), "spawnedAt": .time(spawnedAt), "updatedAt": .time(updatedAt),
            "lateExit": lateExit?.json, "paneServer": .optional(placement?.server),
            "panePid": placement.map { .whole($0.pid) },
        ])
    }
}

extension RuntimeExit: JSONShape {
    public init(json: JSON) throws(FieldError) { self = try Fields(json).exit() }

    public var json: JSON {
        .omittingNil(["exitCode": code.map { .whole($0) }, "signal": signal.map { .whole($0) }])
    }
}

// MARK: - Private helpers

extension TerminationEvidence {
    fileprivate var json: JSON {
        switch self {
        case .shimExit: return "shim_exit"
        case .processExit: return "process_exit"
        case .lost(let evidence): return ["lost": .string(evidence.rawValue)]
        }
    }
}

extension Fields {
    fileprivate func exit() throws(FieldError) -> RuntimeExit {
        RuntimeExit(code: try optionalWhole("exitCode"), signal: try optionalWhole("signal"))
    }

    fileprivate func placement() throws(FieldError) -> PanePlacement {
        PanePlacement(server: try string("paneServer"), pid: try whole("panePid"))
    }

    fileprivate func evidence() throws(FieldError) -> TerminationEvidence {
        switch try require("evidence") {
        case "shim_exit": return .shimExit
        case "process_exit": return .processExit
        case .object(let object):
            do { return .lost(try Fields(.object(object)).choice("lost")) } catch { throw error.inside("evidence") }
        default: throw FieldError(path: "evidence", message: "must be shim_exit, process_exit or an object")
        }
    }

    fileprivate func target(_ key: String) throws(FieldError) -> RuntimeTarget {
        guard case .target(let target) = RuntimeTargetParsing(try string(key)) else {
            throw FieldError(path: key, message: "must be headless or tmux:<session>:<window>.<pane>")
        }
        return target
    }

    fileprivate func preciseTime(_ key: String) throws(FieldError) -> PreciseTime {
        guard let time = PreciseTime(rfc3339: try string(key)) else {
            throw FieldError(path: key, message: "must be an RFC 3339 time with its offset")
        }
        return time
    }

    fileprivate func optionalWhole<Number: FixedWidthInteger>(_ key: String) throws(FieldError) -> Number? {
        has(key) ? try whole(key) : nil
    }

    fileprivate func whole<Number: FixedWidthInteger>(_ key: String) throws(FieldError) -> Number {
        let number: Number?
        switch try require(key) {
        case .integer(let value): number = Number(exactly: value)
        case .unsigned(let value): number = Number(exactly: value)
        case .null, .bool, .number, .string, .array, .object: number = nil
        }
        guard let number else {
            throw FieldError(path: key, message: "must be an integer from \(Number.min) to \(Number.max)")
        }
        return number
    }
}

extension JSON {
    fileprivate static func whole(_ value: some FixedWidthInteger) -> JSON {
        Int64(exactly: value).map { .integer($0) } ?? .unsigned(UInt64(truncatingIfNeeded: value))
    }

    fileprivate static func time(_ time: PreciseTime) -> JSON { .string(time.rfc3339) }
}
