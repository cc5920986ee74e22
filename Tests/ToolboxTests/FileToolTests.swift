import Bytes
import Glibc
import Settings
import Synchronization
import Testing

@testable import Toolbox

@Suite struct ReadToolTests {
    private static let text = "one\ntwo\r\nthree\n\nfive\n"

    @Test func `reads a file as it is`() {
        let workspace = Workspace()
        workspace.write("notes/a.txt", Self.text)
        #expect(workspace.run("read", ["path": "notes/a.txt"]) == ToolOutcome(output: Self.text))
        #expect(workspace.run("read", ["path": .string("\(workspace.root)/notes/a.txt")]).output == Self.text)
        #expect(workspace.run("read", ["path": "./notes/../notes//a.txt"]).output == Self.text)
    }

    @Test(
        arguments: [
            (2, 3, "two\nthree"), (1, 1, "one"), (0, 1, "one"), (4, nil, "\nfive"), (5, 99, "five"), (6, 9, ""),
            (99, nil, ""),
            (3, 2, ""), (nil, 2, text), (4, 4, ""), (1, nil, "one\ntwo\nthree\n\nfive"),
        ] as [(Int?, Int?, String)])
    func `reads lines from start to end`(start: Int?, end: Int?, expected: String) {
        let workspace = Workspace()
        workspace.write("a", Self.text)
        let arguments: JSON = .omittingNil([
            "path": "a", "start_line": start.map { .integer($0) }, "end_line": end.map { .integer($0) },
        ])
        #expect(workspace.run("read", arguments) == ToolOutcome(output: expected))
    }

    @Test(
        arguments: [
            ([], "not an object"), ("a", "not an object"), (nil, "not an object"), ([:], "path is missing"),
            (["path": 3], "path is not a string"), (["path": nil], "path is missing"), (["path": ""], "not a path"),
            (["path": "a\u{0}b"], "not a path"), (["path": "nothing"], "nothing does not exist"),
            (["path": "."], "not a regular file"), (["path": "a/b"], "not a directory"),
            (["path": "a", "start_line": "1"], "start_line is not a line number"),
            (["path": "a", "start_line": -1], "start_line is not a line number"),
            (["path": "a", "end_line": 1.5], "end_line is not a line number"),
        ] as [(JSON, String)])
    func `refuses bad arguments`(arguments: JSON, words: String) {
        let workspace = Workspace()
        workspace.write("a", "text")
        let outcome = workspace.run("read", arguments)
        #expect(outcome.isFailure(words), "\(outcome)")
    }

    @Test func `an unknown tool is an error`() {
        #expect(Workspace().run("nosuch", [:]) == .failure("there is no tool nosuch"))
    }

    @Test func `refuses what is not UTF-8`() {
        let workspace = Workspace()
        workspace.write("a", bytes: [0x61, 0xFF, 0x0A, 0x62, 0x0A])
        #expect(workspace.run("read", ["path": "a"]).isFailure("not UTF-8"))
        #expect(workspace.run("read", ["path": "a", "start_line": 1, "end_line": 1]).isFailure("not UTF-8"))
        // A line that is text can be read all the same.
        #expect(workspace.run("read", ["path": "a", "start_line": 2]).output == "b")
    }

    @Test func `cuts at 64 KiB between two scalars`() {
        let workspace = Workspace()
        for lead in 0..<4 {
            workspace.write("a", String(repeating: "x", count: lead) + String(repeating: "😀", count: 40_000))
            for arguments in [["path": "a"], ["path": "a", "start_line": 1]] as [JSON] {
                let output = workspace.run("read", arguments).output
                #expect(output.utf8.count <= 65536)
                #expect(output.utf8.count > 65000)
                #expect(!output.contains("\u{FFFD}"))
                #expect(output.contains("\n[truncated: "))
            }
        }
        workspace.write("b", String(repeating: "y", count: 65536))
        #expect(workspace.run("read", ["path": "b"]).output == String(repeating: "y", count: 65536))
    }

