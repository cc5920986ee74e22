import Bytes
import Fleet
import Glibc
import Synchronization
import Testing

@testable import Toolbox

@Suite struct MemoryToolTests {
    private func workspace() -> Workspace {
        let workspace = Workspace()
        workspace.write("MEMORY.md", "# Memory\nLikes tea\n")
        workspace.write("memory/2026-02-25.md", "- User: tea? | Assistant: yes\n")
        workspace.write("memory/deep/er.txt", "one\nTEA two\nthree\n")
        workspace.write("notes.md", "tea elsewhere\n")
        workspace.link("memory/out", to: "../notes.md")
        return workspace
    }

    @Test func `memory_get reads memory files only`() {
        let workspace = workspace()
        #expect(workspace.run("memory_get", ["path": "MEMORY.md"]).output == "# Memory\nLikes tea\n")
        #expect(workspace.run("memory_get", ["path": "memory/deep/er.txt"]).output == "one\nTEA two\nthree\n")
        for path in ["notes.md", "memory/../notes.md", "memory/out", "../work/notes.md", "memoryx", "/etc/passwd"] {
            #expect(workspace.run("memory_get", ["path": .string(path)]).isError, "\(path)")
        }
        #expect(workspace.run("memory_get", ["path": "memory"]).isFailure("memory lies outside"))
    }

    @Test func `memory_get takes a range only with both ends`() {
        let workspace = workspace()
        let path: JSON = "memory/deep/er.txt"
        #expect(workspace.run("memory_get", ["path": path, "start_line": 2, "end_line": 2]).output == "TEA two")
        for arguments in [["path": path, "start_line": 2], ["path": path, "end_line": 2]] as [JSON] {
            #expect(workspace.run("memory_get", arguments).output == "one\nTEA two\nthree\n")
        }
    }

    @Test func `memory_search finds lines without regard to case`() throws {
        let workspace = workspace()
        let output = workspace.run("memory_search", ["keyword": "tea"]).output
        #expect(
            try JSON(parsing: output) == [
                ["path": "MEMORY.md", "line": 2, "snippet": "Likes tea"],
                ["path": "memory/2026-02-25.md", "line": 1, "snippet": "- User: tea? | Assistant: yes"],
                ["path": "memory/deep/er.txt", "line": 2, "snippet": "TEA two"],
            ])
        #expect(output.hasPrefix("[\n  {\n    \"path\": \"MEMORY.md\",\n    \"line\": 2,\n"))
        #expect(workspace.run("memory_search", ["keyword": "nowhere"]).output == "[]")
        #expect(workspace.run("memory_search", [:]).isFailure("keyword is missing"))
        #expect(Workspace().run("memory_search", ["keyword": "tea"]).output == "[]")
    }

    @Test func `memory_search stays within 64 KiB, whole results only`() throws {
        let workspace = Workspace()
        workspace.write("MEMORY.md", String(repeating: "tea \"quoted\" é\n", count: 10_000))
        let output = workspace.run("memory_search", ["keyword": "tea"]).output
        #expect(output.utf8.count <= 65536)
        let parts = output.split(separator: "\n[truncated: ")
        #expect(parts.count == 2)
        let entries = try #require(JSON(parsing: String(parts[0])).array)
        #expect(entries.count > 500)
        #expect(parts[1] == "there are more than these \(entries.count)]")
    }
}

