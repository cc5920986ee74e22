import Bytes
import CSystem
import Glibc
import Settings
import Testing

@testable import Toolbox

@Suite struct CommandWordsTests {
    @Test(arguments: [
        ("ls", ["ls"]), ("  ls   -l\tx ", ["ls", "-l", "x"]), ("cat 'a b' \"c d\"", ["cat", "a b", "c d"]),
        ("echo a'b'\"c\"d", ["echo", "abcd"]), ("echo ''", ["echo", ""]), (#"echo a\ b \$x"#, ["echo", "a b", "$x"]),
        (#"echo "a\"b\\c\d\$""#, ["echo", #"a"b\c\d$"#]), ("rg 'a|b*(c)$'", ["rg", "a|b*(c)$"]),
        ("echo a#b x~ y!", ["echo", "a#b", "x~", "y!"]), ("echo 'x\ny'", ["echo", "x\ny"]),
        ("date +%Y", ["date", "+%Y"]),
    ])
    func `splits as a shell does`(command: String, words: [String]) throws {
        #expect(try CommandWords.split(command) == words)
    }

    @Test(arguments: [
        "echo x; ls", "echo x && ls", "echo x | wc", "echo x & ls", "echo $(ls)", "echo `ls`", "echo $HOME",
        "echo \"$HOME\"",
        "echo \"`ls`\"", "cat < a", "echo x > a", "echo x >> a", "ls *", "ls ?", "ls [ab]", "ls {a,b}", "ls ~",
        "ls ~root",
        "ls\ncat x", "ls\rcat x", "# ls", "!ls", "(ls)", "echo a\\\nb", "cat <(ls)", "echo \u{0}", "echo 'a\u{0}'",
    ])
    func `refuses what only a shell could do`(command: String) {
        #expect {
            try CommandWords.split(command)
        } throws: { error in
            if case .metacharacter? = error as? CommandWords.Failure { return true }
            return false
        }
    }

    @Test func `refuses what has no end, no beginning, or too much between`() {
        #expect(throws: CommandWords.Failure.unfinishedQuote) { try CommandWords.split("echo 'a") }
        #expect(throws: CommandWords.Failure.unfinishedQuote) { try CommandWords.split("echo \"a") }
        #expect(throws: CommandWords.Failure.unfinishedQuote) { try CommandWords.split("echo a\\") }
        #expect(throws: CommandWords.Failure.empty) { try CommandWords.split(" \t") }
        #expect(throws: CommandWords.Failure.tooManyWords) {
            try CommandWords.split("echo" + String(repeating: " x", count: 300))
        }
    }
}

@Suite struct BashToolTests {
    @Test(arguments: [
        ("pwd", "ROOT\n"), ("echo hello  'two  spaces'", "hello two  spaces\n"), ("cat a.txt", "one\ntwo\nthree\n"),
        ("head -n 1 a.txt", "one\n"), ("head -1 a.txt", "one\n"), ("tail -n1 a.txt", "three\n"),
        ("wc -l a.txt", "3 a.txt\n"),
        ("ls", "a.txt\nd\n"), ("ls d ", "b.txt\n"), ("cat ROOT/a.txt", "one\ntwo\nthree\n"),
        ("date -u -d @0 +%Y-%m-%d", "1970-01-01\n"), ("date -u --date=@0 +%H/%M", "00/00\n"),
        ("cat d/../a.txt", "one\ntwo\nthree\n"),
        ("echo /etc/passwd ../x -n", "/etc/passwd ../x -n\n"), ("ls -a d", ".\n..\nb.txt\n"), ("cat -", ""),
    ])
    func `runs the allowed programs`(command: String, expected: String) {
        let workspace = Workspace()
        workspace.write("a.txt", "one\ntwo\nthree\n")
        workspace.write("d/b.txt", "")
        func filled(_ text: String) -> String {
            var text = text
            text.replace("ROOT", with: workspace.root)
            return text
        }
        #expect(workspace.run("bash", ["command": .string(filled(command))]) == ToolOutcome(output: filled(expected)))
    }

    @Test func `stdout comes before stderr, and a failure is one`() {
        let workspace = Workspace()
        workspace.write("a", "text\n")
        let outcome = workspace.run("bash", ["command": "cat nothing a"])
        #expect(outcome.isError)
        #expect(outcome.output == "text\ncat: nothing: No such file or directory\n")
    }

