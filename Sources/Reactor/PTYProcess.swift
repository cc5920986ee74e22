import CSystem
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
/// It is reaped as soon as it ends; signals go to its group while it is not reaped, so that they can never hit a stranger.
@Loop
public final class PTYProcess {
    public let identity: ProcessIdentity
    public weak var delegate: (any PTYProcessDelegate)?

    private let terminal: DescriptorWatcher
    private let process: DescriptorWatcher?
    private var input: [UInt8] = []
    private var outcome: ProcessOutcome?
    private var isTerminalOpen = true
    private var isReported = false
    private var isPaused = false

    /// How long output may still come from children that outlive the program, before its terminal is closed.
    private static let drainTime: Int64 = 250

    /// Starting waits for the program's exec, which takes a millisecond that the loop does not have.
    private static let worker = Worker()

    fileprivate struct Descriptors: Sendable {
        var pid: Int32
        var pidfd: Int32
        var master: Int32
    }

    /// Starts `arguments[0]`, looked up in the `PATH` of `environment`, and hands over the running process or the reason
    /// why there is none.
    ///
    /// - Parameters:
    ///   - environment: All of it; nothing is inherited.
    ///   - workingDirectory: Where the program starts.
    public static func start(
        arguments: [String], environment: [(String, String)], workingDirectory: String, columns: UInt16, rows: UInt16,
        then completion: @escaping @Sendable @Loop (Result<PTYProcess, SpawnError>) -> Void
    ) {
        precondition(!arguments.isEmpty, "a program needs a name")
        worker.run(
            { () -> Result<Descriptors, SpawnError> in
                let result = withCStrings(arguments) { argv in
                    withCStrings(environment.map { "\($0)=\($1)" }) { envp in
                        drover_spawn_pty(argv, envp, workingDirectory, columns, rows)
                    }
                }
                if result.pid > 0 {
                    return .success(Descriptors(pid: result.pid, pidfd: result.pidfd, master: result.master))
                }
                return .failure(SpawnError(result, command: arguments[0], directory: workingDirectory))
            },
            then: { result in completion(result.map { PTYProcess($0) }) })
    }

    private init(_ descriptors: Descriptors) {
        // It is not reaped before we do it, so the entry in /proc is there.
        identity =
            ProcessIdentity(ofRunning: descriptors.pid)
            ?? ProcessIdentity(pid: descriptors.pid, startTicks: 0, bootID: ProcessIdentity.bootID)
        let relay = Relay()
        terminal = DescriptorWatcher(descriptors.master) { relay.process?.terminalReady($0) }
        process = DescriptorWatcher(descriptors.pidfd) { _ in relay.process?.reap() }
        relay.process = self
        terminal.watch(.readable)
        process?.watch(.readable)
    }

    /// Keeps a running process alive until it has been reaped, whoever lets go of it.
    private final class Relay {
        var process: PTYProcess?
    }

    public var isRunning: Bool { outcome == nil }

    // MARK: - The terminal

    /// Bytes typed that the program has not read yet. The caller bounds them.
    public var inputBacklog: Int { input.count }

    public func write(_ bytes: [UInt8]) {
        guard isTerminalOpen else { return }
        input.append(contentsOf: bytes)
        writeInput()
    }

    public func resize(columns: UInt16, rows: UInt16) {
        if isTerminalOpen { drover_pty_resize(terminal.descriptor, columns, rows) }
    }

    /// Stops taking output; the program waits when the terminal's buffer is full.
    public func pause() {
        isPaused = true
        updateInterest()
    }

    public func resume() {
        isPaused = false
        updateInterest()
    }

    private func updateInterest() {
        guard isTerminalOpen else { return }
        var events: DescriptorWatcher.Events = []
        if !isPaused { events.insert(.readable) }
        if !input.isEmpty { events.insert(.writable) }
        terminal.watch(events)
    }

    private func terminalReady(_ events: DescriptorWatcher.Events) {
        if events.contains(.writable) { writeInput() }
        if events.contains(.readable) { readOutput() }
    }

    private func writeInput() {
        while !input.isEmpty {
            let count = input.withUnsafeBytes { Glibc.write(terminal.descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                input.removeFirst(count)
            } else if count < 0, errno == EINTR {
                continue
            } else {
                break
            }
        }
        updateInterest()
    }

    /// Takes what there is, in portions, so that a flood does not keep the loop from its other work.
    private func readOutput() {
        let buffer = OutputBuffer.shared.bytes
        var filled = 0
        while isTerminalOpen, !isPaused {
            // The terminal hands out a page at most each time.
            let count = read(terminal.descriptor, buffer.baseAddress! + filled, buffer.count - filled)
            if count > 0 {
                filled += count
                if buffer.count - filled < 4096 { break }
            } else if count < 0, errno == EINTR {
                continue
            } else {
                let isAgain = count < 0 && errno == EAGAIN
                if filled > 0 { delegate?.process(self, wrote: UnsafeRawBufferPointer(rebasing: buffer[..<filled])) }
                // The end of a PTY is EIO, once everything has been read.
                if !isAgain { closeTerminal() }
                return
            }
        }
        if filled > 0 { delegate?.process(self, wrote: UnsafeRawBufferPointer(rebasing: buffer[..<filled])) }
    }

    // MARK: - Signals

    /// Signals the program's process group, and the group that has the terminal when that is another one.
    public func signal(_ signal: Int32) {
        guard outcome == nil else { return }
        let foreground = isTerminalOpen ? drover_pty_foreground(terminal.descriptor) : -1
        // Not reaped yet, so neither the pid nor the group's number can belong to anybody else.
        if kill(-identity.pid, signal) < 0, let process { drover_pidfd_signal(process.descriptor, signal) }
        if foreground > 0, foreground != identity.pid { kill(-foreground, signal) }
    }

    // MARK: - The end

    private func reap() {
        guard outcome == nil, let process else { return }
        var code: Int32 = 0
        var signaled: Int32 = 0
        let result = drover_reap(process.descriptor, &code, &signaled)
        guard result != 0 else { return }
        outcome = result < 0 ? .exited(-1) : signaled != 0 ? .signaled(code) : .exited(code)
        process.close()
        if isTerminalOpen {
            // The kernel may still hold output. The end of the terminal comes by itself unless somebody else has it open.
            _ = LoopTimer(after: Self.drainTime) { [self] in closeTerminalWhenRead() }
        } else {
            report()
        }
    }

    private func closeTerminalWhenRead() {
        guard isTerminalOpen else { return }
        if isPaused {
            // Held back by us, not by the program: wait until the reader has caught up.
            _ = LoopTimer(after: Self.drainTime) { [self] in closeTerminalWhenRead() }
        } else {
            // What the kernel still holds is a few portions at most; whoever goes on writing now is not the program.
            for _ in 0..<4 where isTerminalOpen && !isPaused { readOutput() }
            if isPaused { closeTerminalWhenRead() } else { closeTerminal() }
        }
    }

    private func closeTerminal() {
        guard isTerminalOpen else { return }
        isTerminalOpen = false
        input = []
        terminal.close()
        report()
    }

    private func report() {
        guard let outcome, !isTerminalOpen, !isReported else { return }
        isReported = true
        delegate?.process(self, ended: outcome)
    }
}

/// Where the output of all programs passes; what is read is used up before the next read.
@Loop
private final class OutputBuffer {
    static let shared = OutputBuffer()
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
}