@Suite struct MemorySearchTests {
    @Test func `ranks lines by how many words they share`() {
        let workspace = Workspace()
        workspace.write("MEMORY.md", "The deploy runs on Friday\nnothing\nFriday is free, friday friday\n")
        workspace.write("memory/a.md", "Deploy on friday needs a key\nKEY\n")
        let found = MemorySearch(root: workspace.root).relevant(to: "Which KEY for the deploy, on Friday?")
        #expect(
            found == [
                MemoryLine(path: "MEMORY.md", line: 1, snippet: "The deploy runs on Friday"),
                MemoryLine(path: "memory/a.md", line: 1, snippet: "Deploy on friday needs a key"),
                MemoryLine(path: "MEMORY.md", line: 3, snippet: "Friday is free, friday friday"),
                MemoryLine(path: "memory/a.md", line: 2, snippet: "KEY"),
            ])
    }

    @Test func `gives six lines at most, the earliest of those as good`() {
        let workspace = Workspace()
        workspace.write("MEMORY.md", (1...9).map { "tea \($0)" }.joined(separator: "\n") + "\ntea and milk\n")
        let found = MemorySearch(root: workspace.root).relevant(to: "tea with milk")
        #expect(found.map(\.line) == [10, 1, 2, 3, 4, 5])
    }

    @Test func `words of two characters say nothing`() {
        let workspace = Workspace()
        workspace.write("MEMORY.md", "is it on\n")
        #expect(MemorySearch(root: workspace.root).relevant(to: "is it on").isEmpty)
        #expect(MemorySearch.words(of: "A grün-blaues tea, TEA; it's 123 ok") == ["grün", "blaues", "tea", "123"])
        #expect(MemorySearch.words(of: (0..<5000).map { "word\($0)" }.joined(separator: " ")).count == 100)
    }

    @Test func `a workspace without memory has none`() {
        let workspace = Workspace()
        #expect(MemorySearch(root: workspace.root).relevant(to: "anything").isEmpty)
        #expect(MemorySearch(root: workspace.place + "/nowhere").relevant(to: "anything").isEmpty)
        // Nor does one whose memory leads elsewhere.
        workspace.write("\(workspace.place)/outside/a.md", "anything")
        workspace.link("memory", to: "../outside")
        #expect(MemorySearch(root: workspace.root).relevant(to: "anything").isEmpty)
    }
}

@Suite struct MemoryLogTests {
    private let morning = PreciseTime(rfc3339: "2026-02-25T00:00:01Z")!

    @Test func `a line for every turn, a file for every day`() throws {
        let workspace = Workspace()
        let log = MemoryLog(root: workspace.root)
        try log.append(input: "first\nline", answer: "one\r\ntwo\rthree", at: morning)
        try log.append(input: "second", answer: String(repeating: "é", count: 200), at: morning)
        try log.append(input: "third", answer: "x", at: PreciseTime(rfc3339: "2026-02-26T00:30:00+01:00")!)
        try log.append(input: "fourth", answer: "x", at: PreciseTime(rfc3339: "2026-02-26T00:00:00Z")!)
        #expect(
            workspace.text("memory/2026-02-25.md") == """
                - User: first line | Assistant: one two three
                - User: second | Assistant: \(String(repeating: "é", count: 160))
                - User: third | Assistant: x

                """)
        #expect(workspace.text("memory/2026-02-26.md") == "- User: fourth | Assistant: x\n")
    }

    @Test(.timeLimit(.minutes(5))) func `turns that end together all get their line`() {
        for _ in 0..<50 {
            let workspace = Workspace()
            workspace.makeDirectory("memory")
            let left = Mutex(4)
            for index in 0..<4 {
                _ = OwnThread.start { [root = workspace.root] in
                    try? MemoryLog(root: root).append(input: "\(index)", answer: "x", at: morning)
                    left.withLock { $0 -= 1 }
                }
            }
            while left.withLock({ $0 }) > 0 { usleep(100) }
            let lines = workspace.text("memory/2026-02-25.md")?.split(separator: "\n").sorted()
            #expect(lines == (0..<4).map { "- User: \($0) | Assistant: x" })
        }
    }

    @Test func `failures are told`() {
        let workspace = Workspace()
        workspace.link("memory", to: "..")
        #expect(throws: SandboxError.outside("memory/2026-02-25.md")) {
            try MemoryLog(root: workspace.root).append(input: "a", answer: "b", at: morning)
        }
        #expect(names(in: workspace.place) == ["work"])
    }
}

@Suite struct PersonalityTests {
    @Test func `four files in their order`() throws {
        let workspace = Workspace()
        workspace.write("personality/AGENTS.md", "\n agents \n")
        workspace.write("personality/SOUL.md", "soul\r\nsecond line\n\n")
        workspace.write("personality/USER.md", "")
        workspace.write("personality/OTHER.md", "other")
        #expect(
            try Personality.prompt(root: workspace.root)
                == "## SOUL.md\nsoul\r\nsecond line\n\n## USER.md\n\n\n## AGENTS.md\nagents")
        #expect(try Personality.prompt(root: Workspace().root) == "")
    }

    @Test func `a file that cannot be read is an error`() {
        let workspace = Workspace()
        workspace.makeDirectory("personality/USER.md")
        #expect(throws: PersonalityError(file: "USER.md", reason: "personality/USER.md is not a regular file")) {
            try Personality.prompt(root: workspace.root)
        }
        let other = Workspace()
        other.write("personality/SOUL.md", bytes: [0xFF])
        #expect(throws: PersonalityError(file: "SOUL.md", reason: "personality/SOUL.md is not UTF-8 text")) {
            try Personality.prompt(root: other.root)
        }
    }
}

