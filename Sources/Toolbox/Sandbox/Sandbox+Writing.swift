import CSystem
import Glibc

extension Sandbox {
    /// Puts a file with this content in the place of what is there, at once: whoever reads sees the old or the new.
    ///
    /// The content is written under a name of its own in the opened directory, and then given the right one. A link or a
    /// pipe that takes the name in the meantime is replaced, not followed. The mode of an old file stays, its other names
    /// keep the old content.
    func replace(_ place: Place, by content: [UInt8], named path: String) throws(SandboxError) {
        // To be sure that it is not a protected file under another name.
        if place.target != nil { _ = try open(place, named: path) }
        try refuseForeign(place.directory, named: path)
        let temporary = Self.temporaryName()
        guard let file = place.directory.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666) else {
            throw Self.failure(path, errno)
        }
        var error: Int32 = 0
        if let mode = place.status?.st_mode, fchmod(file.number, mode & 0o7777) != 0 { error = errno }
        if error == 0 { error = Self.write(content, to: file) }
        if error == 0, fsync(file.number) != 0 { error = errno }
        let directory = place.directory.number
        if error == 0 {
            let renamed = temporary.withCString { from in
                place.name.withCString { to in renameat(directory, from, directory, to) }
            }
            if renamed != 0 { error = errno }
        }
        guard error == 0 else {
            _ = temporary.withCString { unlinkat(directory, $0, 0) }
            throw error == EISDIR ? .notAFile(path) : Self.failure(path, error)
        }
    }

    /// Adds to the end of a file, which is made if there is none.
    func append(_ content: [UInt8], to place: Place, named path: String) throws(SandboxError) {
        let file = try place.target == nil ? newFile(place, named: path) : open(place, named: path, O_WRONLY | O_APPEND)
        let size = file.status?.st_size ?? 0
        let error = Self.write(content, to: file)
        guard error != 0 else { return }
        // A part of it is worse than nothing.
        _ = ftruncate(file.number, size)
        throw .system(path, error: error)
    }

    /// Makes a file to add to, or opens the one that somebody else has just made.
    private func newFile(_ place: Place, named path: String) throws(SandboxError) -> Descriptor {
        try refuseForeign(place.directory, named: path)
        let flags = O_WRONLY | O_APPEND
        if let file = place.directory.open(place.name, flags | O_CREAT | O_EXCL, mode: 0o666) { return file }
        guard errno == EEXIST else { throw Self.failure(path, errno) }
        return try open(place.name, in: place.directory, flags, named: path)
    }

    /// Follows a path to a file that is there, perhaps outside the workspace.
    func existing(_ path: String, scope: Scope) throws(SandboxError) -> Place {
        let place = try follow(path, scope: scope, makesDirectories: false)
        guard place.target != nil else { throw .missing(path) }
        return place
    }

    private func refuseForeign(_ directory: Descriptor, named path: String) throws(SandboxError) {
        if Self.isOfTheKernel(directory) { throw .outside(path) }
    }

    private static func write(_ content: [UInt8], to file: Descriptor) -> Int32 {
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes { bytes in
                Glibc.write(file.number, bytes.baseAddress! + written, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return errno }
            written += count
        }
        return 0
    }

    /// A name that nobody can have chosen before.
    private static func temporaryName() -> [UInt8] {
        var number: UInt64 = 0
        drover_random(&number, MemoryLayout<UInt64>.size)
        return Array(".drover-\(String(number, radix: 36)).tmp".utf8)
    }
}