    @Test(arguments: [
        ("rm a", "not one of the programs"), ("/bin/ls", "not one of the programs"),
        ("./ls", "not one of the programs"),
        ("sh -c ls", "not one of the programs"), ("FOO=bar ls", "not one of the programs"), ("'' x", "not one of"),
        ("cat /etc/passwd", "outside"), ("cat ../../x", "outside"), ("cat d/../../outside", "outside"),
        ("head -n1 ../outside", "outside"), ("tail -f a", "-f is not allowed"), ("tail -5f a", "-5f is not allowed"),
        ("tail --follow=name a", "not allowed"), ("tail --fol a", "not allowed"), ("tail -F a", "not allowed"),
        ("tail --pid=1 a", "not allowed"), ("rg --pre=sh x", "not allowed"), ("rg --pre sh x", "not allowed"),
        ("rg --hostname-bin=sh x", "not allowed"), ("rg -z x", "not allowed"), ("rg --search-zip x", "not allowed"),
        ("rg -L x", "not allowed"), ("rg --follow x", "not allowed"), ("rg -f /etc/passwd x", "not allowed"),
        ("rg -if/etc/passwd x", "not allowed"), ("rg --ignore-file=/etc/passwd x", "not allowed"),
        ("rg x /etc", "outside"), ("rg -e x /etc/passwd", "outside"), ("rg --files /etc", "outside"),
        ("rg -- x ../outside", "outside"), ("date -f /etc/passwd", "not allowed"), ("date --file=a", "not allowed"),
        ("date -r /etc/passwd", "not allowed"), ("date -s 12:00", "not allowed"), ("date -uf a", "not allowed"),
        ("wc --files0-from=/etc/passwd", "not allowed"), ("wc --files0-from /etc/passwd", "not allowed"),
        ("ls /", "outside"), ("ls ..", "outside"), ("ls -l link", "outside"), ("ls -d ../outside", "outside"),
        ("cat link", "outside"), ("cat nothing/../../outside", "does not exist"), ("cat config.json", "protected"),
        ("cat ./.env", "protected"), ("ls sessions", "protected"), ("cat -- config.json", "protected"),
        ("cat config.json.bak1", "protected"), ("wc -c .env", "protected"), ("cat pipe", "not a regular file"),
        ("echo x; cat a", "means something to a shell"), ("cat ~/.drover/config.json", "means something to a shell"),
    ])
    func `refuses`(command: String, words: String) {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside", "secret")
        workspace.write("a", "text")
        workspace.makeDirectory("d")
        for name in ["config.json", "config.json.bak1", ".env", "sessions/1"] { workspace.write(name, "secret") }
        workspace.link("link", to: "../outside")
        mkfifo(workspace.absolute("pipe"), 0o600)
        let outcome = workspace.run("bash", ["command": .string(command)])
        #expect(outcome.isFailure(words), "\(outcome)")
        #expect(!outcome.output.contains("secret"))
    }

    @Test func `says the first 8000 characters`() {
        let workspace = Workspace()
        workspace.write("a", String(repeating: "ä", count: 9000))
        let output = workspace.run("bash", ["command": "cat a"]).output
        #expect(output == String(repeating: "ä", count: 8000) + "\n[truncated: only the first 8000 characters]")
        workspace.write("a", String(repeating: "ä", count: 8000))
        #expect(workspace.run("bash", ["command": "cat a"]).output == String(repeating: "ä", count: 8000))
        workspace.write("a", String(repeating: "x", count: 3 << 20))
        #expect(workspace.run("bash", ["command": "cat a"]).output.hasPrefix("xxx"))
    }

