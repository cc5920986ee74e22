/// Reads the WebSocket messages of one peer (RFC 6455 §5), fragments joined and control frames in their place.
///
/// Frames are taken apart while they are fed, so a payload is copied once, into the message that carries it. Between
/// messages a decoder owns no memory. What breaks the protocol is thrown by `next()` after all that came before it,
/// at the first byte that shows it, however the bytes were cut; nothing is read after that, nor after a close frame.
public struct WebSocketDecoder: StreamDecoder {
    public typealias Frame = WebSocketMessage
    public typealias Failure = WebSocketError

    /// No message of more bytes is taken; the header that announces one is refused before its payload is stored.
    public let maxMessageSize: Int
    public let role: WebSocketRole

    private var phase = Phase.header
    /// The bytes of a header that has not arrived whole; at most 14.
    private var header = InlineArray<14, UInt8>(repeating: 0)
    private var headerCount: UInt8 = 0

    // The frame whose payload is being read.
    private var opcode = WebSocketOpcode.continuation
    private var isFinal = false
    private var mask: UInt32 = 0
    private var length = 0
    private var position = 0

    /// The kind of the message that is being joined from fragments; `continuation` when there is none.
    private var messageOpcode = WebSocketOpcode.continuation
    private var message: [UInt8] = []
    private var text = UTF8Validator()
    private var control: [UInt8] = []

    // The first waits in place: one message a feed is the rule, and needs no array.
    private var first: WebSocketMessage?
    private var more: [WebSocketMessage] = []
    private var taken = 0
    private var failure: WebSocketError?

    private enum Phase {
        case header
        case payload
        /// A close frame or a failure has been seen.
        case ended
    }

    public init(role: WebSocketRole, maxMessageSize: Int) {
        self.role = role
        self.maxMessageSize = maxMessageSize
    }

