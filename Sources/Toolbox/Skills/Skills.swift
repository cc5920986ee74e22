import Glibc

/// The skills of a workspace, `skills/<id>/SKILL.md` (chat-runtime §8.2). Everything here blocks.
public struct Skills: Sendable {
    private let root: String
    private let protectedPaths: [String]

    /// Skills that are listed; the rest is not seen.
    static let limit = 200

    public init(root: String, protectedPaths: [String] = []) {
        self.root = root
        self.protectedPaths = protectedPaths
    }

    /// All skills, sorted by id. What cannot be read is left out.
    public func list() -> [Skill] {
        guard let sandbox = try? Sandbox(root: root, protectedPaths: protectedPaths),
            let place = try? sandbox.find("skills"),
            let directory = place.target, place.isDirectory
        else { return [] }
        var skills: [Skill] = []
        for entry in DirectoryEntry.list(directory) where skills.count < Self.limit {
            guard let id = String(validating: entry.name, as: UTF8.self), Self.isID(id) else { continue }
            if let skill = Self.skill(id, in: sandbox) { skills.append(skill) }
        }
        return skills
    }

    /// A skill, or `nil` when there is none of that id; so for an id that is no id.
    public func skill(_ id: String) -> Skill? {
        guard let sandbox = try? Sandbox(root: root, protectedPaths: protectedPaths) else { return nil }
        return Self.skill(id, in: sandbox)
    }

    /// What a prompt says about the skills there are: `# Available Skills` and a line for each; `nil` without any.
    public func prompt() -> String? {
        let skills = list()
        guard !skills.isEmpty else { return nil }
        let lines = skills.map { $0.description.isEmpty ? "- \($0.id)" : "- \($0.id): \($0.description)" }
        return (["# Available Skills"] + lines).joined(separator: "\n")
    }

    /// What is added to the prompt of a turn that activates a skill.
    public static func activation(of skill: Skill) -> String { "# Activated Skill Instructions\n\(skill.body)" }

    /// The id in a message `/activate <id>`, and `nil` in any other. The id may still be no id.
    public static func activated(by message: String) -> String? {
        let words = message.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, words[0] == "/activate" else { return nil }
        return String(words[1])
    }

    /// `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`, which has neither slash nor leading dot.
    static func isID(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count), let first = text.utf8.first, first.isAlphanumeric else {
            return false
        }
        return text.utf8.allSatisfy { $0.isAlphanumeric || [0x2D, 0x2E, 0x3A, 0x5F].contains($0) }
    }

    private static func skill(_ id: String, in sandbox: Sandbox) -> Skill? {
        text(of: id, in: sandbox).map { Skill(id: id, text: $0) }
    }

    static func text(of id: String, in sandbox: Sandbox) -> String? {
        let path = "skills/\(id)/SKILL.md"
        guard isID(id), let place = try? sandbox.find(path), let file = try? sandbox.open(place, named: path) else {
            return nil
        }
        return try? TextFile.whole(file, named: path)
    }
}

extension UInt8 {
    var isAlphanumeric: Bool { self &- 0x30 < 10 || (self | 0x20) &- 0x61 < 26 }
}

// MARK: - The skill that a new workspace has

extension Skills {
    static let builtIn = Skill(id: "write-a-skill", text: builtInText)

    static let builtInText = """
        ---
        name: Write a skill
        description: How to add a skill to this workspace.
        ---
        A skill is a file `skills/<id>/SKILL.md`. The id has letters, digits, dots, dashes and underscores.

        1. Ask what the skill is for, and when it should be used.
        2. Begin the file with front matter: a line `---`, then `name:` and `description:` on a line each, then `---`.
        3. Below it write the instructions, as you would to a colleague: short steps, with examples where they help.
        4. Write the file with the tool `write`, then say that `/activate <id>` uses it for one message.

        """
}
