import Client
import Glibc
import Wire

/// What a command may touch: the environment, the console, the clock and the daemon.
struct Context {
    var environment = Environment.current
    var console: Console
    /// Milliseconds since 1970.
    var now: () -> Int = { WallClock.now() }
    /// `--url`, where it was given.
    var url: String?
    /// What is typed or piped in.
    var input = STDIN_FILENO
    /// The whole environment as the kernel gave it, `NAME=VALUE` each.
    var variables: () -> [[UInt8]] = { ProcessEnvironment.entries }

    /// Where the daemon is: as told, else as it wrote down itself, else where it usually is.
    func daemonAddress() throws(ClientError) -> DaemonAddress {
        if let url = url ?? environment["DROVER_URL"] { return try DaemonAddress(parsing: url) }
        return DaemonRecord(home: environment.droverHome)?.address ?? .standard
    }

    var token: String? { environment["DROVER_TOKEN"] }

    func makeClient() throws(CommandFailure) -> DaemonClient {
        do {
            return DaemonClient(HTTPClient(address: try daemonAddress(), token: token))
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Where the daemon's runtime socket is (runtime-rpc §1.1).
    func runtimeSocket() throws(RuntimeRPCError) -> RuntimeSocketPath {
        try RuntimeSocketPath(variable: environment.verbatim)
    }

    func makeRuntimeClient() throws(CommandFailure) -> RuntimeRPCClient {
        do { return RuntimeRPCClient(path: try runtimeSocket().path) } catch { throw CommandFailure(error) }
    }

    /// Asks the daemon over its runtime socket, in the same manner.
    func askRuntime<Answer>(
        _ doing: String = "waiting for the daemon",
        _ questions: (RuntimeRPCClient) throws(RuntimeRPCError) -> Answer
    ) throws(CommandFailure) -> Answer {
        var client = try makeRuntimeClient()
        let progress = Progress(doing, on: console)
        client.onWait = { progress.tick() }
        defer { progress.finish() }
        do { return try questions(client) } catch { throw CommandFailure(error) }
    }

    /// Asks the daemon over the socket of the daemon IPC, and says in a sentence what went wrong.
    func askSensing<Value: IPCValue>(_ method: IPCMethod) throws(CommandFailure) -> Value {
        let path =
            environment["CAPACITOR_DAEMON_SOCKET"] ?? environment.userDirectory + "/.capacitor/daemon.sock"
        do throws(SensingClientError) {
            return try SensingClient(path: path).ask(method)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Asks the daemon, shows that it takes long when it does, and says in a sentence what went wrong.
    func ask<Answer>(
        _ doing: String = "waiting for the daemon",
        _ questions: (DaemonClient) throws(ClientError) -> Answer
    ) throws(CommandFailure) -> Answer {
        try ask(try makeClient(), doing, questions)
    }

    /// The same with a client that is kept from question to question.
    func ask<Answer>(
        _ client: DaemonClient, _ doing: String = "waiting for the daemon",
        _ questions: (DaemonClient) throws(ClientError) -> Answer
    ) throws(CommandFailure) -> Answer {
        let progress = Progress(doing, on: console)
        client.http.onWait = { progress.tick() }
        defer {
            client.http.onWait = nil
            progress.finish()
        }
        do {
            return try questions(client)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// The time of day.
enum WallClock {
    /// Milliseconds since 1970.
    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        nanosleep(&time, nil)
    }
}
