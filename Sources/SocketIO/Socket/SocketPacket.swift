import Bytes

/// What a client's Socket.IO 5 packet says.
public enum SocketPacket: Equatable, Sendable {
    /// `auth` is the text of a JSON object, or empty.
    case connect(namespace: String, auth: ArraySlice<UInt8>)
    case disconnect(namespace: String)
    case event(namespace: String, name: String, SocketArguments, id: UInt64?)
    case ack(namespace: String, SocketArguments, id: UInt64?)
    /// No client has cause to send one.
    case connectError(namespace: String)
}

/// Why a message is not a Socket.IO packet. The connection is closed.
public enum SocketPacketError: Error, Equatable, Sendable {
    case empty
    case unknownType(UInt8)
    case invalidAttachmentCount
    case tooManyAttachments(limit: Int)
    case invalidID
    case invalidJSON(JSONError)
    /// JSON that a packet of this type does not carry.
    case invalidPayload
    case reservedEvent(String)
    /// Text came where the bytes of a packet were awaited.
    case awaitingBinary
    case unexpectedBinary
    case invalidPlaceholder
    case tooLarge(limit: Int)
}

/// Reads the packets of one connection: text, and the bytes that follow a binary packet.
public struct SocketPacketDecoder {
    /// The most attachments a packet may announce.
    public static let attachmentLimit = 64

    /// A packet whose bytes have not all come.
    private final class Partial {
        let packet: SocketPacket
        let count: Int
        var attachments: [[UInt8]] = []
        var size: Int

        init(packet: SocketPacket, count: Int, size: Int) {
            self.packet = packet
            self.count = count
            self.size = size
        }
    }

    private var partial: Partial?

    public init() {}

    /// Takes a text message; `nil` when bytes must follow.
    public mutating func received(_ text: ArraySlice<UInt8>) throws(SocketPacketError) -> SocketPacket? {
        guard partial == nil else { throw .awaitingBinary }
        let (packet, count) = try Self.parse(text)
        guard count > 0 else { return packet }
        partial = Partial(packet: packet, count: count, size: text.count)
        return nil
    }

    /// Takes a binary message; `nil` when more must follow. A packet may have `limit` bytes in all.
    public mutating func received(
        binary: [UInt8], limit: Int = .max
    ) throws(SocketPacketError) -> SocketPacket? {
        guard let partial else { throw .unexpectedBinary }
        partial.attachments.append(binary)
        partial.size += binary.count
        guard partial.size <= limit else { throw .tooLarge(limit: limit) }
        guard partial.attachments.count == partial.count else { return nil }
        self.partial = nil
        switch partial.packet {
        case .event(let namespace, let name, var arguments, let id):
            guard arguments.attach(partial.attachments) else { throw .invalidPlaceholder }
            return .event(namespace: namespace, name: name, arguments, id: id)
        case .ack(let namespace, var arguments, let id):
            guard arguments.attach(partial.attachments) else { throw .invalidPlaceholder }
            return .ack(namespace: namespace, arguments, id: id)
        case .connect, .disconnect, .connectError:
            return partial.packet
        }
    }

    // MARK: - Text

    /// `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`, the namespace left out when it is `/`.
    private static func parse(
        _ text: ArraySlice<UInt8>
    ) throws(SocketPacketError) -> (SocketPacket, attachments: Int) {
        guard let type = text.first else { throw .empty }
        var index = text.startIndex + 1
        var attachments = 0
        if type == UInt8(ascii: "5") || type == UInt8(ascii: "6") {
            guard let count = number(in: text, &index), index < text.endIndex, text[index] == UInt8(ascii: "-") else {
                throw .invalidAttachmentCount
            }
            guard count <= attachmentLimit else { throw .tooManyAttachments(limit: attachmentLimit) }
            attachments = Int(count)
            index += 1
        }
        var namespace = "/"
        if index < text.endIndex, text[index] == UInt8(ascii: "/") {
            let end = text[index...].firstIndex(of: UInt8(ascii: ",")) ?? text.endIndex
            if end - index > 1 { namespace = String(decoding: text[index..<end], as: UTF8.self) }
            index = min(end + 1, text.endIndex)
        }
        let idStart = index
        let id = number(in: text, &index)
        if id == nil, index > idStart { throw .invalidID }
        let payload = text[index...].drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        switch type {
        case UInt8(ascii: "0"):
            try checkAuth(payload)
            return (.connect(namespace: namespace, auth: payload), 0)
        case UInt8(ascii: "1"):
            guard payload.isEmpty else { throw .invalidPayload }
            return (.disconnect(namespace: namespace), 0)
        case UInt8(ascii: "2"), UInt8(ascii: "5"):
            let arguments = try arguments(payload, skipping: 1)
            let name = try eventName(arguments)
            return (.event(namespace: namespace, name: name, arguments, id: id), attachments)
        case UInt8(ascii: "3"), UInt8(ascii: "6"):
            // A packet without JSON acknowledges without arguments.
            let arguments = payload.isEmpty ? .none : try arguments(payload, skipping: 0)
            return (.ack(namespace: namespace, arguments, id: id), attachments)
        case UInt8(ascii: "4"):
            return (.connectError(namespace: namespace), 0)
        default:
            throw .unknownType(type)
        }
    }

    /// Reads the digits at `index`. When they make too large a number, `index` has moved all the same.
    private static func number(in text: ArraySlice<UInt8>, _ index: inout Int) -> UInt64? {
        var value: UInt64 = 0
        let start = index
        while index < text.endIndex, text[index] &- 0x30 < 10 {
            guard value < UInt64.max / 10 else { return nil }
            value = value * 10 + UInt64(text[index] &- 0x30)
            index += 1
        }
        return index > start ? value : nil
    }

    private static func arguments(
        _ payload: ArraySlice<UInt8>, skipping skipped: Int
    ) throws(SocketPacketError) -> SocketArguments {
        guard payload.first == UInt8(ascii: "[") else { throw .invalidPayload }
        do {
            return try SocketArguments(array: payload, skipping: skipped)
        } catch {
            throw .invalidJSON(error)
        }
    }

    /// A CONNECT carries an object or nothing.
    private static func checkAuth(_ payload: ArraySlice<UInt8>) throws(SocketPacketError) {
        guard let first = payload.first else { return }
        guard first == UInt8(ascii: "{") else { throw .invalidPayload }
        do {
            var reader = JSONReader(payload.span)
            try reader.validateDocument()
        } catch {
            throw .invalidJSON(error)
        }
    }

    private static let reserved = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    /// An event's name is a string, or a number, which stands for its text.
    private static func eventName(_ arguments: SocketArguments) throws(SocketPacketError) -> String {
        guard let raw = arguments.name, let first = raw.first else { throw .invalidPayload }
        if first == UInt8(ascii: "\"") {
            let inside = raw.dropFirst().dropLast()
            let name: String
            if inside.contains(UInt8(ascii: "\\")) {
                guard let value = try? JSON(parsing: raw), let string = value.string else { throw .invalidPayload }
                name = string
            } else {
                name = String(decoding: inside, as: UTF8.self)
            }
            // All reserved names begin with one of three letters.
            switch inside.first {
            case UInt8(ascii: "c"), UInt8(ascii: "d"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "\\"):
                if reserved.contains(name) { throw .reservedEvent(name) }
            default: break
            }
            return name
        }
        guard first == UInt8(ascii: "-") || first &- 0x30 < 10 else { throw .invalidPayload }
        return String(decoding: raw, as: UTF8.self)
    }
}
