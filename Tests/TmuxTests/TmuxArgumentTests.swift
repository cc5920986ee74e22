import Testing

@testable import Tmux

@Suite struct TmuxArgumentTests {
    @Test(arguments: [
        ("", "\"\""),
        ("two words", "\"two words\""),
        ("-dash", "\"-dash\""),
        ("a;b;", "\"a;b;\""),
        ("#{pane_id} {x}", "\"#{pane_id} {x}\""),
        ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ("it's", "\"it's\""),
        ("$HOME", "\"\\$HOME\""),
        ("back\\slash", "\"back\\\\slash\""),
        ("~/x", "\"\\176/x\""),
        ("line\nfeed\tand\u{1B}\u{7F}", "\"line\\012feed\\011and\\033\\177\""),
        ("é😀", "\"é😀\""),
    ])
    func `an argument is one quoted word on one line`(argument: String, quoted: String) {
        #expect(TmuxArgument.quoted(argument) == quoted)
    }

    @Test(arguments: [
        ("plain", "plain"), (";", "\\;"), ("end;", "end\\;"), ("end\\;", "end\\\\;"), ("a;b", "a;b"), ("é;", "é\\;"),
    ])
    func `a semicolon at the end of a listed argument is kept from ending the command`(argument: String, listed: String)
    {
        #expect(TmuxArgument.listed(argument) == listed)
    }

    @Test func `commands are listed with a semicolon in between`() {
        #expect(TmuxArgument.list([["a", "b;"], ["c"]]) == ["a", "b\\;", ";", "c"])
    }

    @Test func `an argument with a NUL byte is impossible`() {
        #expect(!TmuxArgument.isPossible("a\0b"))
        #expect(TmuxArgument.isPossible("é;\n"))
    }

    @Test func `arguments reach tmux as they are, over the connection and by a process`() async throws {
        try await TmuxHost.with { host in
            try await host.session()
            await host.connect()
            let arguments =
                [
                    "", " ", "two  words", "-dash", ";", "a;", "\\;", "'", "\"", "`x`", "$HOME", "${HOME}", "~",
                    "~root", "#", "# x",
                ]
                + [
                    "#{pane_id}", "{", "}", "{ x }", "%if", "%1", "\\", "\\n", "\\u0041", "a\nb\n", "\t\r\u{1B}[1m",
                    "é漢😀", "\u{9B}",
                ]
                + (1..<128).map { String(UnicodeScalar(UInt8($0))) + "x" }
            for argument in arguments {
                for isByProcess in [false, true] {
                    let buffer = ["set-buffer", "-b", "test", "--", "<" + argument + ">" + argument]
                    let stored: Result<[UInt8], TmuxError> = await host.ask { server, then in
                        if isByProcess { server.run([buffer], then: then) } else { server.ask(buffer, then: then) }
                    }
                    #expect(throws: Never.self) { try stored.get() }
                    let shown: Result<[UInt8], TmuxError> = await host.ask {
                        $0.run([["save-buffer", "-b", "test", "-"]], then: $1)
                    }
                    #expect(try shown.get() == Array("<\(argument)>\(argument)".utf8), "\(argument.debugDescription)")
                }
            }
            #expect(await host.isConnected)
        }
    }
}
