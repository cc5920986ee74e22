import Bytes

extension SessionView {
    /// The Session of docs/protocols/fleet-api.md.
    public var json: JSON { .object(summary) }

    /// The Session with its lists.
    public var detailJSON: JSON {
        var object = summary
        object.members += [
            .init(key: "timeline", value: .array(timeline.map(\.json))),
            .init(key: "testRuns", value: .array(testRuns.map(\.json))),
            .init(key: "alertList", value: .array(alerts.map(\.json))),
            .init(key: "files", value: .array(files.map(\.json))),
            .init(key: "approvals", value: .array(approvals.map(\.json))),
        ]
        return .object(object)
    }

    private var summary: JSONObject {
        var object = JSONObject()
        object.members.reserveCapacity(40)
        func add(_ key: String, _ value: JSON?) {
            if let value { object.members.append(.init(key: key, value: value)) }
        }
        add("id", .id(id))
        add("name", .optional(config.name))
        add("agentId", .id(config.agentID))
        add("agentName", .string(config.agentName))
        add("villageId", .id(config.villageID))
        add("origin", .string(config.origin.rawValue))
        add("agent", .id(config.providerID))
        add("title", .string(config.title))
        add(
            "project", ["path": .string(config.repoRef.repoPath), "name": .string(config.repoRef.displayName)])
        add("command", config.command.map { ["argv": .strings($0.argv), "cwd": .string($0.cwd)] })
        add("target", config.target?.json)
        add("state", .string(state.rawValue))
        add("live", .bool(isLive))
        add("evidence", evidence.json)
        add("activity", activity.map { .string($0.activity.rawValue) })
        add("activityAt", .time(activity?.since))
        add("activityEvent", activity.map { .string($0.event) })
        add("createdAt", .time(createdAt))
        add("startedAt", .time(startedAt))
        add("endedAt", .time(endedAt))
        add("lastActivityAt", .time(lastActivityAt))
        add("exitCode", .optional(exitCode))
        add("signal", .optional(signal?.name))
        add("errorMessage", .optional(errorMessage))
        add("process", process?.json)
        add("terminal", terminalJSON)
        add("pendingApprovals", .strings(pendingApprovals.map(\.rawValue)))
        add("tests", testRuns.last?.json)
        add("alerts", alertCountsJSON)
        add("filesTouched", .integer(filesTouched))
        add("diff", diff?.json)
        add("usage", usage.json)
        add("tokens", tokens == .zero ? JSON?.none : tokens.json)
        add("lastSeq", .integer(lastSequence))
        return object
    }

    /// `{cols, rows, bytes}`: in the Session, and in the acknowledgement of `join_session`.
    public var terminalJSON: JSON {
        [
            "cols": .integer(terminalSize.columns), "rows": .integer(terminalSize.rows),
            "bytes": .integer(terminalBytes),
        ]
    }

    private var alertCountsJSON: JSON {
        var object = JSONObject()
        for severity in Alert.Severity.allCases {
            if let count = alertCounts[severity] {
                object.members.append(.init(key: severity.rawValue, value: .integer(count)))
            }
        }
        return .object(object)
    }

    /// SessionRuntimeState (control-plane §2.6). Only the owner sees where the work is done and by which process.
    public func runtimeStateJSON(forOwner: Bool) -> JSON {
        let workspace = workspacePath.map { path in
            WorkspaceRef(
                workspaceID: "ws_" + id.rawValue.prefix(8), repoRef: config.repoRef, checkout: config.checkout,
                worktreePath: forOwner ? path : nil, roomPath: config.roomPath, createdAt: startedAt ?? createdAt)
        }
        return .omittingNil([
            "sessionId": .id(id), "state": .string(state.rawValue), "providerId": .id(config.providerID),
            "workspace": workspace?.json, "startedAt": .time(startedAt),
            "providerPid": forOwner ? .optional(process?.pid) : nil, "lastEventSeq": .integer(lastSequence),
            "pendingApprovals": .strings(pendingApprovals.map(\.rawValue)),
            "errorMessage": .optional(errorMessage), "exitCode": .optional(exitCode),
            "agentId": .id(config.agentID), "villageId": .id(config.villageID), "userId": .id(config.userID),
            "runnerId": .id(config.runnerID), "endedAt": .time(endedAt), "totalUsage": usage.json,
            "approvals": .array(approvals.map(\.json)),
        ])
    }
}

// MARK: - Parts

extension SessionView.Evidence {
    public var json: JSON {
        .omittingNil([
            "rowid": .integer(rowid), "event": .string(event), "source": .string(source.rawValue), "at": .time(at),
            "reason": .optional(reason),
        ])
    }
}

extension SessionView.Step {
    public var json: JSON {
        .omittingNil(["state": .string(state.rawValue), "at": .time(at), "reason": .optional(reason)])
    }
}

extension SessionView.TestRun {
    public var json: JSON {
        .omittingNil([
            "command": .string(command), "running": .bool(isRunning), "passed": .integer(passed),
            "failed": .integer(failed), "skipped": .integer(skipped), "exitCode": .optional(exitCode),
            "durationMs": durationMs.map { .number($0) }, "at": .time(at),
        ])
    }
}

extension SessionView.RaisedAlert {
    public var json: JSON {
        [
            "alertId": .string(alert.alertID.rawValue), "severity": .string(alert.severity.rawValue),
            "category": .string(alert.category.rawValue), "title": .string(alert.title),
            "description": .string(alert.description), "at": .time(at),
        ]
    }
}

extension SessionView.TouchedFile {
    public var json: JSON { ["path": .string(path), "reason": .string(reason.rawValue), "at": .time(at)] }
}

extension SessionView.DiffTotals {
    public var json: JSON {
        [
            "filesChanged": .integer(filesChanged), "linesAdded": .integer(linesAdded),
            "linesRemoved": .integer(linesRemoved),
        ]
    }
}
