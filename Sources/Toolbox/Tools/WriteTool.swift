import Glibc

extension Toolbox {
    private var scope: Sandbox.Scope { settings.allowsOutsideWorkspace ? .everywhere : .workspace }

    /// `write`: a new or another content of a file, or more of it.
    func write(_ arguments: ToolArguments) throws(ToolFailure) -> String {
        let path = try arguments.string("path")
        let content = Array(try arguments.string("content").utf8)
        let isAppended = try arguments.flag("append")
        let sandbox = try sandbox()
        return try writing.withLock { _ throws(ToolFailure) in
            let place = try inSandbox { () throws(SandboxError) in
                let place = try sandbox.destination(path, scope: scope)
                if isAppended {
                    try sandbox.append(content, to: place, named: path)
                } else {
                    try sandbox.replace(place, by: content, named: path)
                }
                return place
            }
            return "wrote \(content.count) bytes to \(place.path.absoluteText)"
        }
    }

    /// `edit`: every occurrence of a text in a file replaced by another.
    func edit(_ arguments: ToolArguments) throws(ToolFailure) -> String {
        let path = try arguments.string("path")
        let wanted = Array(try arguments.string("find").utf8)
        let replacement = Array(try arguments.string("replace").utf8)
        guard !wanted.isEmpty else { throw ToolFailure("the argument find is empty") }
        let sandbox = try sandbox()
        return try writing.withLock { _ throws(ToolFailure) in
            let (place, file) = try inSandbox { () throws(SandboxError) in
                let place = try sandbox.existing(path, scope: scope)
                return (place, try sandbox.open(place, named: path))
            }
            let text = Array(try TextFile.whole(file, named: path).utf8)
            let edited = text.replacing(wanted, by: replacement, limit: TextFile.wholeLimit)
            guard edited.count > 0 else { throw ToolFailure("\(path) does not contain the text to find") }
            guard let bytes = edited.bytes else { throw ToolFailure("\(path) would become larger than 4 MiB") }
            try inSandbox { () throws(SandboxError) in try sandbox.replace(place, by: bytes, named: path) }
            return "updated \(place.path.absoluteText)"
        }
    }
}

extension [UInt8] {
    /// Every occurrence of some bytes replaced by others, from the left, and how many there were; no bytes where the result
    /// would be larger than `limit`.
    func replacing(_ wanted: [UInt8], by replacement: [UInt8], limit: Int) -> (bytes: [UInt8]?, count: Int) {
        var output: [UInt8] = []
        output.reserveCapacity(count)
        var found = 0
        var index = 0
        while index < count {
            if self[index] == wanted[0], count - index >= wanted.count,
                self[index..<index + wanted.count].elementsEqual(wanted)
            {
                output += replacement
                index += wanted.count
                found += 1
            } else {
                output.append(self[index])
                index += 1
            }
            if output.count > limit { return (nil, Swift.max(found, 1)) }
        }
        return (output, found)
    }
}
