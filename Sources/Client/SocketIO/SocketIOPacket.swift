import Bytes

/// One text message of Engine.IO 4 with Socket.IO 5 in it, on the namespace `/`.
public enum SocketIOPacket: Equatable, Sendable {
    // Engine.IO.
    case open(JSON)
    case close
    case ping(String)
    case pong(String)
    // Socket.IO.
    case connect(JSON?)
    case disconnect
    case event(name: String, arguments: [JSON], ackID: Int?)
    case ack(id: Int, arguments: [JSON])
    case connectError(JSON?)

    /// `nil` for what this client has no use for: binary packets, upgrades, other namespaces.
    public init?(text: [UInt8]) {
        guard let first = text.first else { return nil }
        let rest = text.dropFirst()
        switch first {
        case UInt8(ascii: "0"):
            guard let json = try? JSON(parsing: Array(rest)) else { return nil }
            self = .open(json)
        case UInt8(ascii: "1"): self = .close
        case UInt8(ascii: "2"): self = .ping(String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "3"): self = .pong(String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "4"): self.init(message: rest)
        default: return nil
        }
    }

    private init?(message: ArraySlice<UInt8>) {
        guard let type = message.first else { return nil }
        var rest = message.dropFirst()
        if rest.first == UInt8(ascii: "/") { return nil }
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        let id = digits.isEmpty ? nil : Int(String(decoding: digits, as: UTF8.self))
        rest = rest.dropFirst(digits.count)
        let payload = rest.isEmpty ? nil : try? JSON(parsing: Array(rest))
        switch type {
        case UInt8(ascii: "0"): self = .connect(payload)
        case UInt8(ascii: "1"): self = .disconnect
        case UInt8(ascii: "2"):
            guard let elements = payload?.array, let name = elements.first?.string else { return nil }
            self = .event(name: name, arguments: Array(elements.dropFirst()), ackID: id)
        case UInt8(ascii: "3"):
            guard let id, let elements = payload?.array else { return nil }
            self = .ack(id: id, arguments: elements)
        case UInt8(ascii: "4"): self = .connectError(payload)
        default: return nil
        }
    }

    /// The text of this packet, without WebSocket's frame.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        switch self {
        case .open(let json):
            output.append(literal: "0")
            JSONWriter.append(json, to: &output)
        case .close: output.append(literal: "1")
        case .ping(let data): output = Array(("2" + data).utf8)
        case .pong(let data): output = Array(("3" + data).utf8)
        case .connect(let json):
            output.append(literal: "40")
            if let json { JSONWriter.append(json, to: &output) }
        case .disconnect: output.append(literal: "41")
        case .event(let name, let arguments, let id):
            output = Array(("42" + (id.map { String($0) } ?? "")).utf8)
            JSONWriter.append(.array([.string(name)] + arguments), to: &output)
        case .ack(let id, let arguments):
            output = Array("43\(id)".utf8)
            JSONWriter.append(.array(arguments), to: &output)
        case .connectError(let json):
            output.append(literal: "44")
            if let json { JSONWriter.append(json, to: &output) }
        }
        return output
    }
}
