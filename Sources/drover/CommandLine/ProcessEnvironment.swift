import Glibc

/// The environment as a program is started with it.
enum ProcessEnvironment {
    /// It stands behind the arguments, where the kernel put it.
    static var pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        CommandLine.unsafeArgv + Int(CommandLine.argc) + 1
    }

    /// `NAME=VALUE` each, as bytes: nothing says that they are UTF-8.
    static var entries: [[UInt8]] {
        var entries: [[UInt8]] = []
        var next = pointer
        while let entry = next.pointee {
            entries.append([UInt8](UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
            next += 1
        }
        return entries
    }
}
