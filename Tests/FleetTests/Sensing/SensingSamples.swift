import Bytes
import Fleet

/// Processes to test with: those that are named are in the table, all others are unreadable.
struct FakeProcesses: ProcessView {
    var readings: [UInt32: ProcessReading] = [:]

    init(alive: [UInt32] = [], gone: [UInt32] = []) {
        for pid in alive { readings[pid] = .running(ProcessStart(epochSeconds: 1000 + Int64(pid))) }
        for pid in gone { readings[pid] = .gone }
    }

    func reading(of pid: UInt32) -> ProcessReading { readings[pid] ?? .unreadable }
}

enum SensingSamples {
    static let noon = Timestamp(milliseconds: 1_772_020_800_000)
    static let session: SessionID = "s1"
    static let cwd = "/home/ada/src/demo"
    static let project = ProjectFacts(
        cwd: ProjectIdentity(boundary: cwd, projectPath: cwd, projectID: cwd + "/.git"), canonicalCwd: cwd)

    /// A time after noon, in seconds.
    static func at(_ seconds: Double) -> Timestamp { noon + Int64((seconds * 1000).rounded()) }

    static func event(
        _ type: HookEventType, _ seconds: Double, of session: SessionID? = session, pid: UInt32? = nil,
        cwd: String? = cwd, tool: String? = nil, filePath: String? = nil, notification: String? = nil,
        isStopHookActive: Bool = false, id: EventID = "e", metadata: JSON? = nil
    ) -> HookEvent {
        HookEvent(
            eventID: id, recordedAt: at(seconds), type: type, sessionID: session, pid: pid, cwd: cwd, tool: tool,
            filePath: filePath, notificationType: notification,
            stopHookActive: type == .stop ? isStopHookActive : nil, metadata: metadata)
    }

    static func shell(
        _ pid: UInt32, _ seconds: Double, cwd: String = cwd, tmuxSession: String? = nil, client: String? = nil,
        metadata: JSON? = nil
    ) -> HookEvent {
        HookEvent(
            eventID: "e", recordedAt: at(seconds), type: .shellCwd, pid: pid, cwd: cwd, parentApp: "kitty",
            tty: "/dev/pts/\(pid)", tmuxSession: tmuxSession, tmuxClientTTY: client, metadata: metadata)
    }

    /// A record in that state since noon.
    static func record(
        _ state: SensedState, _ id: SessionID = session, pid: UInt32 = 0, because reason: ReadyReason? = nil,
        tools: UInt32 = 0
    ) -> SensedSession {
        SensedSession(
            sessionID: id, pid: pid, state: state, cwd: cwd, projectID: cwd + "/.git", projectPath: cwd,
            updatedAt: noon, stateChangedAt: noon, lastEvent: "before", toolsInFlight: tools, readyReason: reason)
    }
}

/// A conversation with the state: it is told events and asked what it makes of them.
struct SensingDialogue {
    var state: SensingState
    var processes: FakeProcesses
    var project = SensingSamples.project
    private(set) var effects: [SensingEffect] = []

    init(
        _ sessions: [SensedSession] = [], tombstones: [Tombstone] = [], settings: SensingSettings = SensingSettings(),
        processes: FakeProcesses = FakeProcesses()
    ) {
        state = SensingState(settings: settings, sessions: sessions, tombstones: tombstones)
        self.processes = processes
    }

    /// Tells an event at the time at which it was recorded, or at another.
    mutating func tell(_ event: HookEvent, at seconds: Double? = nil) {
        effects = state.apply(
            event, rowid: state.cursor + 1, receivedAt: seconds.map { SensingSamples.at($0) } ?? event.recordedAt,
            project: project, processes: processes)
    }

    mutating func tell(
        _ type: HookEventType, _ seconds: Double, pid: UInt32? = nil, tool: String? = nil, filePath: String? = nil,
        metadata: JSON? = nil
    ) {
        tell(SensingSamples.event(type, seconds, pid: pid, tool: tool, filePath: filePath, metadata: metadata))
    }

    /// The session that most tests are about.
    var session: SensedSession? { state[SensingSamples.session] }
}
