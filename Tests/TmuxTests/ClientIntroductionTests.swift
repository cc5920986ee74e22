import Fleet
import Glibc
import Testing

@testable import Tmux

@Suite struct ClientIntroductionTests {
    private enum Flag: UInt32 { case none = 0, old = 0x0001_0000, new = 0x8000_0000 }

    private func message(_ type: UInt32, _ text: String = "", _ flag: Flag = .none) -> [UInt8] {
        let head = [type, UInt32(16 + text.utf8.count) | flag.rawValue, 8, 4711]
        return head.flatMap { word in withUnsafeBytes(of: word) { Array($0) } } + text.utf8
    }

    private func introduction(_ flag: Flag) -> [UInt8] {
        message(111, "flags") + message(101, "xterm") + message(104, "", flag) + message(110, "", flag)
            + message(107, "pid") + message(105, "A=b")
    }

    @Test func `files go first, and all that makes a client of it follows in one piece`() throws {
        for flag in [Flag.old, .new] {
            let said = introduction(flag) + message(106) + Array("and a command".utf8)
            for cut in [1, 15, 16, 17, 40, said.count] {
                var introduction = ClientIntroduction()
                var isTold = false
                for start in stride(from: 0, to: said.count, by: cut) {
                    let piece = Array(said[start..<min(start + cut, said.count)])
                    introduction.feed(piece, files: start == 0 ? [7, 8] : [])
                    guard let pieces = try introduction.pieces() else { continue }
                    isTold = true
                    #expect(
                        pieces.prefix(2) == [
                            .init(bytes: message(104, "", flag), file: 7),
                            .init(bytes: message(110, "", flag), file: 8),
                        ])
                    let rest =
                        message(111, "flags") + message(101, "xterm") + message(107, "pid") + message(105, "A=b")
                        + message(106)
                    #expect(pieces[2].bytes.starts(with: rest) && pieces.count == 3)
                    if start + cut >= said.count { #expect(pieces[2].bytes == rest + Array("and a command".utf8)) }
                }
                #expect(isTold)
            }
        }
    }

    @Test func `what is not understood is not passed on`() {
        func refuses(_ bytes: [UInt8], _ files: [Int32] = []) -> Bool {
            var introduction = ClientIntroduction()
            introduction.feed(bytes, files: files)
            do { return try introduction.pieces() == nil && bytes.isEmpty } catch { return true }
        }
        #expect(refuses(message(200, "a command before the end")))
        #expect(refuses(message(104, "", .old)), "a file that did not come")
        #expect(refuses(message(111) + message(106), [5]), "a file that nobody speaks of")
        #expect(refuses([UInt8](repeating: 0, count: 16)))
        #expect(refuses([UInt8](repeating: 0xFF, count: 16)))
        var endless: [UInt8] = []
        for _ in 0..<300 { endless += message(105, String(repeating: "x", count: 200)) }
        #expect(refuses(endless))
    }

    /// tmux 3.3a alone dies within a few dozen rounds of this.
    @Test func `the server survives that sessions change while the connection comes and goes`() async throws {
        try await TmuxHost.with(
            TmuxHost.patient(idleTime: 1), policy: ConnectionPolicy.Times(idle: 1, firstPause: 1, longestPause: 1)
        ) { host in
            try await host.session()
            try await host.session("other")
            let pid = await host.serverPID
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for number in 0..<1000 where !Task.isCancelled {
                        await host.tmux(
                            "rename-session", "-t", number % 2 == 0 ? "=other" : "=another",
                            number % 2 == 0 ? "another" : "other")
                    }
                }
                for _ in 0..<40 {
                    await host.connect()
                    try #require(await eventually { await !host.isConnected })
                    try #require(kill(pid, 0) == 0, "the server has died")
                }
                group.cancelAll()
            }
            #expect(await host.serverPID == pid)
            #expect(await eventually { await host.tmux("list-clients").isEmpty })
        }
    }
}
