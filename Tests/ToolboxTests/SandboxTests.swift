import Bytes
import Glibc
import Settings
import Synchronization
import Testing

@testable import Toolbox

/// Ways out of the workspace, and into what is protected.
@Suite struct SandboxTests {
    /// Everything that names a path, tried on one.
    private func attempts(_ path: String) -> [(String, JSON)] {
        let path = JSON.string(path)
        return [
            ("read", ["path": path]), ("read", ["path": path, "start_line": 1]),
            ("write", ["path": path, "content": "broken"]),
            ("write", ["path": path, "content": "broken", "append": true]),
            ("edit", ["path": path, "find": "secret", "replace": "broken"]),
            ("grep", ["pattern": "secret", "path": path]),
            ("memory_get", ["path": path]), ("memory_get", ["path": path, "start_line": 1, "end_line": 9]),
            ("bash", ["command": .string("cat '\(path.string!)'")]),
            ("bash", ["command": .string("head -n1 '\(path.string!)'")]),
        ]
    }

    private func expectRefused(
        _ path: String, _ workspace: Workspace, _ settings: ToolSettings = ToolSettings(), protected: [String] = [],
        location: SourceLocation = #_sourceLocation
    ) {
        for (tool, arguments) in attempts(path) {
            let outcome = workspace.toolbox(settings, protected: protected).run(tool, arguments)
            #expect(outcome.isError, "\(tool) of \(path): \(outcome)", sourceLocation: location)
            #expect(!outcome.output.contains("secret"), "\(tool) of \(path): \(outcome)", sourceLocation: location)
        }
    }

    @Test(arguments: [
        "../outside.txt", "a/../../outside.txt", "/etc/passwd", "../work/../outside.txt", "./.././outside.txt",
        "out-relative", "out-absolute", "out-directory/outside.txt", "chain", "a/up/../outside.txt",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd", "/proc/self/cwd/Package.swift", "/dev/stdin", "~/x", "%2e%2e/outside.txt",
        "loop", "loop/x", "link-to-proc/environ", "..", "../..", "/",
    ])
    func `nothing outside is read or written`(path: String) {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside.txt", "secret")
        workspace.makeDirectory("a")
        workspace.link("out-relative", to: "../outside.txt")
        workspace.link("out-absolute", to: "\(workspace.place)/outside.txt")
        workspace.link("out-directory", to: "..")
        workspace.link("chain", to: "a/next")
        workspace.link("a/next", to: "../out-relative")
        workspace.link("a/up", to: "..")
        workspace.link("loop", to: "loop2")
        workspace.link("loop2", to: "loop")
        workspace.link("link-to-proc", to: "/proc/self")
        if path != "~/x" && !path.hasPrefix("%") {
            expectRefused(path, workspace)
        } else {
            // A name like any other: what is missing is missing.
            #expect(workspace.run("read", ["path": .string(path)]).isFailure("does not exist"))
        }
        #expect(workspace.text("\(workspace.place)/outside.txt") == "secret")
        #expect(names(in: workspace.place) == ["outside.txt", "work"])
    }

    @Test func `a path through the workspace's own name stays inside`() {
        let workspace = Workspace()
        workspace.write("a.txt", "text")
        workspace.makeDirectory("d")
        workspace.link("d/absolute", to: "\(workspace.root)/a.txt")
        workspace.link("d/relative", to: "../a.txt")
        workspace.link("\(workspace.place)/alias", to: "work")
        for path in ["d/absolute", "d/relative", "d/../a.txt", "\(workspace.root)/d/../a.txt"] {
            #expect(workspace.run("read", ["path": .string(path)]).output == "text", "\(path)")
        }
        // The workspace may itself be reached through a link, and be named by either name.
        let aliased = Toolbox(root: "\(workspace.place)/alias", settings: ToolSettings())
        #expect(aliased.run("read", ["path": .string("\(workspace.place)/alias/a.txt")]).output == "text")
        #expect(aliased.run("read", ["path": .string("\(workspace.root)/a.txt")]).output == "text")
    }

    @Test func `links inside are followed for writing too`() {
        let workspace = Workspace()
        workspace.write("d/target", "old")
        workspace.link("link", to: "d/target")
        workspace.link("dangling", to: "d/new")
        #expect(workspace.run("write", ["path": "link", "content": "new"]).output.hasSuffix("/work/d/target"))
        #expect(workspace.text("d/target") == "new")
        #expect(!workspace.run("write", ["path": "dangling", "content": "made"]).isError)
        #expect(workspace.text("d/new") == "made")
        workspace.link("dangling-out", to: "../new")
        #expect(workspace.run("write", ["path": "dangling-out", "content": "x"]).isFailure("outside"))
        #expect(names(in: workspace.place) == ["work"])
    }

