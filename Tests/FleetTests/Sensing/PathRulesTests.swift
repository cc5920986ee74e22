import Fleet
import Testing

/// daemon-ipc §2.4 and §6.2.
@Suite struct PathRulesTests {
    private let disk = FakeDisk(
        ["/data/ada/src/demo/go.mod": "", "/etc/passwd": "", "/data/adaptor/x": ""],
        links: ["/home/ada": "/data/ada", "/data/ada/etc": "/etc", "/data/ada/loop": "/data/ada/loop2"])
    private var rules: PathRules { PathRules(home: "/home/ada/", disk) }

    @Test(arguments: [
        ("/home/ada/src/demo", "/data/ada/src/demo"), (" /home/ada/src/demo/ \n", "/data/ada/src/demo"),
        ("/data/ada/src/../src/./demo//", "/data/ada/src/demo"), ("/home/ada/gone/../new", "/home/ada/new"),
        // What does not exist may lie anywhere.
        ("/opt/gone/", "/opt/gone"), ("/data/ada/loop", "/data/ada/loop"),
    ])
    func `a path is resolved, or cleaned where nothing is`(text: String, path: String) throws {
        #expect(try rules.resolve(text, disk) == path)
    }

    @Test(arguments: [
        ("", ProjectPathError.blank), (" \t", .blank), ("src", .relative("src")), ("./x", .relative("./x")),
        ("/", .tooBroad("/")), ("///", .tooBroad("/")), ("/tmp/", .tooBroad("/tmp")), ("/Users", .tooBroad("/Users")),
        ("/home", .tooBroad("/home")), ("/tmp/x/..", .tooBroad("/tmp")), ("/home/ada", .tooBroad("/home/ada")),
        ("/data/ada/", .tooBroad("/data/ada")), ("/home/ada/etc", .tooBroad("/etc")),
        ("/etc/passwd", .outsideHome("/etc/passwd")), ("/data/adaptor/x", .outsideHome("/data/adaptor/x")),
        ("/home/ada/etc/passwd", .outsideHome("/etc/passwd")),
    ])
    func `a path that is no project is refused`(text: String, error: ProjectPathError) {
        #expect(throws: error) { try rules.resolve(text, disk) }
        #expect("\(error)".hasPrefix("project_path "))
    }

    @Test func `a path that exists and cannot be resolved is refused`() {
        struct Unresolvable: FileView {
            func kind(of path: String) -> FileKind { .directory }
            func contents(of path: String, limit: Int) -> [UInt8]? { nil }
            func canonical(_ path: String) -> String? { nil }
        }
        #expect(throws: ProjectPathError.unresolvable("/home/ada/x")) {
            try PathRules(home: "/home/ada").resolve("/home/ada/x", Unresolvable())
        }
    }

    @Test(arguments: [
        ("/home/ada/src/demo/.git", "/home/ada/src/demo", "43930e66642102ba43ab921f86a1e1da"),
        ("/home/ada/src/demo/.git", "/home/ada/src/demo/apps/docs", "8bd46d81d5d318d78f4651de10bf8374"),
        ("/home/ada/src/plain", "/home/ada/src/plain", "bf983dd7416d5cf49909b108b97cdb70"),
        ("/srv/Repo/.git", "/srv/Repo", "5c57174fdbbe0fcb4fc8c84200d5aa6b"),
        ("/home/ada/super/.git/modules/sub", "/home/ada/super/sub", "49e6433f3f92adce3cf8a149dc5f5bd6"),
        // Slashes at the end do not count.
        ("/home/ada/src/plain/", "/home/ada/src/plain/", "bf983dd7416d5cf49909b108b97cdb70"),
    ])
    func `a workspace has the id of the contract's vectors`(project: String, path: String, id: WorkspaceID) {
        #expect(WorkspaceID(projectID: project, projectPath: path) == id)
        #expect(WorkspaceID(projectID: project, projectPath: path, FakeDisk()) == id)
    }

    @Test func `what exists is resolved before its id is made`() {
        #expect(
            WorkspaceID(projectID: "/home/ada/src/demo", projectPath: "/home/ada/src/demo", disk)
                == WorkspaceID(projectID: "/data/ada/src/demo", projectPath: "/data/ada/src/demo"))
    }

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
    ])
    func `the digest is that of RFC 1321`(text: String, digest: String) {
        #expect(MD5.hex(Array(text.utf8)) == digest)
    }

    @Test(arguments: [
        (55, "ef1772b6dff9a122358552954ad0df65"), (56, "3b0c8ac703f828b04c6c197006d17218"),
        (64, "014842d480b571495a4a0363793f7367"), (119, "8a7bd0732ed6a28ce75f6dabc90e1613"),
    ])
    func `the digest pads whatever length`(length: Int, digest: String) {
        #expect(MD5.hex(Array(repeating: UInt8(ascii: "a"), count: length)) == digest)
    }
}
