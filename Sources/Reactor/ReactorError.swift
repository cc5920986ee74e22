import CUV
import Glibc

/// What the kernel refused, in its own words.
public struct ReactorError: Error, Equatable, Sendable, CustomStringConvertible {
    public var operation: String
    /// A positive errno.
    public var code: Int32

    public init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = abs(code)
    }

    public var isAddressInUse: Bool { code == EADDRINUSE }
    public var isPermissionDenied: Bool { code == EACCES || code == EPERM }

    public var description: String { "\(operation): \(String(cString: strerror(code)))" }
}

func check(_ result: Int32, _ operation: @autoclosure () -> String) throws(ReactorError) {
    if result < 0 { throw ReactorError(operation(), code: result) }
}
