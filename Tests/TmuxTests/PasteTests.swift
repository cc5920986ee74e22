import Fleet
import Reactor
import Testing

@testable import Tmux

/// A program that writes down every byte it gets, once it says that it is ready.
private func recorder(_ file: String, brackets: Bool = false) -> String {
    let asking = brackets ? #"\033[?2004h"# : ""
    return "stty raw -echo; printf '\(asking)ready'; exec cat >\(file)"
}

extension TmuxHost {
    fileprivate func isReady(_ pane: PaneID) async -> Bool {
        await eventually { (try? await self.pane(pane)?.cursor.column) == 5 }
    }

    /// Waits until a recorder has written down as many bytes, or more.
    fileprivate func recorded(_ count: Int, in file: String) async -> [UInt8] {
        _ = await eventually { contents(of: file).count >= count }
        return contents(of: file)
    }
}

private let bracketStart = Array("\u{1B}[200~".utf8)
private let bracketEnd = Array("\u{1B}[201~".utf8)

@Suite struct PasteTests {
    private static let contents: [(String, [UInt8])] = [
        ("a word", Array("hello".utf8)),
        ("a leading dash", Array("-l --help".utf8)),
        ("a semicolon at the end", Array("echo;".utf8)),
        ("only a semicolon", Array(";".utf8)),
        ("line feeds", Array("one\ntwo\n\nthree\n".utf8)),
        ("carriage returns", Array("one\rtwo\r\n".utf8)),
        ("quotes and tmux's own language", Array("'\"`$HOME ~ #{pane_id} {x} %1 \\ \\; ; kill-server".utf8)),
        ("other scripts", Array("çé 漢字 😀 e\u{301}".utf8)),
        ("control characters", Array(1...31) + [0x7F]),
        ("every byte but NUL", (1...255).map { UInt8($0) }),
        ("300 000 bytes", (0..<300_000).map { UInt8(ascii: "a") + UInt8($0 % 26) }),
        ("one byte", Array("x".utf8)),
    ]

    @Test(arguments: [false, true])
    func `contents arrive byte for byte, in brackets exactly when asked for, with one Enter after`(
        brackets: Bool
    ) async throws {
        try await TmuxHost.with { host in
            try await host.session()
            for (index, (name, content)) in Self.contents.enumerated() {
                let pane = await host.window(recorder("got\(index)", brackets: brackets))
                #expect(await host.isReady(pane))
                #expect(await host.paste(content, into: pane) == nil, "\(name)")
                let whole = (brackets ? bracketStart + content + bracketEnd : content) + [0x0D]
                #expect(await host.recorded(whole.count, in: "got\(index)") == whole, "\(name)")
            }
            #expect(await host.tmux("list-buffers") == "")
        }
    }

