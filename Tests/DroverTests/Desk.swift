import Bytes
import Client
import Glibc
import Synchronization

@testable import drover

/// A person at a command line: types words, and reads what comes back.
struct Desk {
    var environment: [String: String] = ["DROVER_HOME": "/nonexistent", "LANG": "C.UTF-8"]
    var now = 1_000_000_000
    var width: Int?
    var hasColours = false

    struct Answer: Equatable {
        var exit: ExitCode
        var output: String
        var remarks: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// What is piped into the program.
    var input = ""
    /// The whole environment, as the kernel would give it.
    var variables: [String] = []

    init() {}

    init(_ runtime: FakeRuntime) {
        environment["RTM_SOCKET_PATH"] = runtime.path
    }

    init(_ daemon: FakeDaemon) {
        environment["DROVER_URL"] = daemon.url
    }

    init(_ daemon: FakeDaemon, _ runtime: FakeRuntime) {
        self.init(daemon)
        environment["RTM_SOCKET_PATH"] = runtime.path
    }

    func type(_ words: String...) -> Answer { type(words) }

    func type(_ words: [String]) -> Answer {
        answer { Dispatcher(context: $0).run(words) }
    }

    /// The same for the program under its other name.
    func rtm(_ words: [String]) -> Answer {
        answer { RTM(context: $0).run(words) }
    }

    private func answer(_ run: (Context) -> ExitCode) -> Answer {
        final class Page { var bytes: [UInt8] = [] }
        let output = Page()
        let remarks = Page()
        let console = Console(
            output: .init(write: { output.bytes += $0 }, isTerminal: false),
            errors: .init(write: { remarks.bytes += $0 }, isTerminal: false), isUTF8: true, hasColours: hasColours,
            width: { [width] in width })
        let context = Context(
            environment: Environment(environment), console: console, now: { [now] in now },
            input: Self.file(with: input), variables: { [variables] in variables.map { Array($0.utf8) } })
        defer { close(context.input) }
        let exit = run(context)
        return Answer(
            exit: exit, output: String(decoding: output.bytes, as: UTF8.self),
            remarks: String(decoding: remarks.bytes, as: UTF8.self))
    }

    /// A descriptor that reads as that text.
    private static func file(with text: String) -> Int32 {
        let descriptor = open("/tmp", O_RDWR | 0o20_200_000 | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "a file without a name can be made in /tmp")
        let bytes = Array(text.utf8)
        precondition(write(descriptor, bytes, bytes.count) == bytes.count, "a text fits into /tmp")
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}

/// Sessions as a daemon would show them.
enum Sample {
    static let web = session(
        "3f0e1c2d-0000-4000-8000-000000000001", name: "web", state: "RUNNING", title: "npm start",
        ["lastActivityAt": 999_997_000])

    static func session(
        _ id: String, name: String? = nil, state: String, title: String = "sh", _ more: JSONObject = [:]
    ) -> JSON {
        var object: JSONObject = [
            "id": .string(id), "agentId": .string("runner_" + id.prefix(8)), "agent": "command", "origin": "launched",
            "title": .string(title), "state": .string(state), "live": .bool(state != "COMPLETED" && state != "FAILED"),
            "createdAt": 999_880_000, "lastActivityAt": 999_990_000, "pendingApprovals": [],
            "terminal": ["cols": 80, "rows": 24, "bytes": 5],
        ]
        object["name"] = name.map { .string($0) }
        for member in more.members { object[member.key] = member.value }
        return .object(object)
    }

    static func fleet(_ sessions: JSON...) -> FakeDaemon.Reply {
        .json(["items": .array(sessions), "total": .integer(sessions.count), "cursor": 40])
    }
}
