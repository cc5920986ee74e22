import Fleet
import Testing

@Suite struct SupersededEffectsTests {
    private func session(_ id: SessionID, tools: UInt32) -> SensingEffect {
        .upsertSession(
            SensedSession(
                sessionID: id, pid: 0, state: .working, cwd: "/x", projectID: nil, projectPath: nil, updatedAt: nil,
                stateChangedAt: nil, lastEvent: nil, lastActivityAt: nil, toolsInFlight: tools, readyReason: nil,
                compaction: nil))
    }

    @Test func `of a row that is put again and again the last is kept, in its place`() {
        let effects = [session("a", tools: 1), session("b", tools: 1), session("a", tools: 2), .advanceCursor(1)]
        #expect(effects.withoutSuperseded == [session("b", tools: 1), session("a", tools: 2), .advanceCursor(1)])
    }

    @Test func `a deletion stays, and so does what comes after it; what it deletes does not`() {
        let activity = SensingEffect.appendActivity(
            SensedActivity(
                sessionID: "a", projectPath: "/x", filePath: "/x/y", toolName: nil,
                recordedAt: Timestamp(milliseconds: 0), rowid: 3))
        let effects = [session("a", tools: 1), .deleteSession("a"), session("a", tools: 2), activity, activity]
        #expect(effects.withoutSuperseded == Array(effects.dropFirst()))
        #expect(
            [
                SensingEffect.upsertLiveness(.init(pid: 4, start: nil, lastSeenAt: .init(milliseconds: 0))),
                .deleteLiveness(pid: 4),
            ].withoutSuperseded == [.deleteLiveness(pid: 4)])
    }
}