    @Test func `nobody breaks out of the bracket`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", recorder("got", brackets: true))
            #expect(await host.isReady(pane))
            let content = Array("a\u{1B}[20\u{1B}[201~1~\u{1B}[201~rm -rf /\n".utf8)
            #expect(await host.paste(content, into: pane) == nil)
            let whole = bracketStart + Array("arm -rf /\n".utf8) + bracketEnd + [0x0D]
            #expect(await host.recorded(whole.count, in: "got") == whole)
        }
    }

    @Test func `nothing but an end of a paste, and nothing at all, are an Enter`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", recorder("got", brackets: true))
            #expect(await host.isReady(pane))
            #expect(await host.paste([], into: pane) == nil)
            #expect(await host.paste(bracketEnd, into: pane) == nil)
            #expect(await host.recorded(2, in: "got") == [0x0D, 0x0D])
        }
    }

    @Test(arguments: ["copy-mode", "clock-mode", "choose-tree"])
    func `a mode is left first`(mode: String) async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", recorder("got"))
            #expect(await host.isReady(pane))
            await host.tmux(mode, "-t", pane.rawValue)
            #expect(try await host.pane(pane)?.isInMode == true)
            #expect(await host.paste(Array("text".utf8), into: pane) == nil)
            #expect(await host.recorded(5, in: "got") == Array("text\r".utf8))
            #expect(try await host.pane(pane)?.isInMode == false)
        }
    }

    @Test func `pastes to one pane at once come one after another, others at the same time`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", recorder("got", brackets: true))
            let other = await host.window(recorder("other"))
            #expect(await host.isReady(pane))
            #expect(await host.isReady(other))
            let texts = (0..<6).map { number in Array(String(repeating: "\(number)", count: 3_000).utf8) }
            await withTaskGroup { group in
                for (number, text) in texts.enumerated() {
                    group.addTask { #expect(await host.paste(text, into: pane, buffer: "rtm-\(number)") == nil) }
                }
                group.addTask { #expect(await host.paste(texts[0], into: other, buffer: "rtm-other") == nil) }
            }
            let length = texts[0].count + bracketStart.count + bracketEnd.count + 1
            let got = await host.recorded(length * texts.count, in: "got")
            let pieces = stride(from: 0, to: got.count, by: length).map { Array(got[$0..<min(got.count, $0 + length)]) }
            #expect(Set(pieces) == Set(texts.map { bracketStart + $0 + bracketEnd + [0x0D] }))
            #expect(await host.recorded(3_001, in: "other") == texts[0] + [0x0D])
        }
    }

    @Test func `a pane whose program has ended is refused, and the server lives`() async throws {
        try await TmuxHost.with { host in
            let main = try await host.session()
            await host.tmux("set-option", "-g", "remain-on-exit", "on")
            let dead = await host.window("true")
            #expect(await eventually { (try? await host.pane(dead)?.isDead) == true })
            let refusal = TmuxError.failed(
                stderr: "the pane takes no input: its program has ended, or its input is off")
            #expect(await host.paste(Array("text".utf8), into: dead) == refusal)
            #expect(await host.paste([], into: dead) == refusal)
            #expect(await host.failure { $0.sendBytes([0x61], to: dead, then: $1) } == refusal)
            await host.tmux("select-pane", "-d", "-t", main.rawValue)
            #expect(await host.paste(Array("text".utf8), into: main) == refusal)
            #expect(await host.failure { $0.sendBytes([0x61], to: main, then: $1) } == refusal)
            #expect(try await host.panes().get().count == 2)
            #expect(await host.tmux("list-buffers") == "")
        }
    }

    @Test func `a pane that is not there is an error, and leaves no buffer`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            let nobody = PaneID(rawValue: "%999")
            let expected = TmuxError.failed(stderr: "can't find pane: %999")
            #expect(await host.paste(Array("text".utf8), into: nobody) == expected)
            #expect(await host.paste([], into: nobody) == expected)
            #expect(await host.failure { $0.sendBytes([0x61], to: nobody, then: $1) } == expected)
            #expect(await host.tmux("list-buffers") == "")
        }
    }

    @Test func `a synchronised window's other panes get nothing, not even the Enter`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session("main", recorder("got"))
            let beside = PaneID(
                rawValue: await host.tmux("split-window", "-t", "=main:", "-P", "-F", "#{pane_id}", recorder("beside")))
            #expect(await host.isReady(pane))
            #expect(await host.isReady(beside))
            await host.tmux("set-option", "-w", "-t", "=main:", "synchronize-panes", "on")
            #expect(await host.paste(Array("text".utf8), into: pane) == nil)
            #expect(await host.recorded(5, in: "got") == Array("text\r".utf8))
            await host.tmux("set-option", "-w", "-t", "=main:", "synchronize-panes", "off")
            #expect(await host.paste(Array("x".utf8), into: beside) == nil)
            #expect(await host.recorded(2, in: "beside") == Array("x\r".utf8))
        }
    }

    @Test func `a program that ends under the paste takes nobody with it`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.tmux("set-option", "-g", "remain-on-exit", "on")
            for _ in 0..<5 {
                let pane = await host.window("stty raw -echo; head -c 3000 >/dev/null")
                _ = await host.paste(.init(repeating: 0x61, count: 200_000), into: pane)
            }
            #expect(try await host.panes().get().count == 6)
        }
    }
}

