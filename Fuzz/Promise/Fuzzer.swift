import CFuzzer
import Glibc

/// Runs libFuzzer on one promise.
public enum Fuzzer {
    nonisolated(unsafe) private static var check: (inout Input) -> Void = { _ in }

    /// Calls `check` with input after input, until the time is over or a promise is broken.
    public static func run(_ check: @escaping (inout Input) -> Void) -> Never {
        self.check = check
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = withUnsafeMutablePointer(to: &arguments) { pointer in
            LLVMFuzzerRunDriver(&count, pointer) { start, count in
                var input = Input(start, count)
                Fuzzer.check(&input)
                return 0
            }
        }
        exit(status)
    }
}