    // MARK: - StreamDecoder

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        do throws(WebSocketError) {
            while phase != .ended {
                if phase == .header {
                    guard try readHeader(&rest) else { return }
                }
                guard try readPayload(&rest) else { return }
            }
        } catch {
            failure = error
            end()
        }
    }

    public mutating func next() throws(WebSocketError) -> WebSocketMessage? {
        if let message = first {
            first = nil
            return message
        }
        if taken < more.count {
            let message = more[taken]
            taken += 1
            if taken == more.count {
                more = []
                taken = 0
            }
            return message
        }
        if let failure { throw failure }
        return nil
    }

    public mutating func finish() throws(WebSocketError) {
        if let failure { throw failure }
        if phase == .ended { return }
        guard phase == .header, headerCount == 0, messageOpcode == .continuation else { throw .unexpectedEnd }
    }

    // MARK: - Header

    /// Reads the rest of a header. Each of its bytes is judged as soon as it is there.
    private mutating func readHeader(_ rest: inout UnsafeRawBufferPointer) throws(WebSocketError) -> Bool {
        if headerCount == 0, rest.count >= 2 {
            // The usual case: the whole header lies in front of us.
            try checkStart(rest[0])
            try checkLength(rest[1], after: rest[0])
            let size = headerSize(rest[1])
            if rest.count >= size {
                try begin(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[size...])
                return true
            }
        }
        while let byte = rest.first {
            header[Int(headerCount)] = byte
            headerCount += 1
            rest = UnsafeRawBufferPointer(rebasing: rest[1...])
            if headerCount == 1 {
                try checkStart(byte)
            } else {
                if headerCount == 2 { try checkLength(byte, after: header[0]) }
                if Int(headerCount) == headerSize(header[1]) {
                    let header = header
                    try header.span.withUnsafeBytes { bytes throws(WebSocketError) in try begin(bytes) }
                    headerCount = 0
                    return true
                }
            }
        }
        return false
    }

    private func headerSize(_ second: UInt8) -> Int {
        let extended = second & 0x7F == 127 ? 8 : second & 0x7F == 126 ? 2 : 0
        return 2 + extended + (role == .server ? 4 : 0)
    }

    private func checkStart(_ byte: UInt8) throws(WebSocketError) {
        guard byte & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = WebSocketOpcode(rawValue: byte & 0x0F) else { throw .reservedOpcode(byte & 0x0F) }
        if opcode.isControl {
            guard byte & 0x80 != 0 else { throw .fragmentedControlFrame }
        } else if opcode == .continuation {
            guard messageOpcode != .continuation else { throw .unexpectedContinuation }
        } else {
            guard messageOpcode == .continuation else { throw .expectedContinuation }
        }
    }

    private func checkLength(_ byte: UInt8, after first: UInt8) throws(WebSocketError) {
        switch role {
        case .server: guard byte & 0x80 != 0 else { throw .unmaskedFrame }
        case .client: guard byte & 0x80 == 0 else { throw .maskedFrame }
        }
        // 8 to 15 are the control opcodes.
        if first & 0x08 != 0 {
            guard byte & 0x7F <= 125 else { throw .controlFrameTooLong }
        }
    }

    /// Takes a whole header and decides from it whether its payload may come.
    private mutating func begin(_ bytes: UnsafeRawBufferPointer) throws(WebSocketError) {
        let opcode = WebSocketOpcode(rawValue: bytes[0] & 0x0F) ?? .continuation
        var length = UInt64(bytes[1] & 0x7F)
        var offset = 2
        if length == 126 {
            length = UInt64(bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian)
            offset = 4
            guard length > 125 else { throw .nonMinimalLength }
        } else if length == 127 {
            length = bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self).bigEndian
            offset = 10
            guard length >> 63 == 0 else { throw .invalidLength }
            guard length > 0xFFFF else { throw .nonMinimalLength }
        }
        if !opcode.isControl, length > UInt64(max(0, maxMessageSize - message.count)) {
            throw .messageTooBig(limit: maxMessageSize)
        }
        mask = role == .server ? bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian : 0
        self.opcode = opcode
        isFinal = bytes[0] & 0x80 != 0
        self.length = Int(length)
        position = 0
        if opcode == .text || opcode == .binary { messageOpcode = opcode }
        phase = .payload
    }

    // MARK: - Payload

    /// Reads what there is of the payload, and says whether the frame is complete.
    private mutating func readPayload(_ rest: inout UnsafeRawBufferPointer) throws(WebSocketError) -> Bool {
        let count = min(rest.count, length - position)
        if count > 0 {
            let piece = UnsafeRawBufferPointer(rebasing: rest[..<count])
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if opcode.isControl {
                Self.append(piece, mask: mask, phase: position, to: &control)
            } else {
                let start = message.count
                Self.append(piece, mask: mask, phase: position, to: &message)
                if messageOpcode == .text {
                    let isValid = message.withUnsafeBytes { text.feed(UnsafeRawBufferPointer(rebasing: $0[start...])) }
                    guard isValid else { throw .invalidUTF8 }
                }
            }
            position += count
        }
        guard position == length else { return false }
        phase = .header
        if opcode.isControl {
            try endControlFrame()
        } else if isFinal {
            try endMessage()
        }
        return true
    }

    private static func append(
        _ piece: UnsafeRawBufferPointer, mask: UInt32, phase: Int, to output: inout [UInt8]
    ) {
        let start = output.count
        output.append(contentsOf: piece.assumingMemoryBound(to: UInt8.self))
        output.withUnsafeMutableBytes { bytes in
            WebSocketMask.apply(mask, to: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]), phase: phase)
        }
    }

    private mutating func endMessage() throws(WebSocketError) {
        guard text.isComplete else { throw .invalidUTF8 }
        let payload = message
        message = []
        deliver(messageOpcode == .text ? .text(payload) : .binary(payload))
        messageOpcode = .continuation
    }

    private mutating func endControlFrame() throws(WebSocketError) {
        let payload = control
        control = []
        switch opcode {
        case .ping: deliver(.ping(payload))
        case .pong: deliver(.pong(payload))
        case .close, .continuation, .text, .binary: try endClose(payload)
        }
    }

    private mutating func endClose(_ payload: [UInt8]) throws(WebSocketError) {
        if payload.isEmpty {
            deliver(.close(code: nil, reason: []))
        } else {
            guard payload.count >= 2 else { throw .truncatedCloseCode }
            let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
            guard Self.isValidCloseCode(code) else { throw .invalidCloseCode(code) }
            let reason = Array(payload[2...])
            var validator = UTF8Validator()
            guard reason.withUnsafeBytes({ validator.feed($0) }), validator.isComplete else { throw .invalidUTF8 }
            deliver(.close(code: code, reason: reason))
        }
        end()
    }

    /// The codes a peer may send: those registered for the wire, and 3000 to 4999 (§7.4).
    private static func isValidCloseCode(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: return true
        default: return false
        }
    }

    private mutating func deliver(_ message: WebSocketMessage) {
        if first == nil, more.isEmpty {
            first = message
        } else {
            more.append(message)
        }
    }

    private mutating func end() {
        phase = .ended
        message = []
        control = []
    }
}
