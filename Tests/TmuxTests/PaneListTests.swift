import Fleet
import Glibc
import Reactor
import Testing

@testable import Tmux

@Suite struct PaneListTests {
    @Test func `hundreds of panes are listed, by a process and by a connection alike`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            for _ in 0..<3 {
                let windows = (0..<100).flatMap { _ in ["new-window", "-d", "-t", "=main:", "cat", ";"] }
                _ = await host.tmux(windows.dropLast())
            }
            let byProcess = try await host.panes().get()
            #expect(byProcess.count == 301)
            #expect(Set(byProcess.map(\.id)).count == 301)
            #expect(byProcess.map { UInt32($0.address.window) } == Array(0...300))
            await host.connect()
            let byConnection = try await host.panes().get()
            #expect(byConnection.map(\.id) == byProcess.map(\.id))
            #expect(byConnection.allSatisfy { $0.width == 100 && $0.height == 30 && !$0.isDead && $0.pid > 0 })
            #expect(byConnection.allSatisfy { $0.sessionAttached == 0 }, "we count ourselves")
            #expect(try await host.pane("main:217.0")?.id == byProcess[217].id)
        }
    }

    @Test(arguments: [true, false])
    func `no server is told as such, never as no panes`(mayConnect: Bool) async throws {
        try await TmuxHost.with(TmuxHost.patient(mayConnect: mayConnect)) { host in
            let pane = PaneID(rawValue: "%0")
            for _ in 0..<2 {
                #expect(await host.panes() == .failure(.noServer))
                #expect(await host.ask { $0.pane(pane, then: $1) } == .failure(.noServer))
                #expect(await host.ask { $0.capture(pane, scrollback: 0, then: $1) } == .failure(.noServer))
                #expect(await host.ask { $0.screen(pane, then: $1) } == .failure(.noServer))
                #expect(await host.paste([0x61], into: pane) == .noServer)
                #expect(await host.failure { $0.sendBytes([0x61], to: pane, then: $1) } == .noServer)
                #expect(
                    await host.failure { $0.respawn(pane, variable: ("A", "b"), command: ["x"], then: $1) } == .noServer
                )
            }
            // Nothing of this has started one.
            #expect(await host.tmux("list-sessions") == "")
        }
    }

    @Test func `a server without sessions has no panes`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.tmux("set-option", "-s", "exit-empty", "off")
            await host.tmux("kill-session", "-t", "=main")
            for _ in 0..<4 { #expect(await host.panes() == .success([])) }
        }
    }

    @Test func `without tmux on the PATH everything says so`() async throws {
        let server = await onLoop { TmuxServer(environment: [("PATH", "/nonexistent")]) }
        let pane = PaneID(rawValue: "%0")
        #expect(await onLoop { next in server.version { next.resume(returning: $0) } } == TmuxVersion.notInstalled)
        #expect(await onLoop { next in server.panes { next.resume(returning: $0) } } == .failure(.notInstalled))
        let pasted: Result<Void, TmuxError> = await onLoop { next in
            server.paste([0x61], into: pane, buffer: "b") { next.resume(returning: $0) }
        }
        #expect(throws: TmuxError.notInstalled) { try pasted.get() }
        await onLoop { server.close() }
    }

    @Test func `the server is the one that the environment names`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            let socket = await host.tmux("display-message", "-p", "#{socket_path}")
            let path = host.environment.filter { $0.0 == "PATH" }
            for environment in [[("TMUX", "\(socket),1,0"), ("TMUX_PANE", "%7")], [("TMUX", "/nonexistent,1,0")]] {
                let server = await onLoop { TmuxServer(environment: path + environment) }
                for attempt in 0..<200 {
                    let panes = await onLoop { next in server.panes { next.resume(returning: $0) } }
                    if environment.count == 1 {
                        #expect(panes == .failure(.noServer))
                        break
                    }
                    #expect(try panes.get().map(\.id) == [pane])
                    if await onLoop({ server.connection?.isReady == true }) { break }
                    #expect(attempt < 199, "no connection came about")
                }
                await onLoop { server.close() }
            }
        }
    }

    @Test func `the version is tmux's own words`() async throws {
        try await TmuxHost.with { host in
            guard case .available(let text) = await host.ask({ $0.version(then: $1) }) else { Issue.record(); return }
            #expect(text.hasPrefix("tmux "))
        }
    }

    @Test func `ids stay while addresses move`() async throws {
        try await TmuxHost.with { host in
            let first = try await host.session()
            let second = PaneID(
                rawValue: await host.tmux("split-window", "-t", "=main:", "-P", "-F", "#{pane_id}", "cat"))
            let third = PaneID(
                rawValue: await host.tmux("split-window", "-t", "=main:", "-P", "-F", "#{pane_id}", "cat"))
            #expect(try await host.pane("main:0.2")?.id == third)
            await host.tmux("kill-pane", "-t", second.rawValue)
            #expect(try await host.pane("main:0.1")?.id == third)
            #expect(try await host.pane("main:0.2") == nil)
            #expect(try await host.pane(third)?.address == PaneAddress("main:0.1"))
            #expect(try await host.pane(second) == nil)
            #expect(try await host.pane(first)?.address == PaneAddress("main:0.0"))
        }
    }

    @Test func `a session's name is matched exactly, however it is written`() async throws {
        try await TmuxHost.with { host in
            try await host.session("abc")
            #expect(try await host.pane("ab:0.0") == nil)
            #expect(try await host.pane("=abc:0.0") == nil)
            try await host.session("ab")
            #expect(try await host.pane("ab:0.0")?.address == PaneAddress("ab:0.0"))
            let names = [
                "with space", "=eq", "%pct", "%1", "$dol", "$1", "@at", "a.b", "é", "-dash", "{m}", "+1", "!",
                "back\\slash",
                "~", "it's \"q\"", "#x", "semi;", "*", "[x]",
            ]
            for name in names { await host.tmux("new-session", "-d", "-s", TmuxArgument.listed(name), "cat") }
            // What tmux makes of these names is its affair; what it shows is what people write.
            let addresses = await host.tmux("list-panes", "-a", "-F", "#S:#I.#P").split(separator: "\n").map(
                String.init)
            #expect(addresses.count == names.count + 2)
            for _ in 0..<2 {
                for address in addresses {
                    #expect(try await host.pane(address)?.address.description == address)
                    #expect(try await host.pane("x\(address)") == nil)
                }
                #expect(try await host.panes().get().map(\.address.description).sorted() == addresses.sorted())
                await host.connect()
            }
        }
    }

    @Test func `a pane whose program has ended is not alive at its address, and is found by its id`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.tmux("set-option", "-g", "remain-on-exit", "on")
            let dead = await host.window("exit 3")
            #expect(await eventually { (try? await host.pane(dead)?.isDead) == true })
            #expect(try await host.pane("main:1.0") == nil)
            #expect(try await host.pane("main:0.0") != nil)
        }
    }

    @Test func `a directory's name cannot pass for anything else`() async throws {
        try await TmuxHost.with { host in
            let path = host.directory + "/we ird\n%end 1 2 1\n%5 $3\t'\"$x;#{y}é\\"
            #expect(mkdir(path, 0o700) == 0)
            try await host.session("main", "cd we*; exec cat")
            for _ in 0..<2 {
                #expect(await eventually { (try? await host.panes().get().map(\.currentPath)) == [path] })
                await host.connect()
            }
        }
    }

    @Test func `what a pane is and does can be seen`() async throws {
        try await TmuxHost.with { host in
            let id = try await host.session("main", "printf 'a\\nbc'; exec cat")
            #expect(await eventually { (try? await host.pane(id)?.cursor.row) == 1 })
            await host.tmux("copy-mode", "-t", id.rawValue)
            await host.tmux("select-pane", "-d", "-t", id.rawValue)
            let pane = try #require(try await host.pane(id))
            #expect(pane.cursor == TmuxPane.Cursor(column: 2, row: 1, isVisible: true))
            #expect((pane.isInMode, pane.isInputOff, pane.isDead, pane.isSynchronized) == (true, true, false, false))
            #expect((pane.currentCommand, pane.historySize) == ("cat", 0))
            #expect(pane.windowActivity > 1_600_000_000)
        }
    }

    @Test func `what is not a pane's id is not asked for`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            let wrong = PaneID(rawValue: "main:0")
            let expected = TmuxError.failed(stderr: "main:0 is not a pane's id")
            #expect(await host.ask { $0.pane(wrong, then: $1) } == .failure(expected))
            #expect(await host.ask { $0.capture(wrong, scrollback: 0, then: $1) } == .failure(expected))
            #expect(await host.paste([0x61], into: wrong) == expected)
        }
    }
}