    // MARK: - What is protected

    @Test(arguments: [
        "config.json", "config.json.bak1", "config.json.bak2", "agent.json", ".env", ".env.example", "d/.env.local",
        "sessions/1.json", "data/sessions/1.json", "drover.db", "drover.db-wal", "named/by/path", "named/by",
        "to-config",
        "hard", "d/hard-env", "hard-backup", "hard-session", "d/../config.json", "./config.json", "to-sessions/1.json",
    ])
    func `protected files are neither read nor written`(path: String) {
        let workspace = Workspace()
        let files = [
            "config.json", "config.json.bak1", "config.json.bak2", "agent.json", ".env", ".env.example", "d/.env.local",
            "sessions/1.json", "data/sessions/1.json", "drover.db", "drover.db-wal", "named/by/path",
        ]
        for file in files { workspace.write(file, "secret") }
        workspace.link("to-config", to: "config.json")
        workspace.link("to-sessions", to: "sessions")
        link(workspace.absolute("config.json"), workspace.absolute("hard"))
        link(workspace.absolute("d/.env.local"), workspace.absolute("d/hard-env"))
        link(workspace.absolute("config.json.bak1"), workspace.absolute("hard-backup"))
        link(workspace.absolute("sessions/1.json"), workspace.absolute("hard-session"))
        expectRefused(path, workspace, protected: ["named/by"])
        expectRefused(path, workspace, ToolSettings(allowsOutsideWorkspace: true), protected: ["named/by"])
        for file in files { #expect(workspace.text(file) == "secret", "\(file)") }
        #expect(workspace.toolbox(protected: ["named/by"]).run("grep", ["pattern": "secret"]).output == "")
        #expect(workspace.run("ls", ["path": "sessions"]).isFailure("protected"))
        #expect(workspace.run("find", ["pattern": "1.json"]).output == "")
    }

    @Test func `a configuration elsewhere is known by whatever name it has`() {
        let workspace = Workspace()
        let config = "\(workspace.place)/home/settings.json"
        workspace.write(config, "secret")
        workspace.write("\(config).bak1", "secret")
        workspace.link("\(workspace.place)/home2", to: "home")
        link(config, workspace.absolute("innocent"))
        link("\(config).bak1", workspace.absolute("innocent2"))
        for named in [config, "\(workspace.place)/home2/settings.json"] {
            expectRefused("innocent", workspace, protected: [named])
            expectRefused("innocent2", workspace, protected: [named])
            expectRefused(config, workspace, ToolSettings(allowsOutsideWorkspace: true), protected: [named])
            expectRefused(config + ".bak1", workspace, ToolSettings(allowsOutsideWorkspace: true), protected: [named])
            #expect(workspace.toolbox(protected: [named]).run("grep", ["pattern": "secret"]).output == "")
        }
        #expect(workspace.text(config) == "secret")
    }

    @Test func `a configuration that is a link protects what it leads to`() {
        let workspace = Workspace()
        workspace.write("dotfiles/drover.json", "secret")
        workspace.link("\(workspace.place)/config", to: "work/dotfiles/drover.json")
        expectRefused("dotfiles/drover.json", workspace, protected: ["\(workspace.place)/config"])
    }

    @Test func `other names of ordinary files are fine`() {
        let workspace = Workspace()
        workspace.write("config.json", "secret")
        workspace.write("a", "text")
        link(workspace.absolute("a"), workspace.absolute("b"))
        #expect(workspace.run("read", ["path": "b"]).output == "text")
        workspace.write("configuration", "text")
        workspace.write("d/config.json", "text")
        workspace.write("sessions.md", "text")
        for path in ["configuration", "d/config.json", "sessions.md"] {
            #expect(workspace.run("read", ["path": .string(path)]).output == "text", "\(path)")
        }
    }

    @Test func `write and edit may be let out, and nothing else`() {
        let workspace = Workspace()
        let outside = "\(workspace.place)/outside.txt"
        workspace.write(outside, "secret")
        workspace.link("out", to: "../outside.txt")
        let settings = ToolSettings(allowsOutsideWorkspace: true)
        for path in ["../outside.txt", outside, "out"] {
            #expect(workspace.run("read", ["path": .string(path)], settings).isFailure("outside"))
            #expect(!workspace.run("write", ["path": .string(path), "content": "old"], settings).isError)
            #expect(workspace.text(outside) == "old")
            #expect(
                !workspace.run("edit", ["path": .string(path), "find": "old", "replace": "secret"], settings).isError)
            #expect(workspace.text(outside) == "secret")
        }
        #expect(workspace.run("write", ["path": "inside", "content": "x"], settings).output.hasSuffix("/work/inside"))
        #expect(workspace.run("write", ["path": "/proc/self/comm", "content": "x"], settings).isError)
    }

