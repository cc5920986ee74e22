import Glibc

/// A program that is talked to through pipes: written to, listened to, and reaped.
///
/// Kept alive by the program it runs, until `ended` has been told.
@Loop
public final class PipedProgram {
    /// Which of its outputs a program wrote to.
    public enum Channel: Sendable { case output, error }

    private let received: @Loop (Channel, UnsafeRawBufferPointer) -> Void
    private var ended: (@Loop (Result<ProcessOutcome, SpawnError>) -> Void)?
    private var process: ChildProcess?
    private var input: PipeWriter?
    private var readers: [Channel: PipeReader] = [:]
    private var outcome: ProcessOutcome?
    private var wasKilled = false
    private var drain: LoopTimer?

    /// How long children that a program leaves behind may hold its outputs open after its end, in milliseconds.
    private static let drainTime: Int64 = 250

    /// Starts a program. It may be written to at once; the bytes wait in the pipe until it reads them.
    ///
    /// - Parameters:
    ///   - received: Told what the program writes, in order for each channel. The bytes are only valid during the call.
    ///   - ended: Told once, never within this call: after the last output and when the program has been reaped, or when
    ///     it could not be started.
    public init(
        _ command: ChildProcess.Command, received: @escaping @Loop (Channel, UnsafeRawBufferPointer) -> Void,
        ended: @escaping @Loop (Result<ProcessOutcome, SpawnError>) -> Void
    ) {
        self.received = received
        self.ended = ended
        var pipes: [PipeEnds] = []
        do throws(ReactorError) {
            for _ in 0..<3 { pipes.append(try PipeEnds()) }
        } catch {
            for pipe in pipes { pipe.close() }
            let code = error.code
            _ = LoopTimer(after: 0) { self.finish(.failure(SpawnError(stage: .pipe, code: code))) }
            return
        }
        input = PipeWriter(pipes[0].writing)
        listen(.output, to: pipes[1].reading)
        listen(.error, to: pipes[2].reading)
        ChildProcess.start(
            command, standardInput: pipes[0].reading, standardOutput: pipes[1].writing, standardError: pipes[2].writing
        ) { self.started($0) }
    }

    private func listen(_ channel: Channel, to descriptor: Int32) {
        readers[channel] = PipeReader(
            descriptor, received: { [weak self] in self?.received(channel, $0) },
            ended: { [weak self] in
                self?.readers[channel] = nil
                self?.finishWhenDone()
            })
    }

    private func started(_ result: Result<ChildProcess, SpawnError>) {
        switch result {
        case .failure(let error):
            finish(.failure(error))
        case .success(let process):
            self.process = process
            process.onExit = { self.exited($0) }
            if wasKilled { process.signal(SIGKILL) }
        }
    }

    private func exited(_ outcome: ProcessOutcome) {
        self.outcome = outcome
        finishWhenDone()
        guard ended != nil else { return }
        // Whoever was killed is not waited for any longer.
        drain = LoopTimer(after: wasKilled ? 0 : Self.drainTime) {
            self.closePipes()
            self.finishWhenDone()
        }
    }

    private func finishWhenDone() {
        guard let outcome, readers.isEmpty else { return }
        finish(.success(outcome))
    }

    private func finish(_ result: Result<ProcessOutcome, SpawnError>) {
        guard let ended else { return }
        self.ended = nil
        drain?.cancel()
        closePipes()
        process = nil
        ended(result)
    }

    private func closePipes() {
        input?.close()
        input = nil
        for reader in readers.values { reader.close() }
        readers = [:]
    }

    // MARK: - Talking to it

    /// The program's pid, once it runs.
    public var processID: Int32? { process?.identity.pid }

    /// Bytes written that the pipe has not taken yet; the caller bounds them.
    public var inputBacklog: Int { input?.backlog ?? 0 }

    /// Writes to the program's stdin. What it does not want any more is dropped.
    public func write(_ bytes: [UInt8]) { input?.write(bytes) }

    /// Closes the program's stdin once everything written has left.
    public func finishInput() { input?.finish() }

    /// Kills the program; `ended` still tells of its end.
    public func kill() {
        wasKilled = true
        process?.signal(SIGKILL)
    }
}
