import Glibc
import Synchronization

/// A transport to a program that is started for it and speaks on its standard input and output; what it says on stderr
/// goes where ours does.
///
/// Closing it ends the program's input, upon which the program is to end.
public final class ChildTransport: FrameTransport {
    private let pipes: DescriptorTransport
    public let processID: Int32

    /// Starts a program; a name without a slash is looked up in `PATH`. The environment is `NAME=VALUE` each.
    public init(program: String, arguments: [String], environment: [String]) throws(FrameTransportError) {
        guard let toChild = PrivatePipe() else { throw .broken(reason: String(cString: strerror(errno))) }
        guard let fromChild = PrivatePipe() else {
            let reason = String(cString: strerror(errno))
            Glibc.close(toChild.read)
            Glibc.close(toChild.write)
            throw .broken(reason: reason)
        }
        // Ours ignores SIGPIPE, which the program would inherit.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer {
            words.forEach { free($0) }
            variables.forEach { free($0) }
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            Glibc.close(toChild.read)
            Glibc.close(fromChild.write)
        }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, program, &actions, &attributes, &words, &variables)
        guard result == 0 else {
            Glibc.close(toChild.write)
            Glibc.close(fromChild.read)
            throw .broken(reason: "\(program): \(String(cString: strerror(result)))")
        }
        processID = pid
        pipes = DescriptorTransport(input: fromChild.read, output: toChild.write, ownsDescriptors: true)
    }

    deinit {
        // The pipes close after this; the program is waited for by a thread, since it may take its time.
        let pid = processID
        _ = DetachedThread.run {
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
    }

    public func read() throws(FrameTransportError) -> [UInt8]? { try pipes.read() }
    public func write(_ frame: [UInt8]) throws(FrameTransportError) { try pipes.write(frame) }
    public func close() { pipes.close() }
    public var isAbandoned: Bool { pipes.isAbandoned }
}
