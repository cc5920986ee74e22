import Reactor

/// A few threads for short reads of files. What is asked of one of them comes in order, over all there is none.
@Loop
struct WorkerPool {
    private let workers: [Worker]
    private var next = 0

    init(count: Int) { workers = (0..<count).map { _ in Worker() } }

    mutating func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, then completion: @escaping @Sendable @Loop (Value) -> Void
    ) {
        next = (next + 1) % workers.count
        workers[next].run(work, then: completion)
    }
}

/// Notes turns in the memory, one after another. When more wait than are worth it, some are left out.
@Loop
final class MemoryNotes {
    private static let limit = 256
    private let worker = Worker()
    private var waiting = 0

    func add(message: String, answer: String, in tools: any ChatTools) {
        guard waiting < Self.limit else { return }
        waiting += 1
        worker.run({ tools.remember(message: message, answer: answer) }) { [self] in waiting -= 1 }
    }
}
