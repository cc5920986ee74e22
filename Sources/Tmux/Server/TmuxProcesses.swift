import Glibc
import Reactor

/// Runs tmux for one question each, a few at a time; the others wait in order.
@Loop
final class TmuxProcesses {
    private struct Waiting {
        var command: ChildProcess.Command
        var input: [UInt8]
        var deadline: Int64
        var then: @Loop (Result<[UInt8], TmuxError>) -> Void
    }

    private var waiting: [Waiting] = []
    private var running: [Int: ProgramRun] = [:]
    private var lastNumber = 0
    private var isClosed = false

    static let runningLimit = 4
    static let waitingLimit = 256

    var isFull: Bool { waiting.count >= Self.waitingLimit }

    /// Runs tmux and hands over what it wrote to stdout, if it ended well.
    ///
    /// - Parameters:
    ///   - time: Milliseconds from now to the end, waiting included.
    ///   - then: Never called within this call.
    func run(
        _ command: ChildProcess.Command, input: [UInt8] = [], time: Int64,
        then: @escaping @Loop (Result<[UInt8], TmuxError>) -> Void
    ) {
        if isClosed || isFull {
            let error = isClosed ? TmuxError.closed : .overloaded
            _ = LoopTimer(after: 0) { then(.failure(error)) }
            return
        }
        waiting.append(Waiting(command: command, input: input, deadline: Loop.now + time, then: then))
        startNext()
    }

    private func startNext() {
        while running.count < Self.runningLimit, !waiting.isEmpty {
            let next = waiting.removeFirst()
            lastNumber += 1
            let number = lastNumber
            running[number] = ProgramRun.start(
                next.command, input: next.input, limits: .init(time: max(0, next.deadline - Loop.now))
            ) { result in
                self.running[number] = nil
                next.then(Self.answer(result))
                self.startNext()
            }
        }
    }

    private static func answer(_ result: Result<ProgramOutput, ProgramError>) -> Result<[UInt8], TmuxError> {
        switch result {
        case .success(let output):
            if output.outcome == .exited(0) { return .success(output.standardOutput) }
            return .failure(TmuxError(stderr: output.standardError, otherwise: "tmux ended with \(output.outcome)"))
        case .failure(.notStarted(let error)):
            if case .execute = error.stage, error.code == ENOENT { return .failure(.notInstalled) }
            return .failure(.failed(stderr: "\(error)"))
        case .failure(.timedOut): return .failure(.timedOut)
        case .failure(.cancelled): return .failure(.closed)
        case .failure(.outputTooLong(let limit)):
            return .failure(.failed(stderr: "the answer is longer than \(limit) bytes"))
        }
    }

    /// Kills what runs and asks nothing any more; those that wait are told that it is closed.
    func close() {
        isClosed = true
        let dropped = waiting
        waiting = []
        for run in running.values { run.cancel() }
        for item in dropped { _ = LoopTimer(after: 0) { item.then(.failure(.closed)) } }
    }
}
