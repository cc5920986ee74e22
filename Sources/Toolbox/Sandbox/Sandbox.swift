import CSystem
import Glibc

/// The part of the file system that tools may touch: the workspace, without what is protected (chat-runtime §5.8).
///
/// Paths are followed name by name on descriptors, each name opened without following a link, and links followed by
/// hand. So what a path leads to is decided by what was opened, never by what a name meant a moment ago: a link that is
/// exchanged during a call leads to a refusal, or to another place inside.
struct Sandbox {
    /// Where the workspace is, without links in it.
    let root: FilePath
    let protection: Protection
    private let rootDirectory: Descriptor
    /// The workspace as it was named, which is accepted before absolute paths too.
    private let givenRoot: FilePath

    /// Opens the workspace for one call.
    init(root given: String, protectedPaths: [String]) throws(SandboxError) {
        guard let root = canonicalPath(given), let directory = Descriptor.directory(root) else {
            throw .missing(given)
        }
        self.root = root
        givenRoot = FilePath(given)
        rootDirectory = directory
        protection = Protection(root: root, paths: protectedPaths)
    }

    /// Where a path led: to something that is there, or to a name that is free.
    struct Place {
        /// The directory it lies in.
        let directory: Descriptor
        /// Empty for the start of the walk itself.
        let name: [UInt8]
        /// For nothing but looking at it; `nil` when nothing is there.
        let target: Descriptor?
        let status: stat?
        /// From the root of the file system.
        let path: FilePath

        var isDirectory: Bool { status?.st_mode.isDirectory ?? false }
    }

    enum Scope {
        case workspace
        /// Anywhere, except for what is protected: `tools.allow_outside_workspace`.
        case everywhere
    }

    /// The path from the workspace, as tools show it.
    func relative(_ path: FilePath) -> FilePath { FilePath(Array(path.names.dropFirst(root.names.count))) }

    // MARK: - Following a path

    /// Follows a path to something that is there.
    func find(_ path: String) throws(SandboxError) -> Place {
        let place = try follow(path, scope: .workspace, makesDirectories: false)
        guard place.target != nil else { throw .missing(path) }
        return place
    }

    /// Follows a path to a file that is to be written, making the directories above it that are missing.
    func destination(_ path: String, scope: Scope) throws(SandboxError) -> Place {
        let place = try follow(path, scope: scope, makesDirectories: true)
        if let status = place.status, !status.st_mode.isRegular { throw .notAFile(path) }
        guard !place.name.isEmpty else { throw .notAFile(path) }
        return place
    }

    /// Opens a regular file that a path led to. Neither a pipe nor a device is ever opened.
    func open(_ place: Place, named path: String, _ flags: Int32 = O_RDONLY) throws(SandboxError) -> Descriptor {
        guard let found = place.status, found.st_mode.isRegular else { throw .notAFile(path) }
        return try open(place.name, in: place.directory, flags, named: path, sameAs: FileIdentity(found))
    }

    /// Opens a regular file by its name in a directory.
    ///
    /// What is opened is looked at, not what the name stood for before: O_NONBLOCK lets a pipe that was put there in the
    /// meantime be refused rather than waited for.
    func open(
        _ name: [UInt8], in directory: Descriptor, _ flags: Int32 = O_RDONLY, named path: String,
        sameAs identity: FileIdentity? = nil
    ) throws(SandboxError) -> Descriptor {
        guard let opened = directory.open(name, flags | O_NONBLOCK | O_NOCTTY) else {
            throw Self.failure(path, errno)
        }
        guard let status = opened.status, status.st_mode.isRegular else { throw .notAFile(path) }
        if let identity, identity != FileIdentity(status) { throw .missing(path) }
        if protection.covers(status) { throw .protected(path) }
        if Self.isOfTheKernel(opened) { throw .outside(path) }
        return opened
    }

