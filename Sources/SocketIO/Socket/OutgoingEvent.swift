import Bytes

/// An event on its way to clients.
public struct OutgoingEvent: Sendable {
    public var name: String
    public var arguments: SocketArguments
    /// The id under which clients acknowledge, if they shall.
    public var id: UInt64?

    public init(name: String, arguments: SocketArguments = .none, id: UInt64? = nil) {
        self.name = name
        self.arguments = arguments
        self.id = id
    }

    /// Encodes the event once for all its receivers. An `offset` becomes the last argument (control-plane §4.10).
    func encoded(namespace: String, offset: String? = nil) -> EngineMessage {
        let text = arguments.text
        let capacity = namespace.utf8.count + name.utf8.count + text.count + 48
        return EngineMessage(capacity: capacity, attachments: arguments.attachments) { output in
            let attachments = arguments.attachments.count
            SocketPacketWriter.begin(
                attachments == 0 ? .event : .binaryEvent, attachments: attachments, namespace, id, to: &output)
            output.append(UInt8(ascii: "["))
            JSONWriter.append(name, to: &output)
            if !text.isEmpty {
                output.append(UInt8(ascii: ","))
                output.append(contentsOf: text)
            }
            if let offset {
                output.append(UInt8(ascii: ","))
                JSONWriter.append(offset, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        }
    }
}

/// Writes Socket.IO packets, each as the message of an Engine.IO packet.
enum SocketPacketWriter {
    enum PacketType: UInt8 {
        case connect = 0x30
        case disconnect = 0x31
        case event = 0x32
        case ack = 0x33
        case connectError = 0x34
        case binaryEvent = 0x35
        case binaryAck = 0x36
    }

    /// Writes all that stands before a packet's JSON.
    static func begin(
        _ type: PacketType, attachments: Int = 0, _ namespace: String, _ id: UInt64? = nil, to output: inout [UInt8]
    ) {
        output.append(EnginePacketType.message.rawValue)
        output.append(type.rawValue)
        if type == .binaryEvent || type == .binaryAck {
            appendDecimal(UInt64(attachments), to: &output)
            output.append(UInt8(ascii: "-"))
        }
        if namespace != "/" {
            output.append(contentsOf: namespace.utf8)
            output.append(UInt8(ascii: ","))
        }
        if let id { appendDecimal(id, to: &output) }
    }

    static func ack(_ arguments: SocketArguments, id: UInt64, namespace: String) -> EngineMessage {
        let text = arguments.text
        let attachments = arguments.attachments
        return EngineMessage(capacity: namespace.utf8.count + text.count + 32, attachments: attachments) { output in
            begin(
                attachments.isEmpty ? .ack : .binaryAck, attachments: attachments.count, namespace, id, to: &output)
            output.append(UInt8(ascii: "["))
            output.append(contentsOf: text)
            output.append(UInt8(ascii: "]"))
        }
    }

    static func packet(_ type: PacketType, namespace: String, payload: JSON? = nil) -> EngineMessage {
        EngineMessage(capacity: 128) { output in
            begin(type, namespace, to: &output)
            if let payload { JSONWriter.append(payload, to: &output) }
        }
    }

    /// The answer to a CONNECT, written without building a value: it is sent once a connection.
    static func connected(_ id: SocketID, privateID: SocketID?, namespace: String) -> EngineMessage {
        EngineMessage(capacity: namespace.utf8.count + 72) { output in
            begin(.connect, namespace, to: &output)
            output.append(literal: "{\"sid\":\"")
            id.append(to: &output)
            if let privateID {
                output.append(literal: "\",\"pid\":\"")
                privateID.append(to: &output)
            }
            output.append(literal: "\"}")
        }
    }

    private static func appendDecimal(_ value: UInt64, to output: inout [UInt8]) {
        if value < 10 {
            output.append(0x30 + UInt8(value))
            return
        }
        let start = output.count
        var rest = value
        while rest > 0 {
            output.append(0x30 + UInt8(rest % 10))
            rest /= 10
        }
        output[start...].reverse()
    }
}
