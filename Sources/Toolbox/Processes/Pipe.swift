import CSystem
import Glibc

/// A pipe to a child: an end of ours that does not block, and one that the child gets.
struct Pipe {
    let ours: Descriptor
    let theirs: End

    /// Closed as soon as the child has it.
    final class End {
        private(set) var number: Int32

        init(_ number: Int32) { self.number = number }

        func close() {
            if number >= 0 { _ = Glibc.close(number) }
            number = -1
        }

        deinit { close() }
    }

    /// `nil` with `errno` set when there can be no more pipes.
    init?(forReading: Bool) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        ours = Descriptor(forReading ? ends[0] : ends[1])
        theirs = End(forReading ? ends[1] : ends[0])
        // Programs started meanwhile on another thread close what they have not been given.
        for end in ends where fcntl(end, F_SETFD, FD_CLOEXEC) != 0 { return nil }
        guard drover_set_nonblocking(ours.number) == 0 else { return nil }
    }
}

/// Calls `body` with texts as C has them in argument lists.
func withCStrings<Result>(_ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result
{
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
}
