import Glibc

extension Toolbox {
    /// `read`: a file, or its lines from `start_line` to `end_line`, both of which count.
    func read(_ arguments: ToolArguments, _ deadline: Deadline) throws(ToolFailure) -> String {
        let path = try arguments.string("path")
        let start = try arguments.lineNumber("start_line")
        let end = try arguments.lineNumber("end_line")
        let sandbox = try sandbox()
        let file = try inSandbox { () throws(SandboxError) in try sandbox.open(sandbox.find(path), named: path) }
        // An end without a start says nothing (§5.8).
        guard let start else { return OutputCap.cut(try TextFile.whole(file, named: path)) }
        return try TextFile.lines(of: file, from: max(1, start), to: end, named: path, deadline)
    }
}
