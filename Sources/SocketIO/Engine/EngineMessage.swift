import Bytes

/// A packet ready for the wire: encoded once, sent to any number of sessions over either transport.
///
/// It is one text packet, or one binary message, or a text packet with the binary messages that belong to it.
public struct EngineMessage: Sendable {
    /// Complete WebSocket frames as a server sends them.
    public let frames: [UInt8]
    private let textStart: Int
    private let textCount: Int
    private let attachments: [[UInt8]]

    /// Builds a packet of text. `write` appends it, packet type first; one allocation if `capacity` suffices.
    init(capacity: Int, attachments: [[UInt8]] = [], _ write: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        var binaryCount = 0
        for attachment in attachments {
            binaryCount += WebSocketEncoder.headerLength(forPayload: attachment.count) + attachment.count
        }
        bytes.reserveCapacity(capacity + binaryCount + 10)
        // Room for the header of a middling frame; the length decides which it is.
        for _ in 0..<4 { bytes.append(0) }
        write(&bytes)
        textCount = bytes.count - 4
        textStart = WebSocketEncoder.headerLength(forPayload: textCount)
        if textStart < 4 {
            bytes.removeFirst(4 - textStart)
        } else if textStart > 4 {
            bytes.insert(contentsOf: repeatElement(0, count: textStart - 4), at: 0)
        }
        bytes[0] = 0x80 | WebSocketOpcode.text.rawValue
        switch textStart {
        case 2: bytes[1] = UInt8(truncatingIfNeeded: textCount)
        case 4:
            bytes[1] = 126
            bytes[2] = UInt8(truncatingIfNeeded: textCount >> 8)
            bytes[3] = UInt8(truncatingIfNeeded: textCount)
        default:
            bytes[1] = 127
            for index in 0..<8 { bytes[2 + index] = UInt8(truncatingIfNeeded: textCount >> (56 - 8 * index)) }
        }
        for attachment in attachments { WebSocketEncoder.append(.binary, attachment, to: &bytes) }
        frames = bytes
        self.attachments = attachments
    }

    /// A packet of one type and its data.
    public init(_ type: EnginePacketType, _ data: some Collection<UInt8> = EmptyCollection<UInt8>()) {
        self.init(capacity: data.count + 1) { output in
            output.append(type.rawValue)
            output.append(contentsOf: data)
        }
    }

    /// A message of bytes.
    public init(binary: [UInt8]) {
        var bytes: [UInt8] = []
        WebSocketEncoder.append(.binary, binary, to: &bytes)
        frames = bytes
        textStart = 0
        textCount = 0
        attachments = [binary]
    }

    /// The text packet, without a frame's header.
    public var text: ArraySlice<UInt8> { frames[textStart..<(textStart + textCount)] }

    /// Appends the packets to the body of a polling response.
    public func appendPayload(to output: inout [UInt8]) {
        if textCount > 0 {
            if !output.isEmpty { output.append(EnginePayload.separator) }
            output.append(contentsOf: text)
        }
        for attachment in attachments {
            if !output.isEmpty { output.append(EnginePayload.separator) }
            output.append(UInt8(ascii: "b"))
            Base64.append(attachment.span, to: &output)
        }
    }
}
