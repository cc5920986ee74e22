/// The environment as a program is started with it.
enum ProcessEnvironment {
    /// It stands behind the arguments, where the kernel put it.
    static var pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        CommandLine.unsafeArgv + Int(CommandLine.argc) + 1
    }
}
