import Bytes
import Fleet

/// Where the events of one session go, and the numbers its audiences have seen.
struct Route: Sendable {
    /// Output that waits to be joined by more.
    struct Held: Sendable {
        var data: String
        var stream: TerminalChunk.Stream
        var time: Timestamp
        var sequence: Int
    }

    let sessionID: SessionID
    let agentID: AgentID
    let villageID: VillageID
    let agentType: String
    let agentName: String
    let repoPath: String
    let admittedAt: Timestamp

    let village: String
    let publicVillage: String
    let members: [String]
    let session: String
    /// `{"agentId":…,"sessionId":…` with what follows the ids left open.
    private let ids: [UInt8]

    var memberSequence = 0
    var publicSequence = 0
    var lastOutputAt: MonotonicTime?
    private(set) var held: Held?

    init(_ config: SessionConfig, admittedAt: Timestamp) {
        sessionID = config.sessionID
        agentID = config.agentID
        villageID = config.villageID
        agentType = config.providerID.agentType
        agentName = config.agentName
        repoPath = config.repoRef.repoPath
        self.admittedAt = admittedAt
        village = Room.village(config.villageID)
        publicVillage = Room.publicVillage(config.villageID)
        members = [village, Room.agent(config.agentID)]
        session = Room.session(config.sessionID)
        var ids: [UInt8] = []
        ids.append(literal: "{\"agentId\":")
        JSONWriter.append(config.agentID.rawValue, to: &ids)
        ids.append(literal: ",\"sessionId\":")
        JSONWriter.append(config.sessionID.rawValue, to: &ids)
        self.ids = ids
    }

    /// The payload of `agent_spawn`. Those who only look are not told where the work is done (§4.5).
    func spawn(isPublic: Bool) -> JSON {
        .omittingNil([
            "agentId": .string(agentID.rawValue), "sessionId": .string(sessionID.rawValue),
            "agentType": .string(agentType), "agentName": .string(agentName),
            "repoPath": isPublic ? nil : .string(repoPath), "timestamp": .string(admittedAt.iso8601),
        ])
    }

    // MARK: Everything but output

    mutating func translate(_ event: RunnerEvent, usageEvents: Bool) -> [Emission] {
        switch event.body {
        case .terminalChunk: return []
        case .alertRaised(let alert): return raise(alert, event)
        case .usageTick(let tick):
            guard usageEvents else { return [] }
            var payload = identified(tick.json)
            payload["timestamp"] = .string(event.timestamp.iso8601)
            return [Emission(rooms: [session], event: "usage_tick", payload: .object(payload))]
        case .sessionEnded(let end):
            let gone: JSON = .object(identified(["timestamp": .string(event.timestamp.iso8601)]))
            return work("session_end", end.json, end.json, event) + [
                Emission(rooms: [village], event: "agent_disconnect", payload: gone),
                Emission(rooms: [publicVillage], event: "agent_disconnect", payload: gone),
            ]
        case .sessionStarted(let start):
            var seen = start.json.object ?? [:]
            seen["workspacePath"] = nil
            return work("session_start", start.json, .object(seen), event)
        case .sessionStateChanged(let change): return work("status_change", change.json, change.json, event)
        case .fileTouched(let touch):
            let type: StaticString
            switch touch.reason {
            case .delete: type = "file_delete"
            case .write: type = "file_edit"
            case .read, .diff: type = "file_read"
            }
            return work(type, touch.json, touch.json, event)
        case .diffSummary(let diff):
            var payload = diff.json.object ?? [:]
            payload["kind"] = "diff_summary"
            return work("file_edit", .object(payload), .object(payload), event)
        case .testRunStarted(let start): return work("test_start", start.json, start.json, event)
        case .testRunFinished(let finish): return work("test_finish", finish.json, finish.json, event)
        case .approvalRequested(let approval):
            let payload: JSON = [
                "approval": approval.json, "newState": .string(SessionState.waitingForApproval.rawValue),
            ]
            return work("status_change", payload, nil, event)
        case .approvalResolved(let resolution): return work("status_change", resolution.json, nil, event)
        }
    }

