import Bytes
import Fleet
import Testing

/// daemon-ipc §4.5: which directory a path belongs to.
@Suite struct ProjectFinderTests {
    private let home = "/home/ada"

    private func finder(_ files: [String: String], directories: [String] = [], links: [String: String] = [:])
        -> ProjectFinder<FakeDisk>
    {
        let disk = FakeDisk(files, directories: directories + [home], links: links)
        return ProjectFinder(disk, PathRules(home: home, disk))
    }

    private func files(_ paths: [String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: paths.map { ($0, "") })
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        /// Below `/home/ada`; those with a slash at the end are directories.
        var disk: [String]
        var path: String
        var boundary: String?
        var testDescription: String { name }
    }

    static let boundaries: [Row] = [
        Row(name: "nothing there", disk: [], path: "src/a", boundary: nil),
        Row(name: "no marker", disk: ["src/a.txt"], path: "src/a.txt", boundary: nil),
        Row(name: "marker in it", disk: ["p/package.json"], path: "p", boundary: "p"),
        Row(name: "marker above it", disk: ["p/package.json", "p/src/x/"], path: "p/src/x", boundary: "p"),
        Row(name: "of a file", disk: ["p/go.mod", "p/src/x.go"], path: "p/src/x.go", boundary: "p"),
        Row(name: "swift package", disk: ["p/Package.swift", "p/a/"], path: "p/a", boundary: "p"),
        Row(name: "nearest of equals", disk: ["p/package.json", "p/q/Cargo.toml"], path: "p/q", boundary: "p/q"),
        Row(
            name: "package before repository", disk: ["p/.git/", "p/q/package.json", "p/q/s/"], path: "p/q/s",
            boundary: "p/q"),
        Row(name: "repository before Makefile", disk: ["p/.git/", "p/q/Makefile"], path: "p/q", boundary: "p"),
        Row(name: "Makefile alone", disk: ["p/CMakeLists.txt", "p/q/"], path: "p/q", boundary: "p"),
        Row(
            name: "CLAUDE.md before repository below", disk: ["p/CLAUDE.md", "p/q/Makefile"], path: "p/q", boundary: "p"
        ),
        Row(
            name: "package before CLAUDE.md above", disk: ["p/CLAUDE.md", "p/q/package.json"], path: "p/q",
            boundary: "p/q"),
        Row(
            name: "CLAUDE.md ends the search", disk: ["p/package.json", "p/q/CLAUDE.md", "p/q/s/"], path: "p/q/s",
            boundary: "p/q"),
        Row(
            name: "CLAUDE.md in the repository's root", disk: ["p/.git/", "p/CLAUDE.md", "p/q/"], path: "p/q",
            boundary: "p"),
        Row(
            name: "CLAUDE.md above a repository", disk: ["CLAUDE.md", "src/CLAUDE.md", "src/p/.git/", "src/p/a/"],
            path: "src/p/a", boundary: "src/p"),
        Row(
            name: "home is no project", disk: ["package.json", ".git/", "CLAUDE.md", "a/b/"], path: "a/b", boundary: nil
        ),
        Row(
            name: "ignored directories discard what is below",
            disk: ["p/package.json", "p/node_modules/x/package.json"], path: "p/node_modules/x", boundary: "p"),
        Row(
            name: "an ignored directory is no project", disk: ["p/.git/", "p/build/Makefile"], path: "p/build",
            boundary: "p"),
        Row(
            name: "even one with CLAUDE.md", disk: ["p/package.json", "p/vendor/CLAUDE.md"], path: "p/vendor",
            boundary: "p"),
    ]

    @Test(arguments: boundaries)
    func `a path belongs to the directory with the best marker`(row: Row) {
        let disk = row.disk.map { home + "/" + $0 }
        let finder = finder(
            files(disk.filter { !$0.hasSuffix("/") }),
            directories: disk.filter { $0.hasSuffix("/") }.map { String($0.dropLast()) })
        #expect(finder.boundary(of: home + "/" + row.path) == row.boundary.map { home + "/" + $0 })
    }

