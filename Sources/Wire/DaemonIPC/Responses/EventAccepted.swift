import Bytes
import Fleet

/// What `event` answers: the event is stored (daemon-ipc §2.11).
public struct EventAccepted: Hashable, Sendable {
    /// An event of that id had been stored before, and nothing happened. Written when it is so.
    public var duplicate: Bool

    public init(duplicate: Bool = false) { self.duplicate = duplicate }
}

extension EventAccepted: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        guard try fields.bool("accepted") else { throw FieldError(path: "accepted", message: "must be true") }
        self.init(duplicate: try fields.optionalBool("duplicate") ?? false)
    }

    public func append(to output: inout [UInt8]) {
        output.append(literal: duplicate ? #"{"accepted":true,"duplicate":true}"# : #"{"accepted":true}"#)
    }
}
