import Client
import Glibc
import Wire

/// Runs the daemon in the foreground: the same one as `drover up`.
struct RTMDaemonStart: RTMCommand {
    static let spec = CommandSpec.rtm(
        "daemon start", "Run rtmd in the foreground",
        discussion: """
            It is the daemon of drover up: the settings of that are in force, and its web page is served too. When its
            usual port is taken and nobody asked for one, it takes any that is free.
            """,
        examples: [.init("rtm daemon start", "prints: rtmd listening on ~/.rtm/sock")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let label = try context.socket().label
        var options: DaemonOptions
        do { options = try DaemonOptions(environment: context.context.environment) } catch {
            throw RTMFailure(error.message)
        }
        let environment = context.context.environment
        if environment["DROVER_PORT"] == nil, environment["PORT"] == nil, !Self.isFree(options.port) {
            options.port = 0
        }
        ReadyLine.replace(with: "rtmd listening on \(label)")
        Daemon.run(options)
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        // A port that only waits for its last connections to be forgotten is free.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Ends the daemon.
struct RTMDaemonStop: RTMCommand {
    static let spec = CommandSpec.rtm(
        "daemon stop", "End rtmd; the runtimes it launched go on",
        examples: [.init("rtm daemon stop", "prints: rtmd stopped")])

    private static let patience = Duration.seconds(2)

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let path = try context.socket().path
        try context.ask { client throws(RuntimeRPCError) in try client.stop() }
        let deadline = ContinuousClock.now + Self.patience
        while access(path, F_OK) == 0 {
            guard ContinuousClock.now < deadline else {
                throw RTMFailure("rtmd is stopping, but its socket \(path) is still there after 2 seconds")
            }
            WallClock.sleep(.milliseconds(10))
        }
        context.print("rtmd stopped")
        return .ok
    }
}

/// Looks whether there is a socket, and asks nobody.
struct RTMDaemonStatus: RTMCommand {
    static let spec = CommandSpec.rtm(
        "daemon status", "Say whether the socket of rtmd is there",
        discussion: "It looks for the file only. rtm version tells whether somebody answers.",
        examples: [.init("rtm daemon status", "prints: rtmd socket present at PATH, or: rtmd not running")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let path = try context.socket().path
        context.print(access(path, F_OK) == 0 ? "rtmd socket present at \(path)" : "rtmd not running")
        return .ok
    }
}

/// Says where there is something to read.
struct RTMDaemonLogs: RTMCommand {
    static let spec = CommandSpec.rtm(
        "daemon logs", "Say where the logs are",
        examples: [.init("rtm daemon logs", "where rtmd and the runtimes write")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let environment = context.context.environment
        let root = environment["RTM_HOME"] ?? environment.droverHome
        context.print(
            """
            rtmd writes its log to the standard error of whoever started it, and keeps no file of it.
            Headless runtimes write to \(root)/logs/<session_id>/stdout.log and stderr.log.
            """)
        return .ok
    }
}

/// Puts a sentence in the place of the line of JSON that the daemon prints once everything listens.
enum ReadyLine {
    /// Lets a thread stand between the daemon and stdout; it ends with the process.
    static func replace(with sentence: String) {
        var ends: [Int32] = [-1, -1]
        let output = dup(STDOUT_FILENO)
        guard output >= 0, pipe(&ends) == 0, dup2(ends[1], STDOUT_FILENO) >= 0 else {
            preconditionFailure("a program that begins has descriptors left")
        }
        close(ends[1])
        // Runtimes and terminals have no business with either.
        for descriptor in [ends[0], output] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let relay = Relay(input: ends[0], output: output, sentence: Array((sentence + "\n").utf8))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Relay>.fromOpaque(pointer!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(relay).toOpaque())
        pthread_detach(thread)
    }

    private final class Relay: Sendable {
        private let input: Int32
        private let output: Int32
        private let sentence: [UInt8]

        init(input: Int32, output: Int32, sentence: [UInt8]) {
            self.input = input
            self.output = output
            self.sentence = sentence
        }

        /// The daemon prints one line and nothing else.
        func run() {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(input, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                if buffer[..<count].contains(UInt8(ascii: "\n")) {
                    _ = sentence.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
                }
            }
        }
    }
}