    @Test func `twenty directories are examined, ignored ones included`() {
        let near = home + "/p" + String(repeating: "/d", count: 19)
        let far = near + "/d"
        let deep = finder(files([home + "/p/package.json"]), directories: [far])
        #expect(deep.boundary(of: near) == home + "/p")
        #expect(deep.boundary(of: far) == nil)
        let ignored = finder(
            files([home + "/p/package.json"]), directories: [home + "/p" + String(repeating: "/target", count: 20)])
        #expect(ignored.boundary(of: home + "/p" + String(repeating: "/target", count: 19)) == home + "/p")
        #expect(ignored.boundary(of: home + "/p" + String(repeating: "/target", count: 20)) == nil)
    }

    @Test(arguments: ["/", "/tmp", "/srv", "/home", "/usr"])
    func `a directory that is too broad is no project`(directory: String) {
        let path = directory == "/" ? "/x" : directory + "/x"
        let finder = finder(files([(directory == "/" ? "" : directory) + "/package.json"]), directories: [path])
        #expect(finder.boundary(of: path) == nil)
    }

    @Test func `a link leads to where it points`() {
        let finder = finder(
            files(["/home/ada/real/package.json"]), directories: ["/home/ada/real/sub"],
            links: ["/home/ada/link": "/home/ada/real/sub"])
        #expect(finder.boundary(of: "/home/ada/link") == "/home/ada/real")
    }

    // MARK: - Identity

