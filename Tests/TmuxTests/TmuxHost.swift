import Fleet
import Glibc
import Reactor
import Testing

@testable import Tmux

/// Calls `body` on the loop and waits for what it hands to its continuation.
func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable @Loop (CheckedContinuation<Value, Never>) -> Void
) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { body(continuation) } }
}

func onLoop<Value: Sendable>(_ body: @escaping @Sendable @Loop () -> Value) async -> Value {
    await onLoop { continuation in continuation.resume(returning: body()) }
}

/// Waits until something is so, and tells whether it came to be in half a minute.
func eventually(_ condition: @escaping @Sendable () async -> Bool) async -> Bool {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(30) {
        if await condition() { return true }
        await onLoop { (continuation: CheckedContinuation<Void, Never>) in
            _ = LoopTimer(after: 10) { continuation.resume() }
        }
    }
    return false
}

/// A tmux server of a test's own, behind a socket in a directory of its own, and the daemon's view of it.
struct TmuxHost: Sendable {
    let directory: String
    let environment: [(String, String)]
    let server: TmuxServer

    /// Options with time for answers on a machine that has much else to do.
    static func patient(idleTime: Int64 = 60_000, mayConnect: Bool = true) -> TmuxServer.Options {
        .init(answerTime: 60_000, idleTime: idleTime, mayConnect: mayConnect)
    }

    /// Runs a test with a server that may be started, and leaves nothing of it behind.
    static func with(
        _ options: TmuxServer.Options = patient(), policy: ConnectionPolicy.Times? = nil,
        _ body: (TmuxHost) async throws -> Void
    ) async throws {
        var template = Array("/tmp/drover-tmux-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let environment = [("PATH", path), ("HOME", directory), ("TMUX_TMPDIR", directory), ("LC_ALL", "C.UTF-8")]
        var options = options
        options.socketName = "test"
        let settled = options
        let server = await onLoop {
            let server = TmuxServer(environment: environment, options: settled)
            if let policy { server.policy = ConnectionPolicy(times: policy) }
            return server
        }
        let host = TmuxHost(directory: directory, environment: environment, server: server)
        do { try await body(host) } catch {
            await host.leave()
            throw error
        }
        await host.leave()
    }

    private func leave() async {
        await onLoop { server.close() }
        _ = await tmux("kill-server")
        _ = await program(["rm", "-rf", directory])
    }

    // MARK: - As a person at a terminal

    func program(_ arguments: [String], input: [UInt8] = []) async -> ProgramOutput {
        let command = ChildProcess.Command(arguments: arguments, environment: environment, workingDirectory: directory)
        let result = await onLoop { continuation in
            ProgramRun.start(command, input: input) { continuation.resume(returning: $0) }
        }
        return (try? result.get()) ?? ProgramOutput(outcome: .exited(-1))
    }

    /// Runs tmux, which starts the server when it is to.
    @discardableResult
    func tmux(_ arguments: String...) async -> String { await tmux(arguments) }

    func tmux(_ arguments: [String]) async -> String {
        let output = await program(["tmux", "-u", "-f", "/dev/null", "-L", "test"] + arguments)
        return TmuxError.trimmed(output.standardOutput)
    }

    /// Starts a session of 100 by 30 cells with a program in its only pane, whose id is returned.
    @discardableResult
    func session(_ name: String = "main", _ command: String = "cat") async throws -> PaneID {
        let id = await tmux("new-session", "-d", "-s", name, "-x", "100", "-y", "30", "-P", "-F", "#{pane_id}", command)
        try #require(id.hasPrefix("%"), "tmux did not start")
        return PaneID(rawValue: id)
    }

    func window(in session: String = "main", _ command: String = "cat") async -> PaneID {
        PaneID(rawValue: await tmux("new-window", "-d", "-t", "=\(session):", "-P", "-F", "#{pane_id}", command))
    }

    var serverPID: pid_t { get async { pid_t(await tmux("display-message", "-p", "#{pid}")) ?? 0 } }

    func contents(of file: String) -> [UInt8] {
        let descriptor = open("\(directory)/\(file)", O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &piece, piece.count), count > 0 { all += piece[..<count] }
        return all
    }

    // MARK: - As the daemon

    func ask<Value: Sendable>(
        _ question: @escaping @Sendable @Loop (TmuxServer, @escaping @Loop (Value) -> Void) -> Void
    ) async -> Value {
        await onLoop { continuation in question(server) { continuation.resume(returning: $0) } }
    }

    func panes() async -> Result<[TmuxPane], TmuxError> { await ask { $0.panes(then: $1) } }

    func pane(_ address: String) async throws -> TmuxPane? {
        let address = try #require(PaneAddress(address))
        return try await ask { $0.pane(at: address, then: $1) }.get()
    }

    func pane(_ id: PaneID) async throws -> TmuxPane? { try await ask { $0.pane(id, then: $1) }.get() }

    /// `Void` is not `Equatable`: no news is good news.
    func failure<Value: Sendable>(
        _ order: @escaping @Sendable @Loop (TmuxServer, @escaping @Loop (Result<Value, TmuxError>) -> Void) -> Void
    ) async -> TmuxError? {
        if case .failure(let error) = await ask(order) { return error }
        return nil
    }

    func paste(_ content: [UInt8], into pane: PaneID, buffer: String = "rtm-test") async -> TmuxError? {
        await failure { $0.paste(content, into: pane, buffer: buffer, then: $1) }
    }

    var isConnected: Bool { get async { await onLoop { server.connection?.isReady ?? false } } }

    /// Asks until there is a connection. On the loop alone: one that is given up soon would be gone before a busy machine
    /// came round to look.
    func connect() async {
        let isConnected = await onLoop { (continuation: CheckedContinuation<Bool, Never>) in
            let deadline = Loop.now + 30_000
            @Loop func ask() {
                server.panes { _ in
                    if server.connection?.isReady == true { return continuation.resume(returning: true) }
                    guard Loop.now < deadline else { return continuation.resume(returning: false) }
                    _ = LoopTimer(after: 10) { ask() }
                }
            }
            ask()
        }
        #expect(isConnected, "no connection came about")
    }
}
