import Bytes
import Fleet

/// The outside of a request (daemon-ipc §1.4): checks 6 and 7 of §1.2.
struct IPCEnvelope {
    var id: String?
    /// The literal as an integer; what does not fit is the nearest that does, which is not 1 either.
    var protocolVersion: Int64
    var method: String
    /// `null` when there are none.
    var params: JSON = .null

    init(_ line: ArraySlice<UInt8>) throws(IPCError) {
        guard !line.allSatisfy(\.isBlank) else {
            throw IPCError(.emptyRequest, "the request is empty; send one JSON object on one line")
        }
        let json: JSON
        do { json = try JSON(parsing: line, duplicateKeys: .reject) } catch {
            throw IPCError(.invalidJSON, "the request is not one JSON object: \(error)", id: Self.id(in: line))
        }
        guard case .object(let object) = json else {
            throw IPCError(.invalidJSON, "the request is JSON, and no object; send one object")
        }
        let id = object["id"]?.string
        do { try self.init(object) } catch { throw IPCError(.invalidJSON, "the request: \(error)", id: id) }
    }

    private init(_ object: JSONObject) throws(FieldError) {
        let fields = try Fields(.object(object))
        try fields.allow("protocol_version", "method", "id", "params")
        switch try fields.require("protocol_version") {
        case .integer(let version): protocolVersion = version
        case .unsigned: protocolVersion = .max
        case .number, .null, .bool, .string, .array, .object:
            throw FieldError(path: "protocol_version", message: "must be the integer \(IPCLimits.protocolVersion)")
        }
        method = try fields.string("method")
        id = try fields.optionalString("id")
        params = fields.value("params") ?? .null
    }

    /// The id of an object that is refused for a key it has twice, unless that is the id itself (D-02).
    private static func id(in line: ArraySlice<UInt8>) -> String? {
        var reader = JSONReader(line.span)
        guard let members = try? reader.objectMembers() else { return nil }
        let ids = members.filter { $0.key == "id" }
        guard ids.count == 1, let place = ids.first?.value else { return nil }
        let bytes = line[(line.startIndex + place.lowerBound)..<(line.startIndex + place.upperBound)]
        return (try? JSON(parsing: bytes))?.string
    }
}

extension UInt8 {
    /// Space, and the controls from tab to carriage return.
    fileprivate var isBlank: Bool { self == 0x20 || self &- 0x09 < 5 }
}