    @Test func `without a repository a project is its directory`() {
        let path = "/home/ada/p"
        #expect(
            finder(files([path + "/package.json"])).identity(of: path)
                == ProjectIdentity(boundary: path, projectPath: path, projectID: path))
    }

    @Test func `in a repository it has the repository's id`() {
        let finder = finder(files(["/home/ada/p/pkg/package.json", "/home/ada/p/.git/HEAD"]))
        #expect(
            finder.identity(of: "/home/ada/p/pkg")
                == ProjectIdentity(
                    boundary: "/home/ada/p/pkg", projectPath: "/home/ada/p/pkg", projectID: "/home/ada/p/.git"))
    }

    @Test(arguments: ["gitdir: /home/ada/p/.git/worktrees/w\n", "GitDir:../p/.git/worktrees/w"])
    func `worktrees share the project of their repository`(link: String) {
        let finder = finder([
            "/home/ada/p/.git/HEAD": "", "/home/ada/p/.git/worktrees/w/commondir": "../..\n",
            "/home/ada/p/pkg/package.json": "", "/home/ada/w/.git": link, "/home/ada/w/pkg/package.json": "",
        ])
        #expect(
            finder.identity(of: "/home/ada/w/pkg")
                == ProjectIdentity(
                    boundary: "/home/ada/w/pkg", projectPath: "/home/ada/p/pkg", projectID: "/home/ada/p/.git"))
        #expect(finder.identity(of: "/home/ada/w")?.projectPath == "/home/ada/p")
        let here = finder.identity(of: "/home/ada/w/pkg")
        let there = finder.identity(of: "/home/ada/p/pkg")
        #expect(here?.projectID == there?.projectID)
        #expect(here?.projectPath == there?.projectPath)
    }

    @Test func `a worktree of a bare repository is its own root`() {
        let finder = finder([
            "/home/ada/demo.git/HEAD": "", "/home/ada/demo.git/worktrees/w/commondir": "../..",
            "/home/ada/w/.git": "gitdir: /home/ada/demo.git/worktrees/w", "/home/ada/w/go.mod": "",
        ])
        #expect(
            finder.identity(of: "/home/ada/w")
                == ProjectIdentity(
                    boundary: "/home/ada/w", projectPath: "/home/ada/w", projectID: "/home/ada/demo.git"))
    }

    @Test func `a submodule is a repository of its own`() {
        let finder = finder([
            "/home/ada/super/.git/modules/sub/HEAD": "", "/home/ada/super/sub/.git": "gitdir: ../.git/modules/sub",
        ])
        #expect(
            finder.identity(of: "/home/ada/super/sub")
                == ProjectIdentity(
                    boundary: "/home/ada/super/sub", projectPath: "/home/ada/super/sub",
                    projectID: "/home/ada/super/.git/modules/sub"))
    }

    @Test(arguments: ["", "nonsense", "gitdir:", "gitdir:   \n"])
    func `a git file that says nothing is passed by`(text: String) {
        let finder = finder(["/home/ada/p/.git": text, "/home/ada/p/go.mod": ""])
        #expect(finder.identity(of: "/home/ada/p")?.projectID == "/home/ada/p")
    }

    @Test func `a home under version control lends nobody its id`() {
        let finder = finder(["/home/ada/.git/HEAD": "", "/home/ada/p/go.mod": ""])
        #expect(finder.identity(of: "/home/ada/p")?.projectID == "/home/ada/p")
    }

    // MARK: - Attribution

    private func tell(_ type: HookEventType, file: String?, _ dialogue: inout SensingDialogue) {
        let finder = finder(
            files([
                "/home/ada/src/demo/.git/HEAD", "/home/ada/src/demo/a/package.json", "/home/ada/src/demo/a/x.ts",
                "/home/ada/src/demo/b/package.json", "/home/ada/src/demo/b/y.ts", "/home/ada/src/other/go.mod",
                "/home/ada/src/other/z.go",
            ]))
        let event = SensingSamples.event(type, Double(dialogue.state.cursor), filePath: file)
        dialogue.project = finder.facts(for: event)
        dialogue.tell(event)
    }

    @Test func `a session narrows to a package and stays until a tool touches another`() {
        var dialogue = SensingDialogue()
        tell(.userPromptSubmit, file: nil, &dialogue)
        #expect(dialogue.session?.projectPath == "/home/ada/src/demo")
        #expect(dialogue.session?.projectID == "/home/ada/src/demo/.git")
        tell(.preToolUse, file: "a/x.ts", &dialogue)
        #expect(dialogue.session?.projectPath == "/home/ada/src/demo/a")
        tell(.stop, file: nil, &dialogue)
        #expect(dialogue.session?.projectPath == "/home/ada/src/demo/a")
        tell(.postToolUse, file: "/home/ada/src/other/z.go", &dialogue)
        // The file is not in the project, so the directory of the session speaks.
        #expect(dialogue.session?.projectPath == "/home/ada/src/demo")
        tell(.postToolUse, file: "b/y.ts", &dialogue)
        #expect(dialogue.session?.projectPath == "/home/ada/src/demo/b")
        #expect(dialogue.state.activity(limit: 1).map(\.projectPath) == ["/home/ada/src/demo/b"])
    }

    @Test func `without a boundary the directory is the project`() {
        var dialogue = SensingDialogue()
        dialogue.project = ProjectFacts()
        dialogue.tell(.postToolUse, 1, tool: "Edit", filePath: "../x/./y")
        #expect(dialogue.session?.projectPath == SensingSamples.cwd)
        #expect(dialogue.session?.projectID == SensingSamples.cwd)
        let row = dialogue.state.activity(limit: 1).first
        #expect(row?.projectPath == SensingSamples.cwd)
        #expect(row?.filePath == "/home/ada/src/x/y")
        #expect(row?.toolName == "Edit")
    }

    @Test func `a project that is named alike does not contain the other`() {
        var record = SensingSamples.record(.working)
        record.projectPath = "/home/ada/src/de"
        var dialogue = SensingDialogue([record])
        dialogue.project = ProjectFacts(
            file: ProjectIdentity(boundary: "/f", projectPath: "/f", projectID: "/f"), cwd: nil)
        dialogue.tell(.preToolUse, 1, filePath: "x")
        #expect(dialogue.session?.projectPath == "/home/ada/src/de")
    }
}
