import Bytes

extension Toolbox {
    /// `memory_get`: a memory file, or its lines if both ends are given.
    func memoryGet(_ arguments: ToolArguments, _ deadline: Deadline) throws(ToolFailure) -> String {
        let path = try arguments.string("path")
        let start = try arguments.lineNumber("start_line")
        let end = try arguments.lineNumber("end_line")
        let sandbox = try sandbox()
        let file = try inSandbox { () throws(SandboxError) in
            let place = try sandbox.find(path)
            // By where it led, so that neither `..` nor a link makes a memory of another file.
            guard Self.isMemory(sandbox.relative(place.path)) else { throw .outside(path) }
            return try sandbox.open(place, named: path)
        }
        guard let start, let end else { return OutputCap.cut(try TextFile.whole(file, named: path)) }
        return try TextFile.lines(of: file, from: max(1, start), to: end, named: path, deadline)
    }

    private static func isMemory(_ path: FilePath) -> Bool {
        if path == FilePath("MEMORY.md") { return true }
        return path.names.count > 1 && path.names[0] == Array("memory".utf8)
    }

    /// `memory_search`: the lines of the memory files that contain a text, as pretty JSON.
    func memorySearch(_ arguments: ToolArguments, _ deadline: Deadline) throws(ToolFailure) -> String {
        let keyword = CaseInsensitiveText(try arguments.string("keyword"))
        var entries: [JSON] = []
        var size = 0
        var hasMore = false
        let omissions = try MemorySearch.forEachLine(in: try sandbox(), deadline) { line in
            guard keyword.occurs(in: line.bytes) else { return true }
            let found = MemoryLine(line)
            let entry: JSON = [
                "path": .string(found.path), "line": .integer(found.line), "snippet": .string(found.snippet),
            ]
            // Six more bytes for each indentation and line end.
            size += entry.encoded().count + 40
            hasMore = size > OutputCap.bytes - 4 * OutputCap.markerRoom
            if !hasMore { entries.append(entry) }
            return !hasMore
        }
        var text = String(decoding: JSON.array(entries).indented(), as: UTF8.self)
        if hasMore { text += OutputCap.marker("there are more than these \(entries.count)") }
        for omission in omissions { text += OutputCap.marker(omission) }
        return text
    }
}