    private mutating func raise(_ alert: Alert, _ event: RunnerEvent) -> [Emission] {
        let when: [JSONObject.Member] = [
            .init(key: "timestamp", value: .string(event.timestamp.iso8601)),
            .init(key: "agentId", value: .string(agentID.rawValue)),
            .init(key: "sessionId", value: .string(sessionID.rawValue)),
        ]
        var whole = alert.json.object ?? [:]
        whole.members += when
        var seen = whole
        seen["context"] = nil
        seen["description"] = nil
        return [
            Emission(rooms: [village], event: "alert_raised", payload: .object(whole)),
            Emission(rooms: [publicVillage], event: "alert_raised", payload: .object(seen)),
        ]
    }

    private func identified(_ payload: JSON) -> JSONObject {
        var object: JSONObject = [
            "sessionId": .string(sessionID.rawValue), "agentId": .string(agentID.rawValue),
        ]
        object.members += payload.object?.members ?? []
        return object
    }

    /// A `work_stream_event` for members, and for those who only look unless `seen` is `nil`.
    private mutating func work(
        _ type: StaticString, _ payload: JSON, _ seen: JSON?, _ event: RunnerEvent
    ) -> [Emission] {
        var bytes = begin(type, capacity: 256)
        JSONWriter.append(payload, to: &bytes)
        var emissions = [finish(&bytes, event.timestamp, event.sequence, &memberSequence, members)]
        if let seen {
            bytes = begin(type, capacity: 256)
            JSONWriter.append(seen, to: &bytes)
            emissions.append(finish(&bytes, event.timestamp, event.sequence, &publicSequence, [publicVillage]))
        }
        return emissions
    }

    private func begin(_ type: StaticString, capacity: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.count + capacity + 120)
        bytes += ids
        bytes.append(literal: ",\"type\":\"")
        bytes.append(literal: type)
        bytes.append(literal: "\",\"payload\":")
        return bytes
    }

    private func finish(
        _ bytes: inout [UInt8], _ time: Timestamp, _ sequence: Int, _ previous: inout Int, _ rooms: [String]
    ) -> Emission {
        bytes.append(literal: ",\"timestamp\":\"")
        time.appendISO8601(to: &bytes)
        bytes.append(literal: "\",\"seq\":")
        JSONWriter.append(sequence, to: &bytes)
        bytes.append(literal: ",\"prevSeq\":")
        JSONWriter.append(previous, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        previous = sequence
        return Emission(rooms: rooms, event: "work_stream_event", payload: bytes)
    }

    // MARK: Output

    /// `terminal_output` for the session's room: at once, with our own `offset`, `bytes` and `lost`.
    func terminalOutput(_ chunk: TerminalChunk, of event: RunnerEvent) -> Emission {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.count + chunk.data.utf8.count + 160)
        bytes += ids
        bytes.append(literal: ",\"data\":")
        JSONWriter.append(chunk.data, to: &bytes)
        bytes.append(literal: chunk.stream == .stdout ? ",\"stream\":\"stdout\"" : ",\"stream\":\"stderr\"")
        bytes.append(literal: ",\"ts\":")
        JSONWriter.append(event.timestamp.milliseconds, to: &bytes)
        bytes.append(literal: ",\"seq\":")
        JSONWriter.append(event.sequence, to: &bytes)
        chunk.appendPosition(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return Emission(rooms: [session], event: "terminal_output", payload: bytes)
    }

    /// Keeps output to be sent with what follows; the whole carries the time and number of its last chunk.
    mutating func hold(_ chunk: TerminalChunk, of event: RunnerEvent) {
        if held == nil {
            held = Held(data: chunk.data, stream: chunk.stream, time: event.timestamp, sequence: event.sequence)
        } else {
            held?.data += chunk.data
            held?.time = event.timestamp
            held?.sequence = event.sequence
        }
    }

    /// The output held so far, as one `output` event for members. Others do not see output.
    mutating func takeHeld(at now: MonotonicTime) -> Emission? {
        guard let output = held else { return nil }
        held = nil
        lastOutputAt = now
        var bytes = begin("output", capacity: output.data.utf8.count + 40)
        bytes.append(literal: "{\"data\":")
        JSONWriter.append(output.data, to: &bytes)
        bytes.append(literal: output.stream == .stdout ? ",\"stream\":\"stdout\"}" : ",\"stream\":\"stderr\"}")
        return finish(&bytes, output.time, output.sequence, &memberSequence, members)
    }
}
