import Glibc
import Synchronization
import Testing

@testable import Reactor

/// Calls `body` on the loop and waits for what it hands to its continuation.
func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable @Loop (CheckedContinuation<Value, Never>) -> Void
) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { body(continuation) } }
}

@Loop private final class Transcript: PTYProcessDelegate {
    var bytes: [UInt8] = []
    var finished: (@Loop (ProcessOutcome) -> Void)?
    var process: PTYProcess?

    func process(_ process: PTYProcess, wrote bytes: UnsafeRawBufferPointer) { self.bytes += Array(bytes) }
    func process(_ process: PTYProcess, ended outcome: ProcessOutcome) { finished?(outcome) }
}

private func run(_ arguments: [String], input: String = "") async -> (output: String, outcome: ProcessOutcome) {
    await onLoop { continuation in
        let transcript = Transcript()
        // The cycle keeps the transcript until the process has ended: a process holds its delegate weakly.
        transcript.finished = { [transcript] outcome in
            transcript.finished = nil
            continuation.resume(returning: (String(decoding: transcript.bytes, as: UTF8.self), outcome))
        }
        PTYProcess.start(
            arguments: arguments, environment: [("PATH", "/usr/bin:/bin"), ("A", "b")], workingDirectory: "/",
            columns: 100, rows: 30
        ) { result in
            switch result {
            case .failure(let error): continuation.resume(returning: ("\(error)", .exited(-1)))
            case .success(let process):
                transcript.process = process
                process.delegate = transcript
                process.write(Array(input.utf8))
            }
        }
    }
}

@Suite struct PTYProcessTests {
    @Test func `a program sees its arguments, environment, directory and size`() async {
        let result = await run(["sh", "-c", "echo $0 $A; pwd; stty size; exit 3"])
        #expect(result.output == "sh b\r\n/\r\n30 100\r\n")
        #expect(result.outcome == .exited(3))
    }

    @Test func `a signal's death is told apart from an exit`() async {
        #expect(await run(["sh", "-c", "kill -9 $$"]).outcome == .signaled(9))
    }

    @Test func `what is typed reaches the program`() async {
        let result = await run(["sh", "-c", "stty -echo; read x; echo got $x"], input: "yes\n")
        #expect(result.output.hasSuffix("got yes\r\n"))
    }

    @Test func `a program that is not there is told at once`() async {
        #expect(await run(["no-such-program"]).output == "no-such-program: command not found")
        #expect(await run(["/etc"]).output == "cannot run /etc: Permission denied")
    }

    @Test func `much output arrives whole`() async {
        for _ in 0..<5 {
            let result = await run(["head", "-c", "3000000", "/dev/zero"])
            #expect(result.output.utf8.count == 3_000_000)
        }
    }

    @Test func `no descriptor is left behind`() async {
        // In a process of its own, where nobody else opens files or has children.
        await #expect(processExitsWith: .success) { await leaveNothingBehind() }
    }
}

private func leaveNothingBehind() async {
    func descriptors() -> Int {
        var count = 0
        for descriptor in Int32(0)..<512 where fcntl(descriptor, F_GETFD) >= 0 { count += 1 }
        return count
    }
    _ = await run(["true"])
    let before = descriptors()
    for _ in 0..<20 { _ = await run(["true"]) }
    _ = await onLoop { (continuation: CheckedContinuation<Bool, Never>) in
        _ = LoopTimer(after: 50) { continuation.resume(returning: true) }
    }
    precondition(descriptors() <= before + 2, "a descriptor is left behind")
    precondition(waitpid(-1, nil, WNOHANG) <= 0, "a zombie is left behind")
}

@Suite struct LoopTests {
    @Test func `timers fire in order, and not when cancelled`() async {
        let order: [Int] = await onLoop { continuation in
            let fired = Fired()
            _ = LoopTimer(after: 30) { continuation.resume(returning: fired.list + [3]) }
            _ = LoopTimer(after: 10) { fired.list.append(1) }
            _ = LoopTimer(after: 20) { fired.list.append(2) }
            LoopTimer(after: 15) { fired.list.append(9) }.cancel()
        }
        #expect(order == [1, 2, 3])
    }

    @Test func `a timer that sets itself again and again leaves the loop to others`() async {
        let ticker = await onLoop { (continuation: CheckedContinuation<Ticker, Never>) in
            let ticker = Ticker()
            ticker.tick()
            continuation.resume(returning: ticker)
        }
        // What is posted from elsewhere still gets its turn.
        for _ in 0..<10 {
            #expect(
                await onLoop { (continuation: CheckedContinuation<Bool, Never>) in continuation.resume(returning: true)
                })
        }
        let worker = Worker()
        let sum: Int = await onLoop { continuation in
            worker.run({ 42 }, then: { continuation.resume(returning: $0) })
        }
        #expect(sum == 42)
        Loop.post { ticker.isOn = false }
    }

    @Test func `a worker's answer comes back to the loop`() async {
        let worker = Worker()
        let sum: Int = await onLoop { continuation in
            worker.run({ (1...100).reduce(0, +) }, then: { continuation.resume(returning: $0) })
        }
        #expect(sum == 5050)
    }

    @Test func `a task sleeps on the loop`() async {
        let elapsed: Int64 = await onLoop { continuation in
            Loop.spawn {
                let start = Loop.now
                await Loop.sleep(milliseconds: 25)
                continuation.resume(returning: Loop.now - start)
            }
        }
        #expect(elapsed >= 25)
    }
}

@Loop private final class Ticker {
    var isOn = true
    func tick() { if isOn { _ = LoopTimer(after: 0) { self.tick() } } }
}

@Loop private final class Fired {
    var list: [Int] = []
}
