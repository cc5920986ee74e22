/// Writes WebSocket frames (RFC 6455 §5.2).
public enum WebSocketEncoder {
    /// Appends one frame. A client passes a `mask` of its own choosing for every frame, a server none.
    public static func append(
        _ opcode: WebSocketOpcode, _ payload: Span<UInt8>, isFinal: Bool = true, mask: UInt32? = nil,
        to output: inout [UInt8]
    ) {
        output.reserveFrame(payload.count)
        appendHeader(opcode, length: payload.count, isFinal: isFinal, mask: mask, to: &output)
        let start = output.count
        payload.withUnsafeBufferPointer { output.append(contentsOf: $0) }
        if let mask {
            output.withUnsafeMutableBytes { bytes in
                WebSocketMask.apply(mask, to: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]), phase: 0)
            }
        }
    }

    /// Appends one frame of an array's bytes.
    public static func append(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, mask: UInt32? = nil,
        to output: inout [UInt8]
    ) {
        append(opcode, payload.span, isFinal: isFinal, mask: mask, to: &output)
    }

    /// Appends the header of a frame whose payload of `length` bytes the caller appends, masked if it gave a mask.
    public static func appendHeader(
        _ opcode: WebSocketOpcode, length: Int, isFinal: Bool = true, mask: UInt32? = nil, to output: inout [UInt8]
    ) {
        precondition(!opcode.isControl || (length <= 125 && isFinal), "a control frame is short and whole")
        output.append(opcode.rawValue | (isFinal ? 0x80 : 0))
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        if length < 126 {
            output.append(UInt8(length) | maskBit)
        } else if length <= 0xFFFF {
            output.append(126 | maskBit)
            output.append(UInt8(truncatingIfNeeded: length >> 8))
            output.append(UInt8(truncatingIfNeeded: length))
        } else {
            output.append(127 | maskBit)
            for shift in stride(from: 56, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: length >> shift))
            }
        }
        if let mask {
            for shift in stride(from: 24, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: mask >> UInt32(shift)))
            }
        }
    }

    /// Appends a close frame. The reason is cut to what fits, between two scalars.
    public static func appendClose(
        code: UInt16?, reason: String = "", mask: UInt32? = nil, to output: inout [UInt8]
    ) {
        var payload: [UInt8] = []
        if let code {
            payload = [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)]
            for scalar in reason.unicodeScalars {
                guard let utf8 = UTF8.encode(scalar), payload.count + utf8.count <= 125 else { break }
                payload.append(contentsOf: utf8)
            }
        }
        append(.close, payload, mask: mask, to: &output)
    }

    /// How many bytes stand before a payload of that length.
    public static func headerLength(forPayload length: Int, masked: Bool = false) -> Int {
        (length < 126 ? 2 : length <= 0xFFFF ? 4 : 10) + (masked ? 4 : 0)
    }
}

extension [UInt8] {
    /// Makes room for a frame without giving up growth by doubling.
    fileprivate mutating func reserveFrame(_ length: Int) {
        let needed = count + length + 14
        if needed > capacity { reserveCapacity(Swift.max(needed, isEmpty ? 0 : capacity * 2)) }
    }
}

/// The masking of §5.3, its own inverse.
enum WebSocketMask {
    /// Masks `bytes`, the first of which stands at position `phase` of its frame. Works in words of eight.
    static func apply(_ mask: UInt32, to bytes: UnsafeMutableRawBufferPointer, phase: Int) {
        guard mask != 0 else { return }
        // Rotated so that the mask's first byte in memory meets the first byte here.
        let shift = UInt32(phase & 3) &* 8
        let rotated = shift == 0 ? mask : mask << shift | mask >> (32 &- shift)
        let word = UInt64(rotated) << 32 | UInt64(rotated)
        let wide = word.bigEndian
        var index = 0
        while index + 8 <= bytes.count {
            let value = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            bytes.storeBytes(of: value ^ wide, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        var rest = word
        while index < bytes.count {
            rest = rest << 8 | rest >> 56
            bytes[index] ^= UInt8(truncatingIfNeeded: rest)
            index += 1
        }
    }
}
