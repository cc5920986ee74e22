import Glibc

/// The files that a workspace begins with (chat-runtime §4.1 step 4).
public enum WorkspaceTree {
    /// Makes what is missing of the workspace, itself included. What exists is never changed.
    ///
    /// Blocks. Directories are for the owner alone.
    public static func prepare(root: String) throws(SandboxError) {
        try make(directory: root)
        // For every directory its files: an empty content for what people or the model will write.
        for name in ["memory", "personality", "data", "data/sessions", "logs", "skills"] {
            try make(directory: "\(root)/\(name)")
        }
        let isNew = access("\(root)/skills/\(Skills.builtIn.id)", F_OK) != 0
        if isNew { try make(directory: "\(root)/skills/\(Skills.builtIn.id)") }
        let texts = [("MEMORY.md", "# Memory\n")] + Personality.files.map { ("personality/\($0)", text(of: $0)) }
        for (name, text) in texts { try make(file: "\(root)/\(name)", text) }
        if isNew { try make(file: "\(root)/skills/\(Skills.builtIn.id)/SKILL.md", Skills.builtInText) }
    }

    private static func text(of file: String) -> String {
        switch file {
        case "SOUL.md": return "Be useful, honest and brief. Say so when you do not know something.\n"
        case "IDENTITY.md": return "You are an assistant that works in this workspace with the tools you are given.\n"
        case "USER.md": return "Nothing is known yet about the person you work for.\n"
        default:
            return "Look before you write. Keep what should be remembered in MEMORY.md or in memory/.\n"
        }
    }

    private static func make(directory path: String) throws(SandboxError) {
        if mkdir(path, 0o700) == 0 { return }
        var error = errno
        if error == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try make(directory: String(path[..<slash]))
            error = mkdir(path, 0o700) == 0 ? 0 : errno
        }
        guard error == 0 || error == EEXIST else { throw .system(path, error: error) }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode.isDirectory else { throw .notADirectory(path) }
    }

    private static func make(file path: String, _ text: String) throws(SandboxError) {
        let opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            guard errno == EEXIST else { throw .system(path, error: errno) }
            return
        }
        let file = Descriptor(opened)
        let bytes = Array(text.utf8)
        guard write(file.number, bytes, bytes.count) == bytes.count else { throw .system(path, error: errno) }
    }
}