    // MARK: - What is no file

    @Test(.timeLimit(.minutes(5)), arguments: ["pipe", "to-pipe", "socket", "device", "d"])
    func `nothing but files is opened`(path: String) {
        let workspace = Workspace()
        mkfifo(workspace.absolute("pipe"), 0o600)
        workspace.link("to-pipe", to: "pipe")
        mknod(workspace.absolute("socket"), S_IFSOCK | 0o600, 0)
        mknod(workspace.absolute("device"), S_IFCHR | 0o600, 0x0103)
        workspace.makeDirectory("d")
        for (tool, arguments) in attempts(path) where !(path == "d" && tool == "grep") {
            let outcome = workspace.run(tool, arguments)
            #expect(outcome.isError, "\(tool): \(outcome)")
        }
        #expect(workspace.run("grep", ["pattern": "x"]).output == "")
        var status = stat()
        #expect(lstat(workspace.absolute("pipe"), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }

    @Test func `names of any bytes are shown on one line`() {
        let workspace = Workspace()
        workspace.write("new\nline", "needle")
        let name: [CChar] = Array("\(workspace.root)/bad".utf8CString.dropLast()) + [-1, -2, 0]
        let file = open(name, O_WRONLY | O_CREAT, 0o600)
        write(file, "needle", 6)
        close(file)
        #expect(workspace.run("ls").output == "bad\u{FFFD}\u{FFFD}\nnew\\nline")
        #expect(
            workspace.run("grep", ["pattern": "needle"]).output == "bad\u{FFFD}\u{FFFD}:1:needle\nnew\\nline:1:needle")
        #expect(workspace.run("find", ["pattern": "line"]).output == "new\\nline")
        #expect(workspace.run("read", ["path": "new\nline"]).output == "needle")
    }

    @Test func `loops of directories and deep trees come to an end`() {
        let workspace = Workspace()
        workspace.makeDirectory("a/b")
        workspace.link("a/b/c", to: "../..")
        workspace.link("a/self", to: ".")
        workspace.write("a/b/file", "needle")
        #expect(workspace.run("grep", ["pattern": "needle"]).output == "a/b/file:1:needle")
        #expect(workspace.run("read", ["path": "a/b/c/a/b/c/a/b/file"]).output == "needle")
        #expect(
            workspace.run("read", ["path": .string(String(repeating: "a/self/../", count: 60) + "a/b/file")])
                .isFailure("too many links"))