    func follow(_ path: String, scope: Scope, makesDirectories: Bool) throws(SandboxError) -> Place {
        guard !path.isEmpty, !path.utf8.contains(0), path.utf8.count <= 4096 else { throw .invalid(path) }
        // The start of the walk, and where that is.
        let base: FilePath
        let baseDirectory: Descriptor
        var pending: [[UInt8]]
        switch scope {
        case .workspace:
            base = root
            baseDirectory = rootDirectory
            pending = path.hasPrefix("/") ? try inside(FilePath(path), named: path) : FilePath(path).names
        case .everywhere:
            base = FilePath()
            guard let directory = Descriptor.directory(base) else { throw .system(path, error: errno) }
            baseDirectory = directory
            pending = path.hasPrefix("/") ? FilePath(path).names : root.names + FilePath(path).names
        }
        pending.reverse()

        var walked: [(name: [UInt8], directory: Descriptor)] = []
        var links = 0
        while let name = pending.popLast() {
            if name == Self.dot { continue }
            if name == Self.dotDot {
                // By what was opened, so it cannot lead elsewhere than back where this walk came from.
                if walked.popLast() == nil && scope == .workspace { throw .outside(path) }
                continue
            }
            let directory = walked.last?.directory ?? baseDirectory
            let here = FilePath(base.names + walked.map(\.name) + [name])
            if protection.covers(here) { throw .protected(path) }
            guard let found = directory.open(name, pathOnly) else {
                let error = errno
                guard error == ENOENT else { throw Self.failure(path, error) }
                if pending.isEmpty {
                    return Place(directory: directory, name: name, target: nil, status: nil, path: here)
                }
                guard makesDirectories, !pending.contains(Self.dotDot) else { throw .missing(path) }
                let made = name.withCString { mkdirat(directory.number, $0, 0o777) }
                guard made == 0 || errno == EEXIST else { throw Self.failure(path, errno) }
                pending.append(name)
                links += 1
                guard links <= Self.stepLimit else { throw .tooManyLinks(path) }
                continue
            }
            guard let status = found.status else { throw .system(path, error: errno) }
            if status.st_mode.isLink {
                links += 1
                guard links <= Self.stepLimit else { throw .tooManyLinks(path) }
                guard let target = Self.target(of: found) else { throw .system(path, error: errno) }
                if target.first == UInt8(ascii: "/") {
                    walked = []
                    let whole = FilePath(splitting: target)
                    pending += (scope == .workspace ? try inside(whole, named: path) : whole.names).reversed()
                } else {
                    pending += FilePath(splitting: target).names.reversed()
                }
            } else if status.st_mode.isDirectory {
                walked.append((name, found))
            } else {
                guard pending.allSatisfy({ $0 == Self.dot }) else { throw .notADirectory(path) }
                if protection.covers(status) { throw .protected(path) }
                return Place(directory: directory, name: name, target: found, status: status, path: here)
            }
        }
        let last = walked.last?.directory ?? baseDirectory
        let above = walked.dropLast().last?.directory ?? baseDirectory
        return Place(
            directory: above, name: walked.last?.name ?? [], target: last, status: last.status,
            path: FilePath(base.names + walked.map(\.name)))
    }

    /// What is left of an absolute path below the workspace.
    private func inside(_ path: FilePath, named: String) throws(SandboxError) -> [[UInt8]] {
        for start in [root, givenRoot] where path.hasPrefix(start) {
            return Array(path.names.dropFirst(start.names.count))
        }
        throw .outside(named)
    }

    // MARK: - Small steps

    private static let dot = [UInt8(ascii: ".")]
    private static let dotDot = [UInt8(ascii: "."), UInt8(ascii: ".")]
    /// Links followed and directories made for one path; the kernel follows as many links.
    private static let stepLimit = 40

    static func failure(_ path: String, _ error: Int32) -> SandboxError {
        switch error {
        case ENOENT: return .missing(path)
        case ENOTDIR: return .notADirectory(path)
        // A link has taken the place of what was looked at.
        case ELOOP: return .tooManyLinks(path)
        // A socket, or a device without a driver.
        case ENXIO: return .notAFile(path)
        default: return .system(path, error: error)
        }
    }

    private static func target(of link: Descriptor) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlinkat(link.number, "", bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
        }
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    /// Whether a file belongs to one of the file systems by which the kernel shows itself.
    static func isOfTheKernel(_ file: Descriptor) -> Bool {
        // proc, sysfs, debugfs, tracefs, securityfs, cgroup and cgroup2.
        let kinds: [Int64] = [0x9FA0, 0x6265_6572, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0x27_E0EB, 0x6367_7270]
        let kind = drover_filesystem_kind(file.number)
        return kind < 0 || kinds.contains(kind)
    }
}
