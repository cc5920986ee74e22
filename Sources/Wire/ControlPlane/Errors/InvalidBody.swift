import Bytes
import Fleet

/// All that is wrong with a body or a query: status 400, code `VALIDATION_ERROR` (control-plane §3.2).
public struct InvalidBody: Error, Equatable, Sendable {
    public var fields: [FieldError]
    public var isQuery: Bool

    public init(_ fields: [FieldError], isQuery: Bool = false) {
        self.fields = fields
        self.isQuery = isQuery
    }

    /// `[{path, message}, …]`.
    public var details: JSON {
        .array(fields.map { ["path": .string($0.path), "message": .string($0.message)] })
    }
}

/// Collects what is wrong instead of giving up at the first fault.
struct FaultCollector {
    private(set) var faults: [FieldError] = []

    /// The value, or `nil` and one fault more, its path under `parent`.
    mutating func collect<Value>(inside parent: String? = nil, _ read: () throws(FieldError) -> Value) -> Value? {
        do { return try read() } catch {
            faults.append(parent.map(error.inside) ?? error)
            return nil
        }
    }

    mutating func note(_ path: String, _ message: String) {
        faults.append(FieldError(path: path, message: message))
    }

    mutating func check(_ condition: Bool, _ path: String, _ message: String) {
        if !condition { note(path, message) }
    }

    func finish(isQuery: Bool = false) throws(InvalidBody) {
        if !faults.isEmpty { throw InvalidBody(faults, isQuery: isQuery) }
    }
}

extension String {
    /// Characters as JavaScript counts them, which the limits of the contract do too.
    var length: Int { utf16.count }
}
