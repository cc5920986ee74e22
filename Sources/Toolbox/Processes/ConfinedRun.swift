import CSystem
import Glibc

/// One program, run to its end with nothing of ours: a clean environment, no input, no terminal, a session of its own.
///
/// Blocks, and must be called on a thread that is not needed any more: it is confined with the program. The program dies
/// with the thread, and so with the daemon.
enum ConfinedRun {
    struct Result: Sendable {
        enum End: Equatable, Sendable {
            case exited(Int32)
            case signalled(Int32)
            case timedOut
            case cancelled
        }

        var end: End
        /// The first bytes of each.
        var output: [UInt8]
        var errors: [UInt8]
    }

    enum Failure: Error, Equatable, Sendable {
        case notConfined(error: Int32)
        case notStarted(error: Int32)
    }

    /// Bytes kept of each stream; the rest is read and dropped, so that the program comes to its end.
    static let outputLimit = 64 * 1024
    static let timeLimit = Duration.seconds(30)
    /// How often somebody is asked whether the run is still wanted, in milliseconds.
    private static let pollInterval: Int32 = 50

    static func run(
        _ words: [String], environment: [String], directory: String, _ confinement: Confinement?,
        timeLimit: Duration = timeLimit, isCancelled: @Sendable () -> Bool
    ) throws(Failure) -> Result {
        let end = ContinuousClock.now + timeLimit
        // Before the confinement, which has no such directory.
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard null >= 0, let output = Pipe(forReading: true), let errors = Pipe(forReading: true) else {
            throw .notStarted(error: errno)
        }
        let input = Descriptor(null)
        let error = Confinement.confineThread(confinement)
        guard error == 0 else { throw .notConfined(error: error) }

        var streams: [(from: Descriptor?, bytes: [UInt8])] = [(output.ours, []), (errors.ours, [])]
        let started = withCStrings(words) { words in
            withCStrings(environment) { environment in
                drover_spawn_child(
                    words, environment, directory,
                    [input.number, output.theirs.number, errors.theirs.number], 1, SIGKILL)
            }
        }
        output.theirs.close()
        errors.theirs.close()
        guard started.pid > 0 else { throw .notStarted(error: started.error) }
        let process = Descriptor(started.pidfd)

        var ending: Result.End?
        while ending == nil {
            var polled = [pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)]
            for stream in streams {
                polled.append(pollfd(fd: stream.from?.number ?? -1, events: Int16(POLLIN), revents: 0))
            }
            _ = poll(&polled, nfds_t(polled.count), pollInterval)
            for index in streams.indices where polled[index + 1].revents != 0 { Self.read(&streams[index]) }
            if polled[0].revents != 0 { break }
            if isCancelled() { ending = .cancelled } else if ContinuousClock.now >= end { ending = .timedOut }
        }
        // The whole group, while the leader is not reaped: until then no other can have its number.
        kill(-started.pid, SIGKILL)
        var code: Int32 = 0
        var isSignalled: Int32 = 0
        var reaped: Int32 = 0
        for _ in 0..<100 where reaped == 0 {
            var polled = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
            _ = poll(&polled, 1, pollInterval)
            reaped = drover_reap(process.number, &code, &isSignalled)
        }
        // What was written before the end.
        for index in streams.indices { while Self.read(&streams[index]) {} }
        return Result(
            end: ending ?? (isSignalled != 0 ? .signalled(code) : .exited(code)), output: streams[0].bytes,
            errors: streams[1].bytes)
    }

    /// Reads what is there, and returns whether there may be more. The stream is gone after its end.
    @discardableResult
    private static func read(_ stream: inout (from: Descriptor?, bytes: [UInt8])) -> Bool {
        guard let from = stream.from else { return false }
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, count in
            let got = Glibc.read(from.number, buffer.baseAddress, buffer.count)
            if got < 0 { failure = errno }
            count = max(0, got)
        }
        if chunk.isEmpty {
            if failure == EINTR { return true }
            if failure != EAGAIN { stream.from = nil }
            return false
        }
        stream.bytes += chunk.prefix(max(0, outputLimit - stream.bytes.count))
        return true
    }
}
