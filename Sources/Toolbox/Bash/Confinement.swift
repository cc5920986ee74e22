import CSystem
import Glibc

/// What a program of `bash` may reach, as rules of Landlock: the kernel holds it to them whatever its arguments are.
///
/// Reading is allowed in the workspace except for what is protected, and in what any program needs to start. Executing is
/// allowed for the program itself, so that it starts no other. Writing, sockets, and signals to others are not allowed at
/// all. Landlock has no rule that takes something out of a directory, so a directory with something protected in it is
/// allowed child by child; names in it can then be listed, but nothing protected be read.
struct Confinement {
    private let ruleset: Descriptor

    /// Rules at most; beyond them the rest of the workspace stays closed.
    private static let ruleLimit = 4096

    /// `nil` where the kernel has no Landlock.
    ///
    /// - Parameter startsOthers: Whether the program may start others: one that the configuration has added may be a script.
    init?(for sandbox: Sandbox, program: String, startsOthers: Bool) {
        let number = drover_landlock_ruleset()
        guard number >= 0 else { return nil }
        ruleset = Descriptor(number)
        let run = DROVER_LANDLOCK_READ.rawValue | DROVER_LANDLOCK_EXECUTE.rawValue
        let read = DROVER_LANDLOCK_READ.rawValue
        let list = DROVER_LANDLOCK_LIST.rawValue
        // Libraries are read, not executed, as Landlock sees it; the loader is started by the kernel.
        for directory in ["/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/local/lib", "/lib", "/lib64"] {
            allow(directory, startsOthers ? run | list : read | list)
        }
        for directory in ["/usr/share/locale", "/usr/share/zoneinfo"] { allow(directory, read | list) }
        for file in ["/etc/ld.so.cache", "/etc/localtime", "/dev/null"] { allow(file, read) }
        for loader in Self.loaders { allow(loader, run) }
        if startsOthers {
            for directory in ["/usr/bin", "/usr/local/bin", "/bin", "/usr/share"] { allow(directory, run | list) }
        }
        allow(program, run)
        allowWorkspace(sandbox)
    }

    /// Confines the calling thread and what it starts, for good. Returns 0 or an errno.
    static func confineThread(_ confinement: Confinement?) -> Int32 {
        drover_confine_thread(confinement?.ruleset.number ?? -1)
    }

    private static let loaders = [
        "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-armhf.so.3",
    ]

    private func allow(_ path: String, _ rights: UInt32) {
        let opened = open(path, pathOnly | O_CLOEXEC)
        guard opened >= 0 else { return }
        allow(Descriptor(opened), rights)
    }

    private func allow(_ file: Descriptor, _ rights: UInt32) {
        _ = drover_landlock_allow(ruleset.number, file.number, rights)
    }

    // MARK: - The workspace

    private func allowWorkspace(_ sandbox: Sandbox) {
        guard let start = Descriptor.directory(sandbox.root) else { return }
        allow(start, DROVER_LANDLOCK_LIST.rawValue)
        let closed = ClosedPlaces(in: sandbox, from: start)
        var rules = 0
        // What cannot be allowed as a whole; the list grows while it is worked off.
        var partial = [(directory: start, path: sandbox.root)]
        guard closed.isAbove(sandbox.root) else {
            allow(start, DROVER_LANDLOCK_READ.rawValue)
            return
        }
        while let (directory, path) = partial.popLast() {
            for entry in DirectoryEntry.list(directory) {
                // Links lead to something that has a rule or none.
                guard entry.kind == .file || entry.kind == .directory else { continue }
                let path = path.appending(entry.name)
                guard !closed.contains(path), let opened = directory.open(entry.name, pathOnly),
                    let status = opened.status, status.st_mode.isDirectory || status.st_mode.isRegular
                else { continue }
                if status.st_mode.isDirectory, closed.isAbove(path) {
                    partial.append((opened, path))
                } else if !sandbox.protection.covers(status) {
                    guard rules < Self.ruleLimit else { return }
                    rules += 1
                    allow(opened, DROVER_LANDLOCK_READ.rawValue)
                }
            }
        }
    }
}

/// The places of a workspace that a program must not read.
private struct ClosedPlaces {
    private var closed: Set<FilePath> = []
    private var above: Set<FilePath> = []
    /// Where the search ended, if it did not come to the end: all that comes after is closed.
    private var end: FilePath?

    /// Files and directories looked at.
    private static let searchLimit = 50_000

    init(in sandbox: Sandbox, from start: Descriptor) {
        var closed: Set<FilePath> = []
        var end: FilePath?
        var remaining = Self.searchLimit
        TreeWalk.visit(start, at: sandbox.root) { entry in
            remaining -= 1
            guard remaining > 0 else {
                end = entry.path
                return .stop
            }
            // The walk goes no deeper than this.
            let isTooDeep = entry.path.names.count - sandbox.root.names.count >= TreeWalk.depthLimit
            if sandbox.protection.covers(entry.path) || (isTooDeep && entry.kind == .directory) {
                closed.insert(entry.path)
                return .over
            }
            if entry.kind == .file, let status = entry.status, sandbox.protection.covers(status) {
                closed.insert(entry.path)
            }
            return .into
        }
        self.closed = closed
        self.end = end
        for path in closed.union(end.map { [$0] } ?? []) {
            for length in sandbox.root.names.count..<path.names.count {
                above.insert(FilePath(Array(path.names.prefix(length))))
            }
        }
    }

    func contains(_ path: FilePath) -> Bool {
        if closed.contains(path) { return true }
        guard let end else { return false }
        // The walk shows what is in a directory after it, in the order of the names.
        return !path.names.lexicographicallyPrecedes(end.names) { $0.lexicographicallyPrecedes($1) }
    }

    /// Whether something in a directory is closed.
    func isAbove(_ path: FilePath) -> Bool { above.contains(path) }
}