@Suite struct TypingTests {
    @Test(arguments: [false, true])
    func `bytes are typed as they are and in order, whoever is in between`(connected: Bool) async throws {
        try await TmuxHost.with(TmuxHost.patient(mayConnect: connected)) { host in
            let pane = try await host.session("main", recorder("got"))
            #expect(await host.isReady(pane))
            if connected { await host.connect() }
            let all = (0..<3_000).map { UInt8(truncatingIfNeeded: $0) }
            #expect(await host.failure { $0.sendBytes(all, to: pane, then: $1) } == nil)
            // In the order in which they were asked for, without waiting for one another.
            let answers: Int = await onLoop { continuation in
                let count = Counter()
                for number in 0..<40 {
                    host.server.sendBytes(Array("<\(number)>".utf8), to: pane) { result in
                        if case .success = result { count.value += 1 }
                        if number == 39 { continuation.resume(returning: count.value) }
                    }
                }
            }
            #expect(answers == 40)
            let whole = all + (0..<40).flatMap { Array("<\($0)>".utf8) }
            #expect(await host.recorded(whole.count, in: "got") == whole)
        }
    }

    @Test func `too much at once for one pane is refused`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            let refused: Int = await onLoop { continuation in
                let (refused, answered) = (Counter(), Counter())
                for _ in 0..<(PaneLanes.limit + 11) {
                    host.server.sendBytes([0x61], to: pane) { result in
                        if case .failure(.overloaded) = result { refused.value += 1 }
                        answered.value += 1
                        if answered.value == PaneLanes.limit + 11 { continuation.resume(returning: refused.value) }
                    }
                }
            }
            #expect(refused == 10)
        }
    }

    @Test func `a window is given a size`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            #expect(await host.failure { $0.resize(windowOf: pane, columns: 81, rows: 25, then: $1) } == nil)
            let found = try #require(try await host.pane(pane))
            #expect((found.width, found.height) == (81, 25))
        }
    }
}

@Suite struct RespawnTests {
    @Test func `a program gets its arguments and one variable as they are`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            let arguments = ["", "-x", "a b", "end;", "\\;", ";", "#{pane_id}", "$HOME", "~", "é\n", "'\"`{}"]
            let value = "a=b; #{x} $HOME;"
            let script =
                #"{ printf '%s\0' "$V" "$@"; tr '\0' '\n' </proc/$$/environ | grep -c '^V='; } >got.new; mv got.new got"#
            let command = ["/bin/sh", "-c", "cd \(host.directory); \(script); exec cat", "sh"] + arguments
            let placement = try await host.ask { $0.respawn(pane, variable: ("V", value), command: command, then: $1) }
                .get()
            let lookedAt = try #require(try await host.pane(pane))
            #expect(placement == PanePlacement(server: lookedAt.server, pid: UInt32(lookedAt.pid)))
            #expect(await eventually { !host.contents(of: "got").isEmpty })
            let expected = ([value] + arguments).joined(separator: "\0") + "\0" + "1\n"
            #expect(String(decoding: host.contents(of: "got"), as: UTF8.self) == expected)
            #expect(try await host.pane(pane)?.id == pane)
        }
    }

    @Test func `a single word is a program, not a line for a shell`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            let name = "a program; $HOME"
            let script = "#!/bin/sh\ncd \(host.directory); echo \"$0\" >got; exec cat\n"
            _ = await host.program(["sh", "-c", "cat >\"$0\"; chmod +x \"$0\"", name], input: Array(script.utf8))
            let path = "\(host.directory)/\(name)"
            #expect(await host.failure { $0.respawn(pane, variable: ("V", ""), command: [path], then: $1) } == nil)
            #expect(await eventually { host.contents(of: "got") == Array("\(path)\n".utf8) })
        }
    }

    @Test func `a pane that is not there is an error`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            let error = await host.failure {
                $0.respawn(PaneID(rawValue: "%999"), variable: ("A", "b"), command: ["cat", "x"], then: $1)
            }
            #expect(error == .failed(stderr: "can't find pane: %999"))
        }
    }

    @Test func `a NUL byte is refused`() async throws {
        try await TmuxHost.with { host in
            let pane = try await host.session()
            let error = await host.failure { $0.respawn(pane, variable: ("A", "b\0c"), command: ["cat"], then: $1) }
            #expect(error == .failed(stderr: "an argument holds a NUL byte"))
        }
    }
}

@Loop private final class Counter {
    var value = 0
}
