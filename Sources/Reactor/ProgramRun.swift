import Glibc

/// What a program left when it ended.
public struct ProgramOutput: Equatable, Sendable {
    public var outcome: ProcessOutcome
    public var standardOutput: [UInt8]
    /// At most the limit; the rest was dropped.
    public var standardError: [UInt8]

    public init(outcome: ProcessOutcome, standardOutput: [UInt8] = [], standardError: [UInt8] = []) {
        self.outcome = outcome
        self.standardOutput = standardOutput
        self.standardError = standardError
    }
}

/// Why a program has no end to tell of.
public enum ProgramError: Error, Equatable, Sendable, CustomStringConvertible {
    case notStarted(SpawnError)
    /// It took longer than its time, in milliseconds, and was killed.
    case timedOut(after: Int64)
    /// It wrote more to stdout than the limit, in bytes, and was killed.
    case outputTooLong(limit: Int)
    /// Somebody called ``ProgramRun/cancel()``; it was killed.
    case cancelled

    public var description: String {
        switch self {
        case .notStarted(let error): return "\(error)"
        case .timedOut(let time): return "it did not end within \(time) ms and was killed"
        case .outputTooLong(let limit): return "it wrote more than \(limit) bytes and was killed"
        case .cancelled: return "it was cancelled"
        }
    }
}

/// One run of a program from start to end: its input is given, its output collected, its time bounded.
@Loop
public final class ProgramRun {
    /// What a program may use up.
    public struct Limits: Sendable {
        /// Bytes of stdout; more is a failure.
        public var output: Int
        /// Bytes of stderr; more is dropped.
        public var error: Int
        /// Milliseconds from the call to the end.
        public var time: Int64

        public init(output: Int = 64 << 20, error: Int = 64 << 10, time: Int64 = 10_000) {
            self.output = output
            self.error = error
            self.time = time
        }
    }

    private let limits: Limits
    private var completion: (@Loop (Result<ProgramOutput, ProgramError>) -> Void)?
    private var output = ProgramOutput(outcome: .exited(-1))
    private var failure: ProgramError?
    private var program: PipedProgram?
    private var timer: LoopTimer?

    /// Starts a program, writes `input` to its stdin and closes that.
    ///
    /// - Parameter completion: Told once, never within this call. A program that is killed for its time or its output is
    ///   reaped first.
    @discardableResult
    public static func start(
        _ command: ChildProcess.Command, input: [UInt8] = [], limits: Limits = Limits(),
        then completion: @escaping @Loop (Result<ProgramOutput, ProgramError>) -> Void
    ) -> ProgramRun {
        ProgramRun(command, input: input, limits: limits, completion)
    }

    private init(
        _ command: ChildProcess.Command, input: [UInt8], limits: Limits,
        _ completion: @escaping @Loop (Result<ProgramOutput, ProgramError>) -> Void
    ) {
        self.limits = limits
        self.completion = completion
        // The program keeps the run alive, and the run lets go of it at its end.
        let program = PipedProgram(
            command, received: { self.received($0, $1) }, ended: { self.ended($0) })
        self.program = program
        program.write(input)
        program.finishInput()
        timer = LoopTimer(after: limits.time) { [weak self] in self?.fail(.timedOut(after: limits.time)) }
    }

    /// Kills the program; the completion hears `cancelled`.
    public func cancel() { fail(.cancelled) }

    private func received(_ channel: PipedProgram.Channel, _ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        switch channel {
        case .output:
            if output.standardOutput.count + bytes.count > limits.output {
                return fail(.outputTooLong(limit: limits.output))
            }
            output.standardOutput += bytes
        case .error:
            output.standardError += bytes.prefix(limits.error - output.standardError.count)
        }
    }

    private func fail(_ error: ProgramError) {
        guard completion != nil, failure == nil else { return }
        failure = error
        output.standardOutput = []
        program?.kill()
    }

    private func ended(_ result: Result<ProcessOutcome, SpawnError>) {
        guard let completion else { return }
        self.completion = nil
        timer?.cancel()
        program = nil
        switch result {
        case .failure(let error):
            completion(.failure(.notStarted(error)))
        case .success(let outcome):
            output.outcome = outcome
            completion(failure.map { .failure($0) } ?? .success(output))
        }
    }
}