    @Test(
        .enabled(if: drover_landlock_version() > 0),
        arguments: [
            ("rg -n needle", "a.txt:1:needle\n"),
            ("rg -uu --no-heading needle .", "./a.txt:needle\n./d/.hidden:needle\n"),
            ("rg -l -e needle d a.txt", "a.txt\n"), ("rg --files --sort=path", "a.txt\nd/b.txt\n"),
            ("rg 'ne+d.e$' a.txt", "needle\n"), ("rg /etc/passwd", ""),
        ])
    func `ripgrep finds what is not protected`(command: String, expected: String) throws {
        try #require(access("/usr/bin/rg", X_OK) == 0, "ripgrep is missing: run `scripts/packages test`")
        let workspace = Workspace()
        workspace.write("a.txt", "needle\n")
        workspace.write("d/b.txt", "nothing\n")
        workspace.write("d/.hidden", "needle\n")
        for name in [".env", "d/.env", "config.json", "sessions/1"] { workspace.write(name, "needle secret\n") }
        workspace.write(".ignore", "config.json\nsessions\n.env\n")
        let outcome = workspace.run("bash", ["command": .string(command)])
        #expect(!outcome.output.contains("secret"), "\(outcome)")
        // What must not be read it complains about, when it is told to look there; the rest comes before that.
        let found = outcome.output.split(separator: "\n").filter { !$0.contains("Permission denied") }
        #expect(found.sorted() == expected.split(separator: "\n").sorted(), "\(outcome)")
    }

    /// A program that the settings have added, put into a directory where programs are looked for.
    private static let others = ToolSettings(bashPrograms: ["env", "sleep", "sh", "python3", "cp", "touch", "find"])

    @Test func `the environment has no keys`() {
        setenv("OPENAI_API_KEY", "secret", 1)
        let workspace = Workspace()
        let output = workspace.run("bash", ["command": "env"], Self.others).output
        let names = Set(output.split(separator: "\n").map { String($0.prefix { $0 != "=" }) })
        #expect(names.subtracting(["TZ"]) == ["PATH", "HOME", "LANG"])
        #expect(!output.contains("secret"))
    }

    @Test(
        .enabled(if: drover_landlock_version() > 0),
        arguments: [
            "cat ../outside", "cat /etc/passwd", "cat config.json", "cat .env", "cat d/.env", "cat sessions/1",
            "cat hard",
            "ls ..", "cat /proc/self/environ", "cat /proc/1/environ", "grep -r secret .", "touch new", "echo x > a",
            "rm a", "mv a b", "mkdir new", "ln -s /etc x", "exec 3<>/dev/tcp/127.0.0.1/1",
        ])
    func `a program that starts others is held by the kernel`(script: String) {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside", "secret")
        for name in ["config.json", ".env", "d/.env", "sessions/1"] { workspace.write(name, "secret") }
        workspace.write("a", "text")
        workspace.write("d/readable", "text")
        link(workspace.absolute("config.json"), workspace.absolute("hard"))
        let outcome = workspace.run("bash", ["command": .string("sh -c '\(script)'")], Self.others)
        #expect(outcome.isError, "\(outcome)")
        #expect(!outcome.output.contains("secret"))
        #expect(workspace.text("a") == "text")
        #expect(workspace.run("bash", ["command": "sh -c 'cat a d/readable'"], Self.others).output == "texttext")
    }

    @Test(.enabled(if: drover_landlock_version() > 0)) func `an allowed program starts no other`() {
        let workspace = Workspace()
        let confined = Confinement(
            for: try! Sandbox(root: workspace.root, protectedPaths: []), program: "/bin/sh", startsOthers: false)
        let result = OwnThread.run { [root = workspace.root] in
            Result { () throws(ConfinedRun.Failure) in
                try ConfinedRun.run(
                    ["sh", "-c", "echo started; ls"], environment: ["PATH=/usr/bin:/bin"], directory: root, confined,
                    isCancelled: { false })
            }
        }
        guard case .success(let run)? = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(run.output == Array("started\n".utf8))
        #expect(run.end == .exited(126))
    }

    @Test func `there are no sockets`() throws {
        try #require(access("/usr/bin/python3", X_OK) == 0, "Python is missing: run `scripts/packages test`")
        let workspace = Workspace()
        workspace.write(
            "s.py",
            """
            import socket
            for family in (socket.AF_UNIX, socket.AF_INET):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    try:
                        socket.socket(family, kind)
                        print("open")
                    except PermissionError:
                        print("refused")
            """)
        let outcome = workspace.run("bash", ["command": "python3 -I s.py"], Self.others)
        #expect(outcome.output == "refused\nrefused\nrefused\nrefused\n", "\(outcome)")
    }

