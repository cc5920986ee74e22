import Fleet
import Glibc
import Reactor
import Testing

@testable import Tmux

/// Failures are forgotten quickly, so that a test need not wait for the next attempt.
private let eager = ConnectionPolicy.Times(firstPause: 10, longestPause: 20)

extension TmuxHost {
    fileprivate func clients() async -> [String] {
        await tmux("list-clients", "-F", "#{client_control_mode} #{client_flags}").split(separator: "\n").map(
            String.init)
    }

    /// Attaches as a person does, with a terminal.
    fileprivate func attach(to session: String) async -> PTYProcess? {
        let arguments = ["tmux", "-L", "test", "attach-session", "-t", "=\(session)"]
        let environment = environment + [("TERM", "xterm")]
        return await onLoop { continuation in
            PTYProcess.start(
                arguments: arguments, environment: environment, workingDirectory: directory, columns: 120, rows: 41
            ) { continuation.resume(returning: try? $0.get()) }
        }
    }
}

@Suite struct ConnectionTests {
    @Test func `a lone question needs no connection, questions one after another get one`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            _ = try await host.panes().get()
            #expect(await host.clients() == [])
            await host.connect()
            let clients = await host.clients()
            #expect(clients.count == 1)
            #expect(clients.first?.contains("no-output") == true)
            #expect(clients.first?.contains("ignore-size") == true)
        }
    }

    @Test func `it is given up when nobody asks, and opened again`() async throws {
        try await TmuxHost.with(TmuxHost.patient(idleTime: 50)) { host in
            try await host.session()
            for _ in 0..<2 {
                await host.connect()
                #expect(await eventually { await !host.isConnected })
                #expect(await eventually { await host.clients() == [] })
            }
        }
    }

    @Test(arguments: ["latest", "largest", "smallest", "manual"])
    func `windows, environments and the order of sessions stay as they are`(windowSize: String) async throws {
        try await TmuxHost.with { host in
            try await host.session("older")
            try await host.session("newer")
            await host.tmux("set-option", "-g", "window-size", windowSize)
            func state() async -> [String] {
                await [
                    host.tmux(
                        "list-windows", "-a", "-F", "#{window_id} #{window_width}x#{window_height} #{window_activity}"),
                    host.tmux("show-environment", "-t", "=newer"), host.tmux("show-environment", "-t", "=older"),
                    host.tmux("show-environment", "-g"),
                    host.tmux("display-message", "-p", "#{session_name}"),
                ]
            }
            let before = await state()
            await host.connect()
            #expect(await state() == before)
            await onLoop { host.server.close() }
            #expect(await eventually { await host.clients() == [] })
            #expect(await state() == before)
        }
    }

    @Test(arguments: [
        ["set-hook", "-g", "client-attached", "run-shell true"],
        ["set-hook", "-t", "=main:", "client-detached", "run-shell true"],
        ["set-option", "-s", "focus-events", "on"],
    ])
    func `where somebody would notice, there is none`(setting: [String]) async throws {
        try await TmuxHost.with(policy: eager) { host in
            try await host.session()
            _ = await host.tmux(setting)
            // More than enough for one to come about, with the pause between two attempts.
            for _ in 0..<40 {
                _ = await host.panes()
                #expect(await !host.isConnected)
            }
        }
    }

    @Test(arguments: ["latest", "largest", "smallest"])
    func `who is attached keeps the size of the window`(windowSize: String) async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.tmux("set-option", "-g", "window-size", windowSize)
            let person = await host.attach(to: "main")
            #expect(await eventually { (try? await host.panes().get().map(\.height)) == [40] })
            await host.connect()
            #expect(try await host.panes().get().map { "\($0.width)x\($0.height)" } == ["120x40"])
            // Another window is looked at, for which tmux reckons anew.
            await host.tmux("new-window", "-t", "=main:", "cat")
            #expect(try await host.panes().get().map { "\($0.width)x\($0.height)" } == ["120x40", "120x40"])
            await onLoop { host.server.close() }
            #expect(await eventually { await host.clients().count == 1 })
            #expect(await host.tmux("display-message", "-p", "#{window_width}x#{window_height}") == "120x40")
            await onLoop { person?.signal(SIGKILL) }
        }
    }

    @Test func `a bell that nobody has seen stays`() async throws {
        try await TmuxHost.with(policy: eager) { host in
            try await host.session("main", "printf '\\a'; exec cat")
            #expect(await eventually { await host.tmux("list-windows", "-F", "#{window_bell_flag}") == "1" })
            for _ in 0..<20 {
                #expect(try await host.panes().get().count == 1)
                #expect(await !host.isConnected)
            }
            #expect(await host.tmux("list-windows", "-F", "#{window_bell_flag}") == "1")
        }
    }

    @Test func `nothing ends because we leave, and nothing stays because of us`() async throws {
        try await TmuxHost.with(policy: eager) { host in
            try await host.session()
            let person = await host.attach(to: "main")
            #expect(await eventually { await host.clients().count == 1 })
            await host.tmux("set-option", "-t", "=main:", "destroy-unattached", "on")
            for _ in 0..<20 {
                #expect(try await host.panes().get().map(\.sessionAttached) == [1])
                #expect(await !host.isConnected)
            }
            await host.tmux("set-option", "-t", "=main:", "destroy-unattached", "off")
            await host.connect()
            #expect(try await host.panes().get().map(\.sessionAttached) == [1])
            await onLoop { person?.signal(SIGKILL) }
        }
    }

    @Test func `it moves on when its session is destroyed, or somebody detaches it`() async throws {
        try await TmuxHost.with(policy: eager) { host in
            try await host.session("one")
            try await host.session("two")
            await host.connect()
            let session = try #require(await onLoop { host.server.connection?.sessionID })
            await host.tmux("kill-session", "-t", session)
            #expect(try await host.panes().get().count == 1)
            await host.connect()
            await host.tmux("detach-client", "-a")
            await host.tmux("detach-client", "-s", "$0")
            await host.tmux("detach-client", "-s", "$1")
            #expect(await eventually { await !host.isConnected })
            #expect(try await host.panes().get().count == 1)
            await host.connect()
        }
    }

    @Test func `what hooks say is nobody's answer`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.tmux("set-hook", "-g", "after-list-panes", "display-message -p hooked")
            await host.tmux("set-hook", "-g", "command-error", "display-message -p hooked")
            await host.connect()
            for _ in 0..<20 {
                #expect(try await host.panes().get().count == 1)
                let wrong: Result<[UInt8], TmuxError> = await host.ask {
                    $0.ask(["list-panes", "-t", "%999"], then: $1)
                }
                #expect(wrong == .failure(.failed(stderr: "can't find pane: %999")))
            }
            #expect(await host.isConnected)
        }
    }

    @Test func `closing answers everybody who waits, and everybody who comes`() async throws {
        for mayConnect in [true, false] {
            try await TmuxHost.with(TmuxHost.patient(mayConnect: mayConnect)) { host in
                let pane = try await host.session()
                if mayConnect { await host.connect() }
                let closed: Int = await onLoop { continuation in
                    let answers = Answers()
                    let answered: @Loop (TmuxError?) -> Void = { error in
                        answers.list.append(error == .closed)
                        if answers.list.count == 60 { continuation.resume(returning: answers.list.count { $0 }) }
                    }
                    for _ in 0..<20 {
                        host.server.panes { answered($0.failure) }
                        host.server.capture(pane, scrollback: 0) { answered($0.failure) }
                        host.server.paste([0x61], into: pane, buffer: "rtm-test") { answered($0.failure) }
                    }
                    host.server.close()
                }
                #expect(closed == 60)
                #expect(await host.panes() == .failure(.closed))
                #expect(await eventually { await host.clients() == [] })
            }
        }
    }

    @Test func `too many questions at once are refused, and nobody is left without an answer`() async throws {
        try await TmuxHost.with(TmuxHost.patient(mayConnect: false)) { host in
            try await host.session()
            let pid = await host.serverPID
            let capacity = await onLoop { TmuxProcesses.runningLimit + TmuxProcesses.waitingLimit }
            // Nobody is answered before all have asked, and then nobody has to be.
            kill(pid, SIGSTOP)
            let (refused, closed): (Int, Int) = await onLoop { continuation in
                let (refusals, ends) = (Answers(), Answers())
                for _ in 0..<(capacity + 20) {
                    host.server.panes { result in
                        if result.failure == .overloaded {
                            refusals.list.append(true)
                        } else {
                            ends.list.append(result.failure == .closed)
                        }
                        if refusals.list.count == 20, ends.list.isEmpty { host.server.close() }
                        if refusals.list.count + ends.list.count == capacity + 20 {
                            continuation.resume(returning: (refusals.list.count, ends.list.count { $0 }))
                        }
                    }
                }
            }
            kill(pid, SIGCONT)
            #expect((refused, closed) == (20, capacity))
        }
    }

    @Test func `many questions at once are answered, more than are asked at a time`() async throws {
        try await TmuxHost.with(TmuxHost.patient(mayConnect: false)) { host in
            try await host.session()
            await withTaskGroup { group in
                for _ in 0..<40 {
                    group.addTask { #expect(await host.panes().failure == nil) }
                }
            }
        }
    }
}

extension Result where Failure == TmuxError {
    fileprivate var failure: TmuxError? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

@Loop private final class Answers {
    var list: [Bool] = []
}
