import Bytes
import Fleet

/// The answer to a request, on the client's side (daemon-ipc §1.5).
public enum IPCAnswer: Equatable, Sendable {
    case success(id: String?, data: JSON)
    case failure(IPCError)

    /// Reads one line, with or without its line feed, and nothing behind that.
    ///
    /// Throws for what no daemon of this protocol says, a code beyond §10 too: its list is closed.
    public init(line: [UInt8]) throws(FieldError) {
        let json: JSON
        do { json = try JSON(parsing: line.prefix { $0 != UInt8(ascii: "\n") }) } catch {
            throw FieldError(path: "the answer", message: "is not one JSON object: \(error)")
        }
        do { self = try Self.read(json) } catch { throw error.inside("the answer") }
    }

    /// The data as the value that the method answers with; throws the failure, if it is one.
    public func value<Value: IPCValue>(as type: Value.Type = Value.self) throws(IPCAnswerError) -> Value {
        switch self {
        case .failure(let error): throw .refused(error)
        case .success(_, let data):
            do { return try Value(json: data) } catch { throw .unreadable(error.inside("data")) }
        }
    }

    private static func read(_ json: JSON) throws(FieldError) -> IPCAnswer {
        let fields = try Fields(json)
        let id = try fields.optionalString("id")
        if try fields.bool("ok") {
            guard let data = fields.object["data"] else { throw FieldError(path: "data", message: "is required") }
            return .success(id: id, data: data)
        }
        let error = try fields.fields("error")
        do {
            return .failure(IPCError(try error.choice("code"), try error.string("message"), id: id))
        } catch { throw error.inside("error") }
    }
}

/// Why a client got no value.
public enum IPCAnswerError: Error, Equatable, Sendable {
    case refused(IPCError)
    /// The daemon says what this client does not understand.
    case unreadable(FieldError)
}

extension IPCAnswerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let error): return "the daemon refuses: \(error)"
        case .unreadable(let error): return "the daemon's answer is not understood: \(error); is it of another version?"
        }
    }
}