    @Test func `a huge file is read by lines only`() {
        let workspace = Workspace()
        workspace.write("a", "first\nsecond\n")
        truncate(workspace.absolute("a"), 1 << 40)
        #expect(workspace.run("read", ["path": "a"]).isFailure("larger than 4 MiB"))
        #expect(workspace.run("read", ["path": "a", "end_line": 1]).isFailure("larger than 4 MiB"))
        #expect(workspace.run("read", ["path": "a", "start_line": 2, "end_line": 2]).output == "second")
        let all = workspace.run("read", ["path": "a", "start_line": 1])
        #expect(all.output.utf8.count <= 65536)
        truncate(workspace.absolute("a"), (4 << 20) + 1)
        #expect(workspace.run("read", ["path": "a"]).isFailure("larger than 4 MiB"))
    }

    @Test func `is cancelled`() {
        let workspace = Workspace()
        workspace.write("a", "first\n")
        truncate(workspace.absolute("a"), 1 << 40)
        let outcome = workspace.toolbox().run("read", ["path": "a", "start_line": 2]) { true }
        #expect(outcome == .failure("cancelled"))
    }
}

@Suite struct WriteToolTests {
    @Test func `writes a file and the directories above it`() {
        let workspace = Workspace()
        let outcome = workspace.run("write", ["path": "a/b/c.txt", "content": "grün\n"])
        #expect(outcome == ToolOutcome(output: "wrote 6 bytes to \(workspace.root)/a/b/c.txt"))
        #expect(workspace.text("a/b/c.txt") == "grün\n")
        // Nothing is left of the way there.
        #expect(names(in: workspace.root + "/a/b") == ["c.txt"])
    }

    @Test func `replaces at once, keeping the mode`() {
        let workspace = Workspace()
        workspace.write("run.sh", "old", mode: 0o750)
        let reader = open(workspace.absolute("run.sh"), O_RDONLY)
        defer { close(reader) }
        #expect(!workspace.run("write", ["path": "run.sh", "content": "new content"]).isError)
        #expect(workspace.text("run.sh") == "new content")
        #expect(workspace.mode("run.sh") == 0o750)
        // Whoever had it open still sees the old one, whole.
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(read(reader, &bytes, 10) == 3)
    }

    @Test func `appends`() {
        let workspace = Workspace()
        #expect(!workspace.run("write", ["path": "log", "content": "one\n", "append": true]).isError)
        let outcome = workspace.run("write", ["path": "log", "content": "two\n", "append": true])
        #expect(outcome.output == "wrote 4 bytes to \(workspace.root)/log")
        #expect(workspace.text("log") == "one\ntwo\n")
        #expect(!workspace.run("write", ["path": "log", "content": "three", "append": false]).isError)
        #expect(workspace.text("log") == "three")
    }

    @Test(
        arguments: [
            (["path": "a"], "content is missing"), (["content": "x"], "path is missing"),
            (["path": "a", "content": 1], "content is not a string"),
            (["path": ".", "content": "x"], "not a regular file"),
            (["path": "d", "content": "x"], "not a regular file"), (["path": "d/../../x", "content": "x"], "outside"),
            (["path": "new/../../x", "content": "x"], "does not exist"),
            (["path": "a", "content": "x", "append": "yes"], "append is neither"),
            (["path": "f/x", "content": "x"], "not a directory"),
            (["path": "d/..", "content": "x"], "not a regular file"),
        ] as [(JSON, String)])
    func `refuses bad arguments`(arguments: JSON, words: String) {
        let workspace = Workspace()
        workspace.makeDirectory("d")
        workspace.write("f", "")
        let outcome = workspace.run("write", arguments)
        #expect(outcome.isFailure(words), "\(outcome)")
        #expect(names(in: workspace.place) == ["work"])
    }

    @Test func `edits every occurrence`() {
        let workspace = Workspace()
        workspace.write("a", "aaa b aa", mode: 0o640)
        let outcome = workspace.run("edit", ["path": "a", "find": "aa", "replace": "c"])
        #expect(outcome == ToolOutcome(output: "updated \(workspace.root)/a"))
        #expect(workspace.text("a") == "ca b c")
        #expect(workspace.mode("a") == 0o640)
        #expect(!workspace.run("edit", ["path": "a", "find": "c", "replace": ""]).isError)
        #expect(workspace.text("a") == "a b ")
    }

