import CSystem
import CUV
import Glibc

/// Why a program could not be started.
public struct SpawnError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Stage: Equatable, Sendable {
        case terminal, pipe, clone, session
        case workingDirectory(String)
        case execute(String)
    }

    public var stage: Stage
    /// A positive errno.
    public var code: Int32

    public var description: String {
        let reason = String(cString: strerror(code))
        switch stage {
        case .terminal: return "no terminal could be made: \(reason)"
        case .pipe: return "no pipe could be made: \(reason)"
        case .clone: return "no process could be made: \(reason)"
        case .session: return "the process could not take its terminal: \(reason)"
        case .workingDirectory(let path): return "cannot change to \(path): \(reason)"
        case .execute(let name):
            return code == ENOENT ? "\(name): command not found" : "cannot run \(name): \(reason)"
        }
    }
}

/// How a process ended.
public enum ProcessOutcome: Equatable, Sendable {
    case exited(Int32)
    case signaled(Int32)
}

/// What is told of a process's news, on the loop. `processExited` comes exactly once, after the last output.
@Loop
public protocol PTYProcessDelegate: AnyObject {
    func process(_ process: PTYProcess, wrote bytes: UnsafeRawBufferPointer)
    func process(_ process: PTYProcess, ended outcome: ProcessOutcome)
}

/// A program that leads a session of its own with a PTY as its terminal.
///
/// It is reaped as soon as it ends; signals go through its pidfd or to its group while it is not reaped, so that they can
/// never hit a stranger.
@Loop
public final class PTYProcess {
    public let identity: ProcessIdentity
    public weak var delegate: (any PTYProcessDelegate)?

    private let pidfd: Int32
    private let master: Int32
    private let terminal: ByteStream
    private let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    private var outcome: ProcessOutcome?
    private var isTerminalOpen = true
    private var isReported = false
    private var isPaused = false

    /// How long output may still come from children that outlive the program, before its terminal is closed.
    private static let drainTime: Int64 = 250

    /// Starts `arguments[0]`, looked up in the `PATH` of `environment`.
    ///
    /// - Parameters:
    ///   - environment: All of it; nothing is inherited.
    ///   - workingDirectory: Where the program starts.
    public init(
        arguments: [String], environment: [(String, String)], workingDirectory: String, columns: UInt16, rows: UInt16
    ) throws(SpawnError) {
        precondition(!arguments.isEmpty, "a program needs a name")
        let result = withCStrings(arguments) { argv in
            withCStrings(environment.map { "\($0)=\($1)" }) { envp in
                drover_spawn_pty(argv, envp, workingDirectory, columns, rows)
            }
        }
        guard result.pid > 0 else {
            let stage: SpawnError.Stage
            switch UInt32(result.stage) {
            case DROVER_SPAWN_PTY.rawValue: stage = .terminal
            case DROVER_SPAWN_PIPE.rawValue: stage = .pipe
            case DROVER_SPAWN_CLONE.rawValue: stage = .clone
            case DROVER_SPAWN_SESSION.rawValue: stage = .session
            case DROVER_SPAWN_CHDIR.rawValue: stage = .workingDirectory(workingDirectory)
            default: stage = .execute(arguments[0])
            }
            throw SpawnError(stage: stage, code: result.error)
        }
        pidfd = result.pidfd
        master = result.master
        // It cannot be reaped before we do it, so the entry in /proc is there.
        identity = ProcessIdentity(ofRunning: result.pid)
            ?? ProcessIdentity(pid: result.pid, startTicks: 0, bootID: ProcessIdentity.bootID)
        do throws(ReactorError) {
            terminal = try ByteStream(descriptor: result.master)
        } catch {
            Glibc.close(result.master)
            drover_pidfd_signal(result.pidfd, SIGKILL)
            Glibc.close(result.pidfd)
            throw SpawnError(stage: .terminal, code: error.code)
        }
        terminal.delegate = self
        terminal.resume()
        uv_poll_init(Loop.executor.uv, poll, pidfd)
        poll.pointee.data = Unmanaged.passRetained(self).toOpaque()
        uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { poll, _, _ in
            nonisolated(unsafe) let poll = poll!
            Loop.assumeIsolated {
                Unmanaged<PTYProcess>.fromOpaque(poll.pointee.data).takeUnretainedValue().reap()
            }
        }
    }

    public var isRunning: Bool { outcome == nil }

    // MARK: - The terminal

    /// Bytes typed that the program has not read yet. The caller bounds them.
    public var inputBacklog: Int { terminal.backlog }

    public func write(_ bytes: [UInt8]) { terminal.write(bytes) }

    public func resize(columns: UInt16, rows: UInt16) {
        if isTerminalOpen { drover_pty_resize(master, columns, rows) }
    }

    /// Stops taking output; the program waits when the terminal's buffer is full.
    public func pause() {
        isPaused = true
        terminal.pause()
    }

    public func resume() {
        isPaused = false
        terminal.resume()
    }

    // MARK: - Signals

    /// Signals the program's process group, and the group that has the terminal when that is another one.
    public func signal(_ signal: Int32) {
        guard outcome == nil else { return }
        // Not reaped yet, so neither the pid nor the group's number can belong to anybody else.
        let foreground = isTerminalOpen ? drover_pty_foreground(master) : -1
        if kill(-identity.pid, signal) < 0 { drover_pidfd_signal(pidfd, signal) }
        if foreground > 0, foreground != identity.pid { kill(-foreground, signal) }
    }

    // MARK: - The end

    private func reap() {
        var code: Int32 = 0
        var signaled: Int32 = 0
        let result = drover_reap(pidfd, &code, &signaled)
        guard result != 0 else { return }
        outcome = result < 0 ? .exited(-1) : signaled != 0 ? .signaled(code) : .exited(code)
        uv_close(UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)) { handle in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                let process = Unmanaged<PTYProcess>.fromOpaque(handle.pointee.data).takeRetainedValue()
                Glibc.close(process.pidfd)
                UnsafeMutableRawPointer(handle).deallocate()
            }
        }
        if isTerminalOpen {
            // The kernel may still hold output. The end of the terminal comes by itself unless somebody else has it open.
            _ = LoopTimer(after: Self.drainTime) { [self] in closeTerminalWhenQuiet() }
        } else {
            report()
        }
    }

    private func closeTerminalWhenQuiet() {
        guard isTerminalOpen else { return }
        if isPaused {
            // Held back by us, not by the program: wait until the reader has caught up.
            _ = LoopTimer(after: Self.drainTime) { [self] in closeTerminalWhenQuiet() }
        } else {
            terminal.close()
        }
    }

    private func report() {
        guard let outcome, !isTerminalOpen, !isReported else { return }
        isReported = true
        delegate?.process(self, ended: outcome)
    }
}

extension PTYProcess: ByteStreamDelegate {
    public func streamReceived(_ stream: ByteStream, _ bytes: UnsafeRawBufferPointer) {
        delegate?.process(self, wrote: bytes)
    }

    public func streamEnded(_ stream: ByteStream) { stream.close() }

    public func streamDrained(_ stream: ByteStream) {}

    public func streamClosed(_ stream: ByteStream) {
        isTerminalOpen = false
        report()
    }
}

/// Lends a null-terminated array of C strings.
private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies + [nil])
}
