/// What a frame carries (RFC 6455 §11.8).
public enum WebSocketOpcode: UInt8, Equatable, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Control frames are short, never fragmented, and may stand between the fragments of a message.
    public var isControl: Bool { rawValue & 0x8 != 0 }
}

/// A whole message or control frame, unmasked and checked.
public enum WebSocketMessage: Equatable, Sendable {
    /// Valid UTF-8.
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// `code` is `nil` when the frame was empty; the reason is valid UTF-8. Nothing follows a close.
    case close(code: UInt16?, reason: [UInt8])
}

/// How a peer broke the protocol. The connection is to be closed with `closeCode` and `reason`.
public enum WebSocketError: Error, Equatable, Sendable {
    case reservedBits
    case reservedOpcode(UInt8)
    /// A client must mask every frame (§5.3).
    case unmaskedFrame
    /// A server must not mask any (§5.1).
    case maskedFrame
    case nonMinimalLength
    /// The top bit of a 64-bit length is set.
    case invalidLength
    case fragmentedControlFrame
    case controlFrameTooLong
    case unexpectedContinuation
    /// A new message begins before the last one has ended.
    case expectedContinuation
    /// A close frame with a payload of one byte.
    case truncatedCloseCode
    case invalidCloseCode(UInt16)
    case invalidUTF8
    case messageTooBig(limit: Int)
    /// The peer went away in the middle of a frame or a message.
    case unexpectedEnd

    /// The status code of §7.4.1 that says so.
    public var closeCode: UInt16 {
        switch self {
        case .invalidUTF8: return 1007
        case .messageTooBig: return 1009
        case .reservedBits, .reservedOpcode, .unmaskedFrame, .maskedFrame, .nonMinimalLength, .invalidLength,
            .fragmentedControlFrame, .controlFrameTooLong, .unexpectedContinuation, .expectedContinuation,
            .truncatedCloseCode, .invalidCloseCode, .unexpectedEnd:
            return 1002
        }
    }

    /// A sentence short enough for a close frame.
    public var reason: String {
        switch self {
        case .reservedBits: return "a reserved bit is set"
        case .reservedOpcode(let opcode): return "opcode \(opcode) is reserved"
        case .unmaskedFrame: return "a client's frames must be masked"
        case .maskedFrame: return "a server's frames must not be masked"
        case .nonMinimalLength: return "the length is not written in the shortest form"
        case .invalidLength: return "the length has its top bit set"
        case .fragmentedControlFrame: return "a control frame must not be fragmented"
        case .controlFrameTooLong: return "a control frame carries at most 125 bytes"
        case .unexpectedContinuation: return "there is no message to continue"
        case .expectedContinuation: return "the previous message has not ended"
        case .truncatedCloseCode: return "a close code has two bytes"
        case .invalidCloseCode(let code): return "close code \(code) must not be sent"
        case .invalidUTF8: return "the text is not UTF-8"
        case .messageTooBig(let limit): return "a message may have at most \(limit) bytes"
        case .unexpectedEnd: return "the stream ends inside a message"
        }
    }
}

/// Which side of the connection a decoder reads for.
public enum WebSocketRole: Equatable, Sendable {
    /// Reads what a client sends: every frame is masked.
    case server
    /// Reads what a server sends: no frame is masked.
    case client
}
