import Bytes

/// The packets of Engine.IO 4, as text messages write them: one digit, then the data.
public enum EnginePacketType: UInt8, Equatable, Sendable {
    case open = 0x30
    case close = 0x31
    case ping = 0x32
    case pong = 0x33
    case message = 0x34
    case upgrade = 0x35
    case noop = 0x36
}

/// One packet taken from a polling payload.
public enum EnginePacket: Equatable, Sendable {
    case text(EnginePacketType, ArraySlice<UInt8>)
    /// A message of bytes.
    case binary([UInt8])
}

/// Why a payload or a message is not Engine.IO. The session ends with "parse error".
public enum EnginePacketError: Error, Equatable, Sendable {
    case empty
    case unknownType(UInt8)
    case invalidBase64
    case invalidUTF8
}

/// The bodies of polling requests and responses: packets with U+001E between them, bytes as `b` and base64.
public enum EnginePayload {
    public static let separator: UInt8 = 0x1E

    /// Reads one packet of a payload.
    public static func packet(_ bytes: ArraySlice<UInt8>) throws(EnginePacketError) -> EnginePacket {
        guard let first = bytes.first else { throw .empty }
        if first == UInt8(ascii: "b") {
            let text = bytes.dropFirst()
            do {
                return .binary(try Base64.decode(text.span))
            } catch {
                throw .invalidBase64
            }
        }
        guard let type = EnginePacketType(rawValue: first) else { throw .unknownType(first) }
        return .text(type, bytes.dropFirst())
    }

    /// Reads a whole payload. What stands before the first fault has been handed to `body` by then; `body` says
    /// whether to go on.
    public static func forEachPacket(
        in payload: [UInt8], _ body: (EnginePacket) -> Bool
    ) throws(EnginePacketError) {
        var validator = UTF8Validator()
        guard payload.withUnsafeBytes({ validator.feed($0) }), validator.isComplete else { throw .invalidUTF8 }
        var rest = payload[...]
        while true {
            let end = rest.firstIndex(of: separator) ?? rest.endIndex
            guard body(try packet(rest[..<end])), end < rest.endIndex else { return }
            rest = rest[(end + 1)...]
        }
    }
}
