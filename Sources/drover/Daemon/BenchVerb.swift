import Bytes
import Fleet
import Glibc
import Reactor
import Store

/// `drover __bench journal|rebuild --events N`: figures of the daemon's own parts, as one line of JSON.
enum BenchVerb {
    static func run(_ words: [String]) -> Never {
        var events = 200_000
        if let index = words.firstIndex(of: "--events"), index + 1 < words.count {
            events = Int(words[index + 1]) ?? events
        }
        let home = "/tmp/drover-bench-\(getpid())"
        mkdir(home, 0o700)
        defer { remove(home) }
        do throws(StoreError) {
            let answer: JSON
            switch words.first {
            case "journal": answer = try journal(events, home)
            case "rebuild": answer = try rebuild(events, home)
            default:
                Console(environment: .current).remark("usage: drover __bench journal|rebuild [--events N]")
                exit(2)
            }
            Console(environment: .current).print(answer.text)
        } catch {
            Console(environment: .current).remark("\(error)")
            remove(home)
            exit(1)
        }
        remove(home)
        exit(0)
    }

    private static func remove(_ home: String) {
        for name in ["drover.db", "drover.db-wal", "drover.db-shm"] { unlink("\(home)/\(name)") }
        rmdir(home)
    }

    /// Durable appends in batches of 256.
    private static func journal(_ events: Int, _ home: String) throws(StoreError) -> JSON {
        let figures = try JournalBenchmark.run(events: events, batch: 256, path: home + "/drover.db")
        return [
            "eventsPerSecond": .number(figures.eventsPerSecond), "commitP50Ms": .number(figures.commitP50Ms),
            "commitP99Ms": .number(figures.commitP99Ms),
        ]
    }

    /// All state from a journal of so many events: read, decoded and applied.
    private static func rebuild(_ events: Int, _ home: String) throws(StoreError) -> JSON {
        let path = home + "/drover.db"
        let store = try SQLiteJournal(path: path) { _ in }
        var written = 0
        while written < events {
            let records = session(number: written).map(\.record)
            written += records.count
            try store.append(records, token: UInt64(written))
        }
        store.close()
        var fleet = FleetState()
        let start = nanoseconds()
        let count = try JournalReader(path: path).replay { entry in
            if let event = try? JournalEvent(entry) { _ = fleet.apply(event) }
        }
        let seconds = Double(nanoseconds() - start) / 1e9
        return ["seconds": .number(seconds), "events": .integer(count), "sessions": .integer(fleet.sessions.count)]
    }

    /// The events of one ordinary session: its start, forty touched files, its end.
    private static func session(number: Int) -> [JournalEvent] {
        let id = SessionID(randomBytes: randomID())
        let now = Fleet.Timestamp(milliseconds: SystemClock.milliseconds + Int64(number))
        let config = SessionConfig(
            sessionID: id, orgID: "local", providerID: .command,
            repoRef: .local(path: "/tmp", name: nil, defaultBranch: nil),
            command: Fleet.CommandSpec(argv: ["make", "all"], cwd: "/tmp"))
        func event(_ body: JournalEvent.Body, _ sequence: Int?) -> JournalEvent {
            JournalEvent(
                id: EventID(at: now, randomBytes: randomID()), at: now, sessionID: id, sequence: sequence, body: body)
        }
        var bodies: [RunnerEvent.Body] = [
            .sessionStateChanged(StateChange(from: .created, to: .preparingWorkspace)),
            .sessionStateChanged(StateChange(from: .preparingWorkspace, to: .startingProvider)),
            .sessionStateChanged(StateChange(from: .startingProvider, to: .running)),
            .sessionStarted(SessionStart(providerID: .command, workspacePath: "/tmp")),
        ]
        for file in 0..<40 { bodies.append(.fileTouched(FileTouch(path: "Sources/File\(file).swift", reason: .write))) }
        bodies.append(.sessionStateChanged(StateChange(from: .running, to: .completed)))
        bodies.append(
            .sessionEnded(SessionEnd(finalState: .completed, exitCode: 0, totalDurationMs: 1000, totalUsage: .zero)))
        return [event(.sessionCreated(SessionCreated(config)), nil)]
            + bodies.enumerated().map { event(.runner($0.element), $0.offset + 1) }
    }

    private static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