        var directory = open(workspace.root, O_RDONLY | O_DIRECTORY)
        for _ in 0..<1500 {
            mkdirat(directory, "deep", 0o700)
            let next = openat(directory, "deep", O_RDONLY | O_DIRECTORY, 0)
            close(directory)
            directory = next
        }
        close(directory)
        let found = workspace.run("find", ["pattern": "deep"]).output
        #expect(found.hasSuffix("[truncated: some directories lie too deep]"))
        #expect(!workspace.run("grep", ["pattern": "needle"]).isError)
        #expect(!workspace.run("bash", ["command": "cat a/b/file"]).isError)
    }

    // MARK: - Races

    /// A link that is exchanged, thousands of times a second, for something else of the same name.
    private final class Exchange: Sendable {
        private let isDone = Atomic(false)
        private let thread: Mutex<pthread_t?> = Mutex(nil)

        init(_ path: String, _ other: String) {
            let work = Work(path: path, other: other, owner: self)
            thread.withLock { thread in
                var started = pthread_t()
                pthread_create(
                    &started, nil,
                    { context in
                        let work = Unmanaged<Work>.fromOpaque(context!).takeRetainedValue()
                        while !work.owner.isDone.load(ordering: .relaxed) {
                            exchange(work.path, work.other)
                        }
                        return nil
                    }, Unmanaged.passRetained(work).toOpaque())
                thread = started
            }
        }

        func stop() {
            isDone.store(true, ordering: .relaxed)
            thread.withLock { thread in
                if let thread { pthread_join(thread, nil) }
                thread = nil
            }
        }

        private final class Work: Sendable {
            let path: String
            let other: String
            let owner: Exchange

            init(path: String, other: String, owner: Exchange) {
                self.path = path
                self.other = other
                self.owner = owner
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a directory exchanged for a link out during the call leads nowhere`() {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside/file", "secret")
        workspace.write("inside/file", "harmless")
        workspace.link("swap", to: "\(workspace.place)/outside")
        let exchange = Exchange(workspace.absolute("swap"), workspace.absolute("inside"))
        defer { exchange.stop() }
        let toolbox = workspace.toolbox()
        var successes = 0
        var round = 0
        // On one busy processor the two may take turns for long, and one side is met late.
        let deadline = ContinuousClock.now + .seconds(60)
        while round < 3000 || (successes == 0 || successes == round) && ContinuousClock.now < deadline {
            let outcome = toolbox.run("read", ["path": "inside/file"])
            #expect(!outcome.output.contains("secret"))
            if !outcome.isError { successes += 1 }
            round += 1
            guard round.isMultiple(of: 8) else { continue }
            let found = toolbox.run("grep", ["pattern": "secret"])
            #expect(!found.output.contains("secret"), "\(found)")
            _ = toolbox.run("write", ["path": "inside/new", "content": "x"])
            _ = toolbox.run("edit", ["path": "inside/file", "find": "secret", "replace": "broken"])
        }
        // Both sides of the exchange were met.
        #expect(successes > 0 && successes < round)
        #expect(names(in: "\(workspace.place)/outside") == ["file"])
        #expect(workspace.text("\(workspace.place)/outside/file") == "secret")
    }

    @Test(.timeLimit(.minutes(5)))
    func `a file exchanged for a link out, a pipe or a protected file during the call is refused`() {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside", "secret")
        workspace.write("config.json", "secret")
        workspace.write("file", "harmless")
        workspace.link("link", to: "../outside")
        workspace.write("file2", "harmless")
        mkfifo(workspace.absolute("pipe"), 0o600)
        workspace.write("file3", "harmless")
        link(workspace.absolute("config.json"), workspace.absolute("hard"))
        let exchanges = [("file", "link"), ("file2", "pipe"), ("file3", "hard")].map {
            Exchange(workspace.absolute($0.0), workspace.absolute($0.1))
        }
        defer { for exchange in exchanges { exchange.stop() } }
        let toolbox = workspace.toolbox()
        for round in 0..<2000 {
            for name in ["file", "file2", "file3"] {
                let outcome = toolbox.run("read", ["path": .string(name)])
                #expect(!outcome.output.contains("secret"), "\(outcome)")
            }
            guard round.isMultiple(of: 16) else { continue }
            let found = toolbox.run("grep", ["pattern": "secret"]).output
            #expect(!found.contains("secret"), "\(found)")
            _ = toolbox.run("write", ["path": "file3", "content": "x", "append": true])
            _ = toolbox.run("write", ["path": "file3", "content": "harmless"])
        }
        #expect(workspace.text("\(workspace.place)/outside") == "secret")
        #expect(workspace.text("config.json") == "secret")
    }

    @Test(.timeLimit(.minutes(5)))
    func `bash is held to the workspace while links are exchanged`() {
        let workspace = Workspace()
        workspace.write("\(workspace.place)/outside", "secret")
        workspace.write("config.json", "secret")
        workspace.write("file", "harmless")
        workspace.link("link", to: "../outside")
        workspace.write("file2", "harmless")
        workspace.link("link2", to: "config.json")
        let exchanges = [("file", "link"), ("file2", "link2")].map {
            Exchange(workspace.absolute($0.0), workspace.absolute($0.1))
        }
        defer { for exchange in exchanges { exchange.stop() } }
        let toolbox = workspace.toolbox()
        var successes = 0
        for _ in 0..<200 {
            for name in ["file", "file2"] {
                let outcome = toolbox.run("bash", ["command": .string("cat \(name)")])
                #expect(!outcome.output.contains("secret"), "\(outcome)")
                if !outcome.isError { successes += 1 }
            }
        }
        #expect(successes > 0)
    }
}

/// Exchanges two names. Between the steps one of them is missing, which is one more thing to meet.
private func exchange(_ path: String, _ other: String) {
    let between = path + ".between"
    guard rename(path, between) == 0 else { return }
    rename(other, path)
    while rename(between, other) != 0, errno != ENOENT {
        // A tool that writes has made the directory that was missing.
        rename(other, "\(other).made-\(UInt64.random(in: 0...(.max)))")
    }
}