@Suite struct WorkspaceTreeTests {
    @Test func `makes what is missing and changes nothing that is there`() throws {
        let workspace = Workspace()
        let root = workspace.place + "/new/er"
        try WorkspaceTree.prepare(root: root)
        #expect(names(in: root) == ["MEMORY.md", "data", "logs", "memory", "personality", "skills"])
        #expect(names(in: root + "/personality") == ["AGENTS.md", "IDENTITY.md", "SOUL.md", "USER.md"])
        #expect(names(in: root + "/data") == ["sessions"])
        #expect(workspace.mode(root) == 0o700)
        #expect(try Personality.prompt(root: root).hasPrefix("## SOUL.md\n"))
        #expect(Skills(root: root).list().map(\.id) == ["write-a-skill"])

        workspace.write(root + "/MEMORY.md", "mine")
        workspace.write(root + "/personality/SOUL.md", "")
        unlink(root + "/skills/write-a-skill/SKILL.md")
        try WorkspaceTree.prepare(root: root)
        #expect(workspace.text(root + "/MEMORY.md") == "mine")
        #expect(workspace.text(root + "/personality/SOUL.md") == "")
        // A skill that was taken away stays away.
        #expect(Skills(root: root).list().isEmpty)
    }

    @Test func `says what is in the way`() {
        let workspace = Workspace()
        workspace.write("memory", "a file")
        #expect(throws: SandboxError.notADirectory(workspace.root + "/memory")) {
            try WorkspaceTree.prepare(root: workspace.root)
        }
    }
}

@Suite struct SkillTests {
    @Test(arguments: [
        (
            "---\nname: \"Deploy it\"\ndescription: 'How to: deploy'\n---\n\n# Steps\none\n", "Deploy it",
            "How to: deploy", "# Steps\none"
        ),
        ("---\r\nname: Deploy\r\ndescription: x\r\n---\r\nbody\r\n", "Deploy", "x", "body"),
        ("---\nother: 1\n---\nbody", "id", "", "body"), ("body only\n---\nx", "id", "", "body only\n---\nx"),
        ("---\nname: never closed\n", "id", "", "---\nname: never closed"), ("", "id", "", ""),
        ("---\nname:\ndescription:\n---\nbody\n---\nmore", "id", "", "body\n---\nmore"),
    ])
    func `reads front matter`(text: String, name: String, description: String, body: String) {
        let skill = Skill(id: "id", text: text)
        #expect(skill.name == name)
        #expect(skill.description == description)
        #expect(skill.body == body)
    }

    @Test func `lists skills by id, and loads one`() {
        let workspace = Workspace()
        workspace.write("skills/b/SKILL.md", "---\ndescription: second\n---\nb")
        workspace.write("skills/a.1/SKILL.md", "a")
        workspace.write("skills/no-file/other.md", "x")
        workspace.write("skills/.hidden/SKILL.md", "x")
        workspace.write("skills/with space/SKILL.md", "x")
        workspace.write("\(workspace.place)/outside/SKILL.md", "secret")
        workspace.link("skills/out", to: "../../outside")
        let skills = Skills(root: workspace.root)
        #expect(skills.list().map(\.id) == ["a.1", "b"])
        #expect(skills.skill("b")?.body == "b")
        for id in ["c", "..", ".", "", "../outside", "a.1/../b", ".hidden", "out", String(repeating: "a", count: 129)] {
            #expect(skills.skill(id) == nil, "\(id)")
            #expect(workspace.run("load_skill", ["skill_name": .string(id)]).isFailure("there is no skill"), "\(id)")
        }
        #expect(workspace.run("load_skill", ["skill_name": "b"]).output == "---\ndescription: second\n---\nb")
        #expect(skills.prompt() == "# Available Skills\n- a.1\n- b: second")
        #expect(Skills(root: Workspace().root).prompt() == nil)
    }

    @Test(
        arguments: [
            ("/activate deploy", "deploy"), ("  /activate  deploy \n", "deploy"), ("/activate", nil),
            ("/activate a b", nil),
            ("activate deploy", nil), ("please /activate deploy", nil),
        ] as [(String, String?)])
    func `a message activates a skill`(message: String, id: String?) {
        #expect(Skills.activated(by: message) == id)
    }

    @Test func `what an activated skill adds`() {
        #expect(Skills.activation(of: Skill(id: "a", text: "do it")) == "# Activated Skill Instructions\ndo it")
    }
}
