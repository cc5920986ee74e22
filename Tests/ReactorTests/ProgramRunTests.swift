import Glibc
import Testing

@testable import Reactor

private typealias Outcome = Result<ProgramOutput, ProgramError>

private func run(
    _ arguments: [String], input: [UInt8] = [], limits: ProgramRun.Limits = .init(), directory: String? = nil
) async -> Outcome {
    await onLoop { continuation in
        let command = ChildProcess.Command(
            arguments: arguments, environment: [("PATH", "/usr/bin:/bin"), ("A", "b")], workingDirectory: directory)
        ProgramRun.start(command, input: input, limits: limits) { continuation.resume(returning: $0) }
    }
}

@Suite struct ProgramRunTests {
    @Test func `a program's outputs and its end are told together`() async throws {
        let output = try await run(["sh", "-c", "echo out $A; echo err >&2; pwd; exit 3"], directory: "/").get()
        #expect(output.outcome == .exited(3))
        #expect(output.standardOutput == Array("out b\n/\n".utf8))
        #expect(output.standardError == Array("err\n".utf8))
    }

    @Test func `input arrives whole, more than a pipe holds, while output is read`() async throws {
        let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let output = try await run(["cat"], input: input).get()
        #expect(output.standardOutput == input)
    }

    @Test func `a program that wants no input is not waited for`() async throws {
        let output = try await run(["sh", "-c", "exec <&-; echo done"], input: .init(repeating: 0, count: 1 << 20))
            .get()
        #expect(output.standardOutput == Array("done\n".utf8))
    }

    @Test func `no input is the end of input`() async throws {
        #expect(try await run(["cat"]).get() == ProgramOutput(outcome: .exited(0)))
    }

    @Test func `a program that takes too long is killed, and reaped before that is told`() async {
        let start = ContinuousClock.now
        #expect(await run(["sleep", "100"], limits: .init(time: 100)) == .failure(.timedOut(after: 100)))
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func `a killed program's children do not hold its end up`() async {
        let start = ContinuousClock.now
        let result = await run(["sh", "-c", "sleep 100 & sleep 100"], limits: .init(time: 100))
        #expect(result == .failure(.timedOut(after: 100)))
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func `children that outlive a program do not hold its end up for long`() async throws {
        let start = ContinuousClock.now
        let output = try await run(["sh", "-c", "sleep 100 & echo here"]).get()
        #expect(output.standardOutput == Array("here\n".utf8))
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func `too much output is a failure, too much of stderr is cut`() async throws {
        let endless = await run(["cat", "/dev/zero"], limits: .init(output: 100_000))
        #expect(endless == .failure(.outputTooLong(limit: 100_000)))
        let output = try await run(["sh", "-c", "head -c 300000 /dev/zero >&2"], limits: .init(error: 1000)).get()
        #expect(output.standardError.count == 1000)
        #expect(output.outcome == .exited(0))
        #expect(
            try await run(["head", "-c", "1000", "/dev/zero"], limits: .init(output: 1000)).get().standardOutput.count
                == 1000)
    }

    @Test func `a program that is not there, and one that dies of a signal`() async throws {
        let missing = await run(["no-such-program"])
        #expect(missing == .failure(.notStarted(SpawnError(stage: .execute("no-such-program"), code: ENOENT))))
        #expect(try await run(["sh", "-c", "kill -9 $$"]).get().outcome == .signaled(9))
    }

    @Test func `cancelling kills, whether it has started or not`() async {
        for delay in [Int64(-1), 0, 20] {
            let result: Outcome = await onLoop { continuation in
                let command = ChildProcess.Command(
                    arguments: ["sleep", "30"], environment: [("PATH", "/usr/bin:/bin")])
                let run = ProgramRun.start(command) { continuation.resume(returning: $0) }
                if delay < 0 { run.cancel() } else { _ = LoopTimer(after: delay) { run.cancel() } }
            }
            #expect(result == .failure(.cancelled))
        }
    }

    @Test func `no descriptor and no process is left behind`() async {
        // In a process of its own, where nobody else opens files or has children.
        await #expect(processExitsWith: .success) { await leaveNothingBehind() }
    }

    @Test func `without a descriptor left the reason is told`() async {
        await #expect(processExitsWith: .success) { await recoverFromTooManyFiles() }
    }
}

private func leaveNothingBehind() async {
    func descriptors() -> Int {
        (Int32(0)..<512).count { fcntl($0, F_GETFD) >= 0 }
    }
    func everything() async {
        _ = await run(["true"])
        _ = await run(["cat"], input: .init(repeating: 1, count: 200_000))
        _ = await run(["no-such-program"], input: [1])
        _ = await run(["sleep", "30"], input: .init(repeating: 1, count: 200_000), limits: .init(time: 5))
        _ = await run(["cat", "/dev/zero"], limits: .init(output: 1000))
    }
    await everything()
    let before = descriptors()
    for _ in 0..<10 { await everything() }
    // Descriptors are closed at the end of the turn in which their owners let go of them.
    for _ in 0..<3 { await onLoop { (continuation: CheckedContinuation<Void, Never>) in continuation.resume() } }
    precondition(descriptors() <= before, "a descriptor is left behind")
    precondition(waitpid(-1, nil, WNOHANG) <= 0, "a zombie is left behind")
}

private func recoverFromTooManyFiles() async {
    _ = await run(["true"])
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(7), &limit)
    limit.rlim_cur = 64
    setrlimit(__rlimit_resource_t(7), &limit)
    var taken: [Int32] = []
    while case let descriptor = open("/dev/null", O_RDONLY), descriptor >= 0 { taken.append(descriptor) }
    let result = await run(["true"])
    precondition(result == .failure(.notStarted(SpawnError(stage: .pipe, code: EMFILE))), "\(result)")
    for descriptor in taken { close(descriptor) }
    let again = await run(["true"])
    precondition(again == .success(ProgramOutput(outcome: .exited(0))), "it does not recover")
}
