import Bytes
import Fleet

/// Why a request came to nothing: what a failure carries (daemon-ipc §1.5), and what decoding a request throws.
public struct IPCError: Error, Equatable, Sendable {
    public var code: IPCErrorCode
    /// What happened and what is asked for, for people.
    public var message: String
    /// The request's, where it could be read (D-02).
    public var id: String?

    public init(_ code: IPCErrorCode, _ message: String, id: String? = nil) {
        self.code = code
        self.message = message
        self.id = id
    }

    /// The same as the answer to the request of that id.
    func answering(_ id: String?) -> IPCError { IPCError(code, message, id: id) }

    /// Parameters that do not have the shape the method asks for.
    static func params(_ error: FieldError) -> IPCError { IPCError(.invalidParams, error.inside("params").description) }

    /// A required field that is absent or blank.
    static func missing(_ key: String, of whose: String) -> IPCError {
        IPCError(.missingField, "\(whose) needs \(key), which is absent or blank")
    }
}

extension IPCError: CustomStringConvertible {
    /// `invalid_pid: …`.
    public var description: String { "\(code.rawValue): \(message)" }
}

// MARK: - Refusals of the transport (§1.2)

extension IPCError {
    /// Checks 1 to 5 of §1.2, which are made before there is a line: their sentences are the same for everybody.
    public static let tooManyConnections = IPCError(
        .tooManyConnections,
        "\(IPCLimits.connections) requests are being answered, which is the most at a time; try again")
    public static let unauthorizedPeer = IPCError(
        .unauthorizedPeer, "only the user who runs the daemon may ask it; connect as that user")
    public static let readTimeout = IPCError(
        .readTimeout, "the request did not arrive in time; send it right after connecting, ended by a line feed")
    public static let readError = IPCError(.readError, "the request could not be read; connect again")
    public static let requestTooLarge = IPCError(
        .requestTooLarge, "a request has at most \(IPCLimits.requestBytes) bytes; send a smaller one")
}
