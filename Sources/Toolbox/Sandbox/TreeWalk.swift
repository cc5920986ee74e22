import Glibc

extension Descriptor {
    /// Opens a directory by its path from the root of the file system, as a place to start from.
    static func directory(_ path: FilePath) -> Descriptor? {
        let opened = ([UInt8(ascii: "/")] + path.bytes).withCString {
            Glibc.open($0, pathOnly | O_DIRECTORY | O_CLOEXEC)
        }
        return opened >= 0 ? Descriptor(opened) : nil
    }
}

/// A name in a directory, and what it stands for.
struct DirectoryEntry {
    enum Kind { case file, directory, link, other }

    let name: [UInt8]
    let kind: Kind

    /// Names read of one directory; the rest of a larger one is not seen.
    static let limit = 100_000

    /// What is in a directory, sorted by the bytes of the names; nothing when it cannot be read.
    static func list(_ directory: Descriptor) -> [DirectoryEntry] {
        // By another descriptor, as one of O_PATH cannot be read from, and reading moves.
        let opened = openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard opened >= 0 else { return [] }
        guard let stream = fdopendir(opened) else {
            close(opened)
            return []
        }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        while entries.count < limit, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen(UnsafePointer<CChar>(OpaquePointer($0)))))
                }
            }
            if name == [UInt8(ascii: ".")] || name == [UInt8(ascii: "."), UInt8(ascii: ".")] { continue }
            let kind = Kind(type: Int(entry.pointee.d_type)) ?? Kind(lstat(name, in: directory)?.st_mode)
            entries.append(DirectoryEntry(name: name, kind: kind))
        }
        return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// What the name stands for at this moment, without following a link.
    func status(in directory: Descriptor) -> stat? { Self.lstat(name, in: directory) }

    private static func lstat(_ name: [UInt8], in directory: Descriptor) -> stat? {
        var status = stat()
        return name.withCString { fstatat(directory.number, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
    }
}

extension DirectoryEntry.Kind {
    /// `nil` where the file system does not say.
    fileprivate init?(type: Int) {
        switch type {
        case Int(DT_REG): self = .file
        case Int(DT_DIR): self = .directory
        case Int(DT_LNK): self = .link
        case Int(DT_UNKNOWN): return nil
        default: self = .other
        }
    }

    fileprivate init(_ mode: mode_t?) {
        guard let mode else {
            self = .other
            return
        }
        self = mode.isRegular ? .file : mode.isDirectory ? .directory : mode.isLink ? .link : .other
    }
}

/// Goes through a tree of directories by their descriptors, so that nothing renamed meanwhile leads out of it. Links are
/// seen and never followed, which is why loops of them do not matter.
enum TreeWalk {
    struct Entry {
        /// Where it lies.
        let directory: Descriptor
        let name: [UInt8]
        let kind: DirectoryEntry.Kind
        /// From where the path of the start begins.
        let path: FilePath

        var status: stat? { DirectoryEntry(name: name, kind: kind).status(in: directory) }
    }

    enum Step {
        /// On, into it if it is a directory.
        case into
        /// On, not into it.
        case over
        /// No further at all.
        case stop
    }

    /// Directories below one another that are gone into: each holds a descriptor.
    static let depthLimit = 100

    /// Shows everything below a directory to `visit`, names in order, a directory before what is in it.
    ///
    /// Returns `false` when it was stopped, or when something lay too deep.
    @discardableResult
    static func visit(_ start: Descriptor, at path: FilePath, _ visit: (Entry) -> Step) -> Bool {
        var levels = [(directory: start, path: path, entries: DirectoryEntry.list(start)[...])]
        var isComplete = true
        while let level = levels.last {
            guard let next = level.entries.first else {
                levels.removeLast()
                continue
            }
            levels[levels.count - 1].entries.removeFirst()
            let entry = Entry(
                directory: level.directory, name: next.name, kind: next.kind, path: level.path.appending(next.name))
            switch visit(entry) {
            case .stop: return false
            case .over: continue
            case .into: break
            }
            guard next.kind == .directory else { continue }
            guard levels.count < depthLimit else {
                isComplete = false
                continue
            }
            guard let directory = level.directory.open(next.name, pathOnly | O_DIRECTORY) else { continue }
            levels.append((directory, entry.path, DirectoryEntry.list(directory)[...]))
        }
        return isComplete
    }
}