    @Test(.timeLimit(.minutes(5))) func `a run ends with all its processes when it is cancelled`() {
        let time = ownTime(1)
        let workspace = Workspace()
        let start = ContinuousClock.now
        let outcome = workspace.toolbox(Self.others).run(
            "bash", ["command": .string("sh -c 'sleep \(time) & sleep \(time)'")]
        ) {
            ContinuousClock.now - start > .milliseconds(300)
        }
        #expect(outcome == .failure("cancelled"))
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(processes(with: time) == 0)
    }

    @Test(.timeLimit(.minutes(5))) func `a run ends with all its processes when its time is over`() {
        let time = ownTime(2)
        let workspace = Workspace()
        let result = OwnThread.run { [root = workspace.root] in
            Result { () throws(ConfinedRun.Failure) in
                try ConfinedRun.run(
                    ["sh", "-c", "echo before; sleep \(time) & sleep \(time)"], environment: ["PATH=/usr/bin:/bin"],
                    directory: root, nil, timeLimit: .milliseconds(300), isCancelled: { false })
            }
        }
        guard case .success(let run)? = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(run.end == .timedOut)
        #expect(run.output == Array("before\n".utf8))
        #expect(processes(with: time) == 0)
    }

    @Test(.timeLimit(.minutes(5))) func `what a program leaves behind ends with it`() {
        let time = ownTime(3)
        let workspace = Workspace()
        let outcome = workspace.run("bash", ["command": .string("sh -c 'sleep \(time) & echo done'")], Self.others)
        #expect(outcome == ToolOutcome(output: "done\n"))
        #expect(processes(with: time) == 0)
    }

    @Test func `without Landlock only programs that are known run, and only with paths inside`() {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside", "secret")
        workspace.write("a", "text")
        workspace.write(".env", "secret")
        workspace.link("link", to: "../outside")
        let settings = ToolSettings(bashPrograms: ToolSettings.standardPrograms + ["sh"])
        let toolbox = Toolbox(
            root: workspace.root, settings: settings, protectedPaths: [], fetch: nil, serverLimits: ToolServerLimits(),
            report: { _, _ in }, usesLandlock: false)
        #expect(toolbox.run("bash", ["command": "cat a"]) == ToolOutcome(output: "text"))
        for command in ["cat link", "cat .env", "cat ../outside", "cat /etc/passwd", "cat no/../../outside"] {
            #expect(toolbox.run("bash", ["command": .string(command)]).isError, "\(command)")
        }
        #expect(toolbox.run("bash", ["command": "sh -c 'cat a'"]).isFailure("cannot be confined"))
        #expect(!toolbox.run("bash", ["command": "rg text"]).output.contains("text"))
    }

    @Test func `no descriptor is left open`() {
        let workspace = Workspace()
        workspace.write("a", "text")
        _ = workspace.run("bash", ["command": "cat a"])
        let before = openFiles(below: workspace.root)
        for _ in 0..<20 {
            for (tool, arguments) in [
                ("bash", ["command": "cat a"]), ("read", ["path": "a"]), ("grep", ["pattern": "x"]),
                ("write", ["path": "b/c", "content": "x"]), ("edit", ["path": "a", "find": "text", "replace": "text"]),
                ("read", ["path": "../x"]), ("find", ["pattern": "x"]), ("ls", [:]),
            ] as [(String, JSON)] {
                _ = workspace.run(tool, arguments)
            }
        }
        #expect(before == 0)
        #expect(openFiles(below: workspace.root) == 0)
    }
}

/// A time that nobody else sleeps for: processes are told apart by it.
private func ownTime(_ number: Int) -> String { "\(777 + number).\(getpid())" }

/// Running processes with a word in their command line; those that are ending get two seconds.
private func processes(with word: String) -> Int {
    for attempt in 0... {
        let found = names(in: "/proc").filter { name in
            guard Int(name) != nil else { return false }
            let file = open("/proc/\(name)/cmdline", O_RDONLY)
            guard file >= 0 else { return false }
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = max(0, read(file, &bytes, bytes.count))
            let words = bytes[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.first == "sleep" && words.contains(word)
        }.count
        if found == 0 || attempt == 200 { return found }
        usleep(10_000)
    }
    return 0
}

/// Descriptors of this process that lie in a directory.
private func openFiles(below root: String) -> Int {
    names(in: "/proc/self/fd").filter { name in
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/fd/\(name)", &buffer, buffer.count - 1)
        guard count > 0 else { return false }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix(root)
    }.count
}