    @Test(
        arguments: [
            (["path": "a", "find": "z", "replace": "y"], "does not contain"),
            (["path": "a", "find": "", "replace": "y"], "find is empty"),
            (["path": "a", "find": "t"], "replace is missing"),
            (["path": "b", "find": "t", "replace": "u"], "does not exist"),
            (["path": "../a", "find": "t", "replace": "u"], "outside"),
        ] as [(JSON, String)])
    func `refuses bad edits`(arguments: JSON, words: String) {
        let workspace = Workspace()
        workspace.write("a", "text")
        let outcome = workspace.run("edit", arguments)
        #expect(outcome.isFailure(words), "\(outcome)")
        #expect(workspace.text("a") == "text")
    }

    @Test(.timeLimit(.minutes(5))) func `no edit is lost to another`() {
        let workspace = Workspace()
        let names = (0..<8).map { "<\($0)>" }
        workspace.write("a", names.joined(separator: "\n"))
        let toolbox = workspace.toolbox()
        let left = Mutex(names.count)
        for name in names {
            _ = OwnThread.start {
                for index in 0..<20 {
                    let (find, replace) =
                        index == 0 ? (name, "\(name) 0;") : ("\(name) \(index - 1);", "\(name) \(index);")
                    _ = toolbox.run("edit", ["path": "a", "find": .string(find), "replace": .string(replace)])
                    _ = toolbox.run("write", ["path": "log", "content": "line\n", "append": true])
                }
                left.withLock { $0 -= 1 }
            }
        }
        while left.withLock({ $0 }) > 0 { usleep(1000) }
        #expect(workspace.text("a") == names.map { "\($0) 19;" }.joined(separator: "\n"))
        #expect(workspace.text("log") == String(repeating: "line\n", count: 160))
    }

    @Test func `edits never make a file of more than 4 MiB`() {
        let workspace = Workspace()
        let text = String(repeating: "a", count: 1000)
        workspace.write("a", text)
        let outcome = workspace.run(
            "edit", ["path": "a", "find": "a", "replace": .string(String(repeating: "b", count: 5000))])
        #expect(outcome.isFailure("larger than 4 MiB"))
        #expect(workspace.text("a") == text)
    }
}

@Suite struct SearchToolTests {
    @Test func `lists a directory in order`() {
        let workspace = Workspace()
        for name in ["b.txt", "a.txt", "Z", "ä"] { workspace.write(name, "") }
        workspace.makeDirectory("a")
        workspace.makeDirectory(".hidden")
        workspace.link("to-dir", to: "a")
        workspace.link("to-file", to: "b.txt")
        workspace.link("to-outside", to: "/usr")
        let listing = ".hidden/\nZ\na/\na.txt\nb.txt\nto-dir/\nto-file\nto-outside\nä"
        #expect(workspace.run("ls") == ToolOutcome(output: listing))
        #expect(workspace.run("ls", ["path": "."]).output == listing)
        #expect(workspace.run("ls", ["path": "a"]) == ToolOutcome(output: ""))
        #expect(workspace.run("ls", ["path": "b.txt"]).isFailure("not a directory"))
        #expect(workspace.run("ls", ["path": "to-outside"]).isFailure("outside"))
    }

