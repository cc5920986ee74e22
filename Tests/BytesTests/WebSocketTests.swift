import Bytes
import Testing

@Suite struct WebSocketTests {
    private let mask: UInt32 = 0x37FA_213D

    private func read(
        _ bytes: [UInt8], role: WebSocketRole = .server, limit: Int = 1 << 20,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> Decoded<WebSocketMessage, WebSocketError> {
        decodeEveryWay(bytes, sourceLocation: sourceLocation) { WebSocketDecoder(role: role, maxMessageSize: limit) }
    }

    private func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
        var output: [UInt8] = []
        WebSocketEncoder.append(opcode, payload, isFinal: isFinal, mask: mask, to: &output)
        return output
    }

    private func frame(_ opcode: WebSocketOpcode, _ text: String, isFinal: Bool = true) -> [UInt8] {
        frame(opcode, Array(text.utf8), isFinal: isFinal)
    }

    // MARK: - What is right

    @Test func `reads the examples of RFC 6455`() {
        #expect(
            read([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], role: .client).frames == [.text(Array("Hello".utf8))])
        #expect(
            read([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).frames
                == [.text(Array("Hello".utf8))])
        #expect(
            read([0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f], role: .client).frames
                == [.text(Array("Hello".utf8))])
        #expect(
            read([0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).frames
                == [.pong(Array("Hello".utf8))])
    }

    @Test(arguments: [0, 1, 2, 7, 8, 9, 125, 126, 127, 300])
    func `gives back what the encoder wrote`(length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(read(frame(.binary, payload)) == Decoded(frames: [.binary(payload)]))
        var plain: [UInt8] = []
        WebSocketEncoder.append(.binary, payload, to: &plain)
        #expect(plain.count == WebSocketEncoder.headerLength(forPayload: length) + length)
        #expect(read(plain, role: .client) == Decoded(frames: [.binary(payload)]))
    }

    @Test func `reads long messages`() {
        let payload = [UInt8](repeating: 0x61, count: 70_000)
        let bytes = frame(.text, payload)
        #expect(bytes.count == WebSocketEncoder.headerLength(forPayload: 70_000, masked: true) + 70_000)
        for size in [1, 13, 4_096, 70_000, 80_000] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let decoded = decode(pieces, with: WebSocketDecoder(role: .server, maxMessageSize: 70_000))
            #expect(decoded == Decoded(frames: [.text(payload)]))
        }
    }

    @Test func `joins fragments and lets control frames pass between them`() {
        let bytes =
            frame(.text, "Hé", isFinal: false) + frame(.ping, "?") + frame(.continuation, "", isFinal: false)
            + frame(.pong, "") + frame(.continuation, "llo") + frame(.binary, [1])
        #expect(
            read(bytes).frames == [.ping([0x3F]), .pong([]), .text(Array("Héllo".utf8)), .binary([1])])
    }

    @Test func `joins a scalar that fragments cut in two`() {
        let euro = Array("€".utf8)
        let bytes = frame(.text, [euro[0]], isFinal: false) + frame(.continuation, Array(euro[1...]))
        #expect(read(bytes) == Decoded(frames: [.text(euro)]))
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999] as [UInt16])
    func `takes the close codes of the wire`(code: UInt16) {
        var bytes: [UInt8] = []
        WebSocketEncoder.appendClose(code: code, reason: "bye", mask: mask, to: &bytes)
        #expect(read(bytes) == Decoded(frames: [.close(code: code, reason: Array("bye".utf8))]))
    }

    @Test func `takes an empty close and reads nothing after it`() {
        #expect(read(frame(.close, []) + [0xFF, 0xFF]) == Decoded(frames: [.close(code: nil, reason: [])]))
    }

    @Test func `cuts a long close reason between two scalars`() {
        var bytes: [UInt8] = []
        WebSocketEncoder.appendClose(code: 1000, reason: String(repeating: "é", count: 100), to: &bytes)
        #expect(bytes.count == 2 + 124)
        #expect(read(bytes, role: .client).failure == nil)
    }

    // MARK: - What is wrong

    @Test(
        arguments: [
            ([0xC1, 0x80], .reservedBits),
            ([0x91], .reservedBits),
            ([0x83], .reservedOpcode(3)),
            ([0x8B, 0x80], .reservedOpcode(11)),
            ([0x81, 0x01, 0x61], .unmaskedFrame),
            ([0x09, 0x80], .fragmentedControlFrame),
            ([0x89, 0xFE, 0x00, 0x7E], .controlFrameTooLong),
            ([0x80, 0x80], .unexpectedContinuation),
            ([0x00], .unexpectedContinuation),
            ([0x82, 0xFE, 0x00, 0x7D, 0, 0, 0, 0], .nonMinimalLength),
            ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0], .nonMinimalLength),
            ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .invalidLength),
            ([0x82, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .messageTooBig(limit: 1 << 20)),
            ([0x88, 0x81, 0, 0, 0, 0, 0x03], .truncatedCloseCode),
            ([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], .invalidCloseCode(1005)),
            ([0x88, 0x82, 0, 0, 0, 0, 0x00, 0x00], .invalidCloseCode(0)),
            ([0x88, 0x82, 0, 0, 0, 0, 0x13, 0x88], .invalidCloseCode(5000)),
            ([0x88, 0x83, 0, 0, 0, 0, 0x03, 0xE8, 0xFF], .invalidUTF8),
            ([0x81, 0x81, 0, 0, 0, 0, 0xFF], .invalidUTF8),
            ([0x81, 0x81, 0, 0, 0, 0, 0xC3], .invalidUTF8),
            ([0x81, 0x83, 0, 0, 0, 0, 0xED, 0xA0, 0x80], .invalidUTF8),
            ([0x81, 0x83, 0, 0], .unexpectedEnd),
            ([0x81, 0x83, 0, 0, 0, 0, 0x61], .unexpectedEnd),
            ([0x01, 0x81, 0, 0, 0, 0, 0x61], .unexpectedEnd),
        ] as [([UInt8], WebSocketError)])
    func `refuses what breaks the protocol, after what came before`(bytes: [UInt8], error: WebSocketError) {
        #expect(read(bytes) == Decoded(failure: error))
        #expect(read(frame(.binary, [1, 2]) + bytes) == Decoded(frames: [.binary([1, 2])], failure: error))
    }

    @Test func `refuses a new message inside another`() {
        let bytes = frame(.text, "a", isFinal: false) + frame(.text, "b")
        #expect(read(bytes) == Decoded(failure: .expectedContinuation))
    }

    @Test func `refuses a masked frame from a server`() {
        #expect(read(frame(.text, "a"), role: .client) == Decoded(failure: .maskedFrame))
    }

    @Test func `refuses invalid text in the fragment that shows it`() {
        var decoder = WebSocketDecoder(role: .server, maxMessageSize: 100)
        decoder.feed(frame(.text, [0xF0], isFinal: false))
        #expect(throws: Never.self) { try decoder.next() }
        decoder.feed(frame(.continuation, [0x80], isFinal: false))
        #expect(throws: WebSocketError.invalidUTF8) { try decoder.next() }
        #expect(throws: WebSocketError.invalidUTF8) { try decoder.next() }
    }

    @Test func `refuses a message that grows too big by its header alone`() {
        #expect(read(frame(.binary, [1, 2, 3, 4]), limit: 4).failure == nil)
        var decoder = WebSocketDecoder(role: .server, maxMessageSize: 4)
        decoder.feed(frame(.binary, [1, 2], isFinal: false))
        decoder.feed(frame(.continuation, [1, 2, 3])[..<6])
        #expect(throws: WebSocketError.messageTooBig(limit: 4)) { try decoder.next() }
    }

    @Test func `tells the peer why with the codes of RFC 6455`() {
        #expect(WebSocketError.reservedBits.closeCode == 1002)
        #expect(WebSocketError.invalidUTF8.closeCode == 1007)
        #expect(WebSocketError.messageTooBig(limit: 1).closeCode == 1009)
    }

    @Test func `keeps an idle decoder small`() {
        #expect(MemoryLayout<WebSocketDecoder>.size <= 160)
    }
}
