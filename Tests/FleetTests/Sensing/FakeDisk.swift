import Fleet

/// A disk to test with. Directories above what is put on it are there by themselves.
struct FakeDisk: FileView {
    private var files: [String: String] = [:]
    private var directories: Set<String> = ["/"]
    private var links: [String: String] = [:]

    init(_ files: [String: String] = [:], directories: [String] = [], links: [String: String] = [:]) {
        for (path, text) in files {
            self.files[path] = text
            makeParents(of: path)
        }
        for path in directories {
            self.directories.insert(path)
            makeParents(of: path)
        }
        for (path, target) in links {
            self.links[path] = target
            makeParents(of: path)
        }
    }

    private mutating func makeParents(of path: String) {
        var components = path.split(separator: "/").dropLast()
        while !components.isEmpty {
            directories.insert("/" + components.joined(separator: "/"))
            components.removeLast()
        }
    }

    func kind(of path: String) -> FileKind {
        guard let path = canonical(path) else { return .none }
        return directories.contains(path) ? .directory : .file
    }

    func contents(of path: String, limit: Int) -> [UInt8]? {
        canonical(path).flatMap { files[$0] }.map { Array($0.utf8.prefix(limit)) }
    }

    func canonical(_ path: String) -> String? {
        var resolved = ""
        for component in path.split(separator: "/") {
            switch component {
            case ".": continue
            case "..": resolved = resolved.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
            default:
                resolved += "/" + component
                if let target = links[resolved] {
                    guard let followed = canonical(target) else { return nil }
                    resolved = followed
                }
            }
        }
        if resolved.isEmpty { return "/" }
        return directories.contains(resolved) || files[resolved] != nil ? resolved : nil
    }
}
