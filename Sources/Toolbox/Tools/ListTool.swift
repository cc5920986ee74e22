import Glibc

extension Toolbox {
    /// `ls`: the names in a directory, in order, those of directories with a slash.
    func list(_ arguments: ToolArguments) throws(ToolFailure) -> String {
        let path = try arguments.optionalString("path") ?? "."
        let sandbox = try sandbox()
        let place = try inSandbox { () throws(SandboxError) in try sandbox.find(path) }
        guard place.isDirectory, let directory = place.target else {
            throw ToolFailure(.notADirectory(path))
        }
        let names = DirectoryEntry.list(directory).map { entry in
            FilePath.shown(entry.name) + (isDirectory(entry, in: place, sandbox) ? "/" : "")
        }
        return OutputCap.cut(names.joined(separator: "\n"))
    }

    /// Whether an entry is a directory, or leads to one inside the workspace.
    private func isDirectory(_ entry: DirectoryEntry, in place: Sandbox.Place, _ sandbox: Sandbox) -> Bool {
        guard entry.kind == .link else { return entry.kind == .directory }
        let path = sandbox.relative(place.path.appending(entry.name)).bytes
        guard let text = String(validating: path, as: UTF8.self) else { return false }
        return (try? sandbox.find(text))?.isDirectory ?? false
    }
}
