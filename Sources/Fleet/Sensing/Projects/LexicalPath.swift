/// Rules about paths that need no disk. A path is absolute text with `/` between its components.
enum LexicalPath {
    /// Without the slashes at its end, but for the root's.
    static func trimmingSlashes(_ path: String) -> String {
        guard path.utf8.last == slash else { return path }
        var bytes = path.utf8[...]
        while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        return String(Substring(bytes))
    }

    /// Without empty components, `.` and `..`. Above the root there is the root.
    static func clean(_ path: String) -> String {
        if isClean(path) { return path }
        var components: [Substring.UTF8View] = []
        for component in path.utf8.split(separator: slash) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                if !components.isEmpty { components.removeLast() }
                continue
            }
            components.append(component)
        }
        return "/" + components.map { String(Substring($0)) }.joined(separator: "/")
    }

    static func isAbsolute(_ path: String) -> Bool { path.utf8.first == slash }

    /// `path` itself when it is absolute, else below `directory`; cleaned. A relative one without a directory is `nil`.
    static func join(_ directory: String, _ path: String) -> String? {
        if isAbsolute(path) { return clean(path) }
        guard isAbsolute(directory) else { return nil }
        return clean(directory + "/" + path)
    }

    /// The directory that holds it; `nil` for the root.
    static func parent(_ path: String) -> String? {
        let path = trimmingSlashes(path)
        guard path != "/", let index = path.utf8.lastIndex(of: slash) else { return nil }
        return index == path.utf8.startIndex ? "/" : String(path[..<index])
    }

    static func lastComponent(_ path: String) -> String {
        let path = trimmingSlashes(path)
        guard path != "/", let index = path.utf8.lastIndex(of: slash) else { return path == "/" ? "" : path }
        return String(path[path.utf8.index(after: index)...])
    }

    /// Whether `path` is `directory` or lies below it, component by component. Slashes at the end do not count.
    static func contains(_ directory: String, _ path: String) -> Bool {
        relative(path, to: directory) != nil
    }

    /// What of `path` lies below `directory`: empty when they are the same, `nil` when it lies elsewhere.
    static func relative(_ path: String, to directory: String) -> Substring? {
        var path = path
        var directory = directory
        let range = path.withUTF8 { path in
            directory.withUTF8 { directory -> Range<Int>? in
                var length = directory.count
                while length > 0, directory[length - 1] == slash { length -= 1 }
                guard path.count >= length else { return nil }
                for index in 0..<length where path[index] != directory[index] { return nil }
                var start = length
                guard start == path.count || path[start] == slash else { return nil }
                var end = path.count
                while start < end, path[start] == slash { start += 1 }
                while end > start, path[end - 1] == slash { end -= 1 }
                return start..<end
            }
        }
        guard let range else { return nil }
        let bytes = path.utf8
        return Substring(bytes.dropFirst(range.lowerBound).prefix(range.count))
    }

    private static func isClean(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            guard bytes.count > 1, bytes[0] == slash else { return bytes.count == 1 && bytes[0] == slash }
            var start = 1
            for index in 1...bytes.count where index == bytes.count || bytes[index] == slash {
                switch index - start {
                case 0: return false
                case 1 where bytes[start] == dot: return false
                case 2 where bytes[start] == dot && bytes[start + 1] == dot: return false
                default: break
                }
                start = index + 1
            }
            return true
        }
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
}
