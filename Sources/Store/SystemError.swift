import Glibc

/// An error number of the kernel, in words.
struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    /// What the last failed call of this thread left behind.
    static var last: SystemError { SystemError(errno) }

    /// No room on the disk, in the quota, or below the limit for files.
    var isFull: Bool { number == ENOSPC || number == EDQUOT || number == EFBIG }

    var description: String { String(cString: strerror(number)) }
}
