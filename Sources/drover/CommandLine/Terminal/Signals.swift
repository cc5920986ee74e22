import Glibc

/// Turns signals into bytes that a loop can poll for.
struct Signals {
    /// Readable when a signal has come.
    let descriptor: Int32

    /// Written to by the handler, and by nothing else; set before the first handler is.
    nonisolated(unsafe) fileprivate static var writeEnd: Int32 = -1

    init(catching numbers: [Int32]) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { preconditionFailure("a pipe needs two descriptors, and there are none left") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        Self.writeEnd = ends[1]
        // Whoever started this program may have had them blocked, which is inherited.
        var caught = sigset_t()
        sigemptyset(&caught)
        for number in numbers { sigaddset(&caught, number) }
        sigprocmask(SIG_UNBLOCK, &caught, nil)
        for number in numbers {
            signal(number) { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = Glibc.write(Signals.writeEnd, &byte, 1)
                errno = saved
            }
        }
    }

    /// The signals that have come, in order.
    func take() -> [Int32] {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? buffer[..<count].map { Int32($0) } : []
    }
}
