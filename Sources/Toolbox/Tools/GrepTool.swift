extension Toolbox {
    /// `grep`: the lines that contain a text, at most 200.
    func grep(_ arguments: ToolArguments, _ deadline: Deadline) throws(ToolFailure) -> String {
        let pattern = CaseInsensitiveText(try arguments.string("pattern"))
        let path = try arguments.optionalString("path") ?? "."
        let sandbox = try sandbox()
        let place = try inSandbox { () throws(SandboxError) in try sandbox.find(path) }
        var listing = Listing(limit: 200)
        var search = TextSearch(sandbox, deadline)
        try search.run(place, named: path) { line in
            guard pattern.occurs(in: line.bytes) else { return true }
            return listing.add("\(line.path.text):\(line.number):\(line.snippet)")
        }
        return listing.text(omissions: search.omissions)
    }

    /// `find`: the paths that contain a text, at most 500.
    func find(_ arguments: ToolArguments, _ deadline: Deadline) throws(ToolFailure) -> String {
        let pattern = CaseInsensitiveText(try arguments.string("pattern"))
        let path = try arguments.optionalString("path") ?? "."
        let sandbox = try sandbox()
        let place = try inSandbox { () throws(SandboxError) in try sandbox.find(path) }
        guard place.isDirectory, let start = place.target else { throw ToolFailure(.notADirectory(path)) }
        var listing = Listing(limit: 500)
        var omissions: [String] = []
        var isFull = false
        var failure: ToolFailure?
        let isComplete = TreeWalk.visit(start, at: place.path) { entry in
            if deadline.hasPassed {
                omissions.append("the search took longer than ten seconds")
                return .stop
            }
            do throws(ToolFailure) { try deadline.throwIfCancelled() } catch {
                failure = error
                return .stop
            }
            if entry.name == TextSearch.git || sandbox.protection.covers(entry.path) { return .over }
            let shown = sandbox.relative(entry.path)
            guard pattern.occurs(in: shown.bytes[...]) else { return .into }
            isFull = !listing.add(shown.text)
            return isFull ? .stop : .into
        }
        if let failure { throw failure }
        if !isComplete, !isFull, omissions.isEmpty { omissions.append("some directories lie too deep") }
        return listing.text(omissions: omissions)
    }
}

/// Lines of an answer, up to a number of them.
private struct Listing {
    private let limit: Int
    private var lines: [String] = []
    private var size = 0
    private var hasMore = false

    init(limit: Int) { self.limit = limit }

    /// Takes a line, and returns whether another would be taken.
    mutating func add(_ line: String) -> Bool {
        guard lines.count < limit, size + line.utf8.count + 1 <= OutputCap.bytes - 4 * OutputCap.markerRoom else {
            hasMore = true
            return false
        }
        lines.append(line)
        size += line.utf8.count + 1
        return true
    }

    func text(omissions: [String]) -> String {
        var text = lines.joined(separator: "\n")
        if hasMore { text += OutputCap.marker("there are more than these \(lines.count)") }
        for omission in omissions { text += OutputCap.marker(omission) }
        return OutputCap.cut(text)
    }
}
