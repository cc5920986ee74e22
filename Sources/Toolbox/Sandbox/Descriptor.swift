import CSystem
import Glibc

/// An open descriptor, closed with its last reference.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// What was opened, or `nil` when the kernel does not say.
    var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    /// Opens one name in this directory, never following a link that stands there.
    ///
    /// `name` has no slash and no zero byte. `nil` with `errno` set when it cannot be opened.
    func open(_ name: [UInt8], _ flags: Int32, mode: mode_t = 0) -> Descriptor? {
        let opened = name.withCString { openat(number, $0, flags | O_NOFOLLOW | O_CLOEXEC, mode) }
        return opened >= 0 ? Descriptor(opened) : nil
    }
}

extension [UInt8] {
    /// Calls `body` with these bytes as a string of C; there is no zero byte among them.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (self + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
        }
    }
}

extension mode_t {
    private var kind: mode_t { self & S_IFMT }
    var isDirectory: Bool { kind == S_IFDIR }
    var isRegular: Bool { kind == S_IFREG }
    var isLink: Bool { kind == S_IFLNK }
}

/// Names a file without opening it.
let pathOnly = drover_o_path()

/// Which file something is, whatever its name.
struct FileIdentity: Hashable {
    let device: dev_t
    let inode: ino_t

    init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }
}
