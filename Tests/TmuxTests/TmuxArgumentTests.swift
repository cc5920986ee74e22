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
}