    @Test func `greps without regard to case, as text`() {
        let workspace = Workspace()
        workspace.write("b/two.txt", "nothing\n  Find a.c HERE \t\nabc")
        workspace.write("a.txt", "A.C first\r\nGRÜN\n")
        workspace.write(".git/config", "a.c")
        workspace.write("b/.git/x", "a.c")
        workspace.write("binary", bytes: Array("a.c".utf8) + [0])
        workspace.write("latin", bytes: Array("a.c ".utf8) + [0xFC])
        #expect(workspace.run("grep", ["pattern": "a.c"]).output == "a.txt:1:A.C first\nb/two.txt:2:Find a.c HERE")
        #expect(workspace.run("grep", ["pattern": "HERE", "path": "b"]).output == "b/two.txt:2:Find a.c HERE")
        #expect(workspace.run("grep", ["pattern": "abc", "path": "b/two.txt"]).output == "b/two.txt:3:abc")
        #expect(workspace.run("grep", ["pattern": "grün"]).output == "a.txt:2:GRÜN")
        #expect(workspace.run("grep", ["pattern": "nowhere"]) == ToolOutcome(output: ""))
        #expect(workspace.run("grep", ["pattern": "x", "path": "nowhere"]).isFailure("does not exist"))
        #expect(workspace.run("grep", [:]).isFailure("pattern is missing"))
    }

    @Test func `greps at most 200 lines, and says that there are more`() {
        let workspace = Workspace()
        workspace.write("a", String(repeating: "x\n", count: 201))
        let output = workspace.run("grep", ["pattern": "x"]).output
        #expect(output.split(separator: "\n").count == 201)
        #expect(output.hasSuffix("a:200:x\n[truncated: there are more than these 200]"))
        workspace.write("a", String(repeating: "x\n", count: 200))
        #expect(workspace.run("grep", ["pattern": "x"]).output.hasSuffix("a:200:x"))
    }

    @Test func `long lines are cut, and all of it stays within 64 KiB`() {
        let workspace = Workspace()
        workspace.write("a", (0..<200).map { _ in String(repeating: "é", count: 3000) }.joined(separator: "\n"))
        let output = workspace.run("grep", ["pattern": "é"]).output
        #expect(output.utf8.count <= 65536)
        #expect(output.contains("[truncated: there are more"))
        #expect(!output.contains("\u{FFFD}"))
    }

    @Test func `finds by the whole path`() {
        let workspace = Workspace()
        workspace.write("Alpha/beta.txt", "")
        workspace.write("Alpha/.git/beta", "")
        workspace.write("gamma/ALPHABET", "")
        #expect(workspace.run("find", ["pattern": "alpha"]).output == "Alpha\nAlpha/beta.txt\ngamma/ALPHABET")
        #expect(workspace.run("find", ["pattern": "a/BETA"]).output == "Alpha/beta.txt")
        #expect(workspace.run("find", ["pattern": "alpha", "path": "gamma"]).output == "gamma/ALPHABET")
        // The way to the workspace does not count.
        #expect(workspace.run("find", ["pattern": "drover-tools"]).output == "")
        #expect(workspace.run("find", ["pattern": "x", "path": "Alpha/beta.txt"]).isFailure("not a directory"))
    }

    @Test func `finds at most 500`() {
        let workspace = Workspace()
        for index in 0..<501 { workspace.write("f\(index)", "") }
        let output = workspace.run("find", ["pattern": "f"]).output
        #expect(output.split(separator: "\n").count == 501)
        #expect(output.hasSuffix("[truncated: there are more than these 500]"))
    }

    @Test func `a search is cancelled`() {
        let workspace = Workspace()
        workspace.write("a", "x")
        #expect(workspace.toolbox().run("grep", ["pattern": "x"]) { true } == .failure("cancelled"))
        #expect(workspace.toolbox().run("find", ["pattern": "a"]) { true } == .failure("cancelled"))
    }
}

@Suite struct DeclarationTests {
    @Test func `nine tools are declared, by name`() {
        let declarations = Workspace().toolbox().declarations
        #expect(
            declarations.map(\.name).filter { $0 != "load_skill" } == [
                "bash", "edit", "find", "grep", "ls", "memory_get", "memory_search", "read", "write",
            ])
        #expect(declarations.map(\.name) == declarations.map(\.name).sorted())
        let read = declarations.first { $0.name == "read" }?.parameters
        #expect(read?["type"] == "object")
        #expect(read?["required"] == ["path"])
        #expect(read?["properties"]?["start_line"]?["type"] == "integer")
        #expect(read?["properties"]?["start_line"]?["minimum"] == 1)
    }
}
