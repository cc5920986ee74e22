import Fleet
import Reactor
import Wire

// Observed sessions become ordinary ones: what the rules make of them is told to whoever shows sessions.
extension SensingService {
    /// Longer ids are nobody's, and would be names of rooms.
    private static let longestID = 256

    /// Tells what has become of the sessions that these effects changed. Once they are durable.
    func report(_ effects: [SensingEffect]) {
        for effect in effects {
            switch effect {
            case .upsertSession(let record): report(record.sessionID)
            case .deleteSession(let id) where state[id] == nil: forget(id)
            default: break
            }
        }
    }

    /// Tells the state of every session, and ends those that are no more: at the start, and after each look at processes.
    func reportAll() {
        guard let sink else { return }
        let now = now
        let visible = state.sessions(at: now, host)
        let ids = Set(visible.map(\.sessionID))
        let observed = sink.observed
        for id in observed where !ids.contains(id) { forget(id) }
        let known = Set(observed)
        // Whoever was known keeps being so; a session that is over when it is first heard of is no news.
        for record in visible where known.contains(record.sessionID) || record.state != .idle {
            report(record, at: now)
        }
    }

    private func report(_ id: SessionID) {
        guard sink != nil, let record = state[id] else { return }
        report(record, at: now)
    }

    private func forget(_ id: SessionID) {
        lookTimers.removeValue(forKey: id)?.cancel()
        reportedStates[id] = nil
        sink?.left(id, at: now)
    }

    private func report(_ record: SensedSession, at now: Timestamp) {
        guard let sink, record.sessionID.rawValue.utf8.count <= Self.longestID else { return }
        let id = record.sessionID
        let effective = record.effectiveState(at: now, isAlive: state.isAlive(record.pid, processes), state.settings)
        lookTimers.removeValue(forKey: id)?.cancel()
        if effective == .working, record.state == .ready {
            // A turn that has ended is shown as such when it stays so.
            let due = (record.stateChangedAt ?? now) + state.settings.stopGateGrace + 1
            lookTimers[id] = LoopTimer(after: max(1, due - now)) { [weak self] in
                self?.lookTimers[id] = nil
                self?.report(id)
            }
            if reportedStates[id] == .working { return }
        }
        reportedStates[id] = effective
        let path = record.projectPath ?? record.cwd
        var activity = AgentActivity(
            effective, since: record.stateChangedAt ?? record.updatedAt ?? now, event: record.lastEvent ?? "unknown")
        if effective != record.state, record.state != .ready || effective == .idle {
            activity.event = effective == .idle ? "process_gone" : "quiet"
        }
        sink.saw(
            ReportedSession(
                origin: .observed, id: id, agent: record.agent ?? .claudeCode,
                title: path.hasPrefix("/") ? path : "an agent", projectPath: path.hasPrefix("/") ? path : "/",
                process: process(of: record), activity: activity, launchedAs: record.launchedAs))
        if effective == .waiting { watchChildren() }
    }

    private func process(of record: SensedSession) -> Fleet.ProcessIdentity? {
        guard record.pid != 0, let start = state.liveness[record.pid]?.start, let ticks = start.ticks,
            let bootID = start.bootID
        else { return nil }
        return Fleet.ProcessIdentity(pid: Int(record.pid), startTicks: Int(clamping: ticks), bootID: bootID)
    }

    /// A tool that has ended touched a file.
    func reportFile(_ event: HookEvent) {
        guard let sink, event.type == .postToolUse, let id = event.sessionID, let path = event.filePath,
            !path.isEmpty, path.utf8.count <= 4096, let record = state[id]
        else { return }
        let root = (record.projectPath ?? record.cwd) + "/"
        let shown = path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
        sink.touched(shown, FileTouch.Reason(tool: event.tool), by: id, at: event.recordedAt)
    }
}

extension FileTouch.Reason {
    /// What tools of that name do with files: those that only look say so in their names.
    init(tool: String?) {
        let name = (tool ?? "").lowercased()
        let looks = ["read", "view", "grep", "glob", "search", "list", "ls", "open", "cat"]
        self = looks.contains { name.contains($0) } ? .read : .write
    }
}

// MARK: - Answers in the terminal

extension SensingService {
    /// Watches the agents that wait for a person: one that starts a program has been answered in its own terminal.
    func watchChildren() {
        guard childTimer == nil, waiting.contains(where: { $0.pid != 0 }) else { return }
        childTimer = LoopTimer(after: Self.childInterval) { [weak self] in
            guard let self else { return }
            childTimer = nil
            lookAtChildren()
            watchChildren()
        }
    }

    private static let childInterval: Int64 = 1000

    private var waiting: [SensedSession] {
        reportedStates.compactMap { $0.value == .waiting ? state[$0.key] : nil }.filter { $0.state == .waiting }
    }

    private func lookAtChildren() {
        let waiting = waiting
        let ids = Set(waiting.map(\.sessionID))
        children = children.filter { ids.contains($0.key) }
        for record in waiting where record.pid != 0 {
            let now = host.children(of: record.pid)
            var watch = children[record.sessionID] ?? ChildWatch(since: record.stateChangedAt, before: now)
            if watch.since != record.stateChangedAt { watch = ChildWatch(since: record.stateChangedAt, before: now) }
            let isAnswered = watch.look(now) { host.isReporter($0) }
            children[record.sessionID] = watch
            guard isAnswered else { continue }
            let effects = state.childStarted(record.sessionID, at: self.now)
            journal.write(effects)
            report(effects)
        }
    }
}

/// Which programs of an agent were there when it began to wait, and which have come since.
struct ChildWatch: Equatable {
    let since: Timestamp?
    private var before: Set<ChildProcess>
    private var seenOnce: Set<ChildProcess> = []

    init(since: Timestamp?, before: Set<ChildProcess>) {
        self.since = since
        self.before = before
    }

    /// Whether a program has come and stayed: hooks come and go, and are none of it.
    mutating func look(_ now: Set<ChildProcess>, isReporter: (ChildProcess) -> Bool) -> Bool {
        let new = now.subtracting(before).filter { !isReporter($0) }
        let hasStayed = !new.isDisjoint(with: seenOnce)
        seenOnce = new
        return hasStayed
    }
}

/// A child of an agent, told apart from a later one of the same number.
struct ChildProcess: Hashable {
    var pid: Int32
    var startTicks: UInt64
}

extension HostView {
    /// The programs that a process has started and that still run.
    func children(of pid: UInt32) -> Set<ChildProcess> {
        guard let text = SystemFacts.read("/proc/\(pid)/task/\(pid)/children", limit: 1 << 16) else { return [] }
        var children: Set<ChildProcess> = []
        for word in text.split(separator: UInt8(ascii: " ")) {
            guard let child = Int32(String(decoding: word, as: UTF8.self)), let status = ProcessStatus(of: child),
                !status.isZombie
            else { continue }
            children.insert(ChildProcess(pid: child, startTicks: status.startTicks))
        }
        return children
    }

    /// Whether a program is a hook of ours, by its words.
    func isReporter(_ child: ChildProcess) -> Bool {
        guard let words = SystemFacts.read("/proc/\(child.pid)/cmdline", limit: 1 << 16) else { return true }
        let text = String(decoding: words, as: UTF8.self)
        return text.contains("drover-hook") || text.contains("hud-hook")
    }
}
