import Bytes
import Fleet

/// Which daemon answers.
public struct DaemonInfo: Equatable, Sendable {
    public var pid: Int
    public var version: String
    public var startedAt: Timestamp

    public init(pid: Int, version: String, startedAt: Timestamp) {
        self.pid = pid
        self.version = version
        self.startedAt = startedAt
    }

    public var json: JSON {
        ["pid": .integer(pid), "version": .string(version), "startedAt": .integer(startedAt.milliseconds)]
    }
}

/// The bodies of answers (control-plane §3.2, docs/protocols/fleet-api.md).
public enum FleetResponses {
    public static let ok: JSON = ["ok": true]

    /// `GET /api/fleet`.
    public static func fleet(_ state: FleetState, _ query: FleetQuery, daemon: DaemonInfo) -> JSON {
        let views = state.list(query.filter)
        return [
            "items": .array(views.prefix(query.limit).map(\.json)), "total": .integer(views.count),
            "cursor": .integer(state.cursor), "daemon": daemon.json,
        ]
    }

    /// `GET /api/runner/sessions`. `isOwner` tells what the caller may see of each.
    public static func sessions(
        _ state: FleetState, _ query: SessionsQuery, mayRead: (SessionView) -> Bool = { _ in true },
        isOwner: (SessionView) -> Bool
    ) -> JSON {
        let views = state.newestFirst { query.includes($0) && mayRead($0) }
        let (skipped, overflow) = (query.page - 1).multipliedReportingOverflow(by: query.pageSize)
        let page = overflow ? [] : views.dropFirst(skipped).prefix(query.pageSize)
        return [
            "items": .array(page.map { $0.runtimeStateJSON(forOwner: isOwner($0)) }), "total": .integer(views.count),
            "page": .integer(query.page), "pageSize": .integer(query.pageSize),
            "hasMore": .bool(!overflow && skipped + page.count < views.count),
        ]
    }

    /// 201 of `POST /api/runner/sessions`.
    public static func started(_ config: SessionConfig) -> JSON {
        .omittingNil([
            "sessionId": .string(config.sessionID.rawValue), "agentId": .string(config.agentID.rawValue),
            "state": .string(SessionState.created.rawValue),
            "runnerId": config.runnerID.map { .string($0.rawValue) },
        ])
    }

    /// `GET /api/fleet/:id/why`. `reported` is what the agent's reports came to.
    public static func why(_ view: SessionView, reported: JSON?) -> JSON {
        .omittingNil([
            "id": .string(view.id.rawValue), "name": view.config.name.map { .string($0) },
            "state": .string(view.state.rawValue), "evidence": view.evidence.json,
            "timeline": .array(view.timeline.map(\.json)), "activity": view.activity?.json, "reported": reported,
        ])
    }

    /// `GET …/approvals`.
    public static func approvals(_ view: SessionView) -> JSON { ["items": .array(view.approvals.map(\.json))] }

    /// `GET …/:id/events` from a ring, whose events are encoded already.
    public static func events(_ slice: EventRing.Slice) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(slice.items.reduce(64) { $0 + $1.count + 1 })
        output.append(literal: "{\"items\":[")
        for (index, item) in slice.items.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output += item
        }
        output.append(literal: "],\"lastSeq\":")
        JSONWriter.append(slice.lastSequence, to: &output)
        output.append(literal: slice.isTruncated ? ",\"truncated\":true}" : ",\"truncated\":false}")
        return output
    }

    /// `GET /api/events` as one page. `cursor` is the row to go on after.
    public static func journal(_ events: [JournalEvent], cursor: Int64, more: Bool) -> JSON {
        ["items": .array(events.map(\.json)), "cursor": .integer(cursor), "more": .bool(more)]
    }
}
