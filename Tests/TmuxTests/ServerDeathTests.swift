import Fleet
import Glibc
import Reactor
import Testing

@testable import Tmux

/// Failures are forgotten quickly, so that a test need not wait for the next attempt.
private let eager = ConnectionPolicy.Times(firstPause: 10, longestPause: 20)

extension TmuxHost {
    /// Starts the server again, as soon as the one before has let go of the socket.
    fileprivate func restart() async -> Bool { await eventually { (try? await session()) != nil } }
}

@Suite struct ServerDeathTests {
    @Test func `a killed server is told as such, and its successor is found`() async throws {
        try await TmuxHost.with(policy: eager) { host in
            for _ in 0..<3 {
                #expect(await host.restart())
                await host.connect()
                kill(await host.serverPID, SIGKILL)
                #expect(await eventually { await host.panes() == .failure(.noServer) })
                #expect(await eventually { await !host.isConnected })
            }
        }
    }

    @Test(arguments: [true, false])
    func `killed in the middle of questions, each has an answer and none is empty`(mayConnect: Bool) async throws {
        try await TmuxHost.with(TmuxHost.patient(mayConnect: mayConnect), policy: eager) { host in
            for round in 0..<6 {
                #expect(await host.restart())
                _ = await host.tmux(
                    (0..<30).flatMap { _ in ["new-window", "-d", "-t", "=main:", "cat", ";"] }.dropLast())
                if mayConnect { await host.connect() }
                let pid = await host.serverPID
                await withTaskGroup { group in
                    for number in 0..<30 {
                        group.addTask {
                            if number == round * 5 { kill(pid, SIGKILL) }
                            switch await host.panes() {
                            case .success(let panes): #expect(panes.count == 31)
                            case .failure(let error): #expect(error == .noServer)
                            }
                        }
                        group.addTask {
                            let pane = PaneID(rawValue: "%1")
                            switch await host.ask({ $0.capture(pane, scrollback: 10, then: $1) }) {
                            case .success(let capture): #expect(capture.content.count == 30)
                            case .failure(let error): #expect(error == .noServer)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func `a server that hangs is not waited for longer than told, and asked again when it goes on`(
        mayConnect: Bool
    ) async throws {
        try await TmuxHost.with(.init(answerTime: 1_000, mayConnect: mayConnect), policy: eager) { host in
            try await host.session()
            if mayConnect { await host.connect() }
            let pid = await host.serverPID
            kill(pid, SIGSTOP)
            let start = ContinuousClock.now
            async let first = host.panes()
            async let second = host.panes()
            #expect(await (first, second) == (.failure(.timedOut), .failure(.timedOut)))
            #expect(await host.paste([0x61], into: PaneID(rawValue: "%0")) == .timedOut)
            #expect(ContinuousClock.now - start < .seconds(20))
            kill(pid, SIGCONT)
            #expect(await eventually { (try? await host.panes().get().count) == 1 })
        }
    }
}
