/// Promises of the WebSocket codec that a fuzzer holds it to.
@_spi(Fuzzing) public enum WebSocketFuzzing {
    /// Whatever arrives, messages or one failure, the same however it is cut. The first two bytes choose role, limit
    /// and cuts. Gives what differs, or `nil`.
    public static func difference(_ input: [UInt8]) -> String? {
        guard input.count > 2 else { return nil }
        let role: WebSocketRole = input[0] & 1 == 0 ? .server : .client
        let limit = [10, 200, 70_000, 1 << 20][Int(input[0] >> 1 & 3)]
        let bytes = Array(input[2...])
        let whole = read(bytes, by: bytes.count, role, limit)
        for size in [1, 2, 3, 1 + Int(input[1])] where size < bytes.count {
            let pieces = read(bytes, by: size, role, limit)
            guard pieces == whole else { return "in pieces of \(size): \(pieces), whole: \(whole)" }
        }
        return sameAgain(whole, role)
    }

    private struct Reading: Equatable {
        var messages: [WebSocketMessage] = []
        var failure: WebSocketError?
    }

    private static func read(_ bytes: [UInt8], by size: Int, _ role: WebSocketRole, _ limit: Int) -> Reading {
        var decoder = WebSocketDecoder(role: role, maxMessageSize: limit)
        var result = Reading()
        do throws(WebSocketError) {
            for start in stride(from: 0, to: bytes.count, by: size) {
                decoder.feed(bytes[start..<min(start + size, bytes.count)])
                while let message = try decoder.next() { result.messages.append(message) }
            }
            try decoder.finish()
        } catch {
            result.failure = error
        }
        return result
    }

    /// What was read is read again after it was written.
    private static func sameAgain(_ reading: Reading, _ role: WebSocketRole) -> String? {
        let mask: UInt32? = role == .server ? 0x1234_ABCD : nil
        var output: [UInt8] = []
        for message in reading.messages {
            switch message {
            case .text(let bytes): WebSocketEncoder.append(.text, bytes, mask: mask, to: &output)
            case .binary(let bytes): WebSocketEncoder.append(.binary, bytes, mask: mask, to: &output)
            case .ping(let bytes): WebSocketEncoder.append(.ping, bytes, mask: mask, to: &output)
            case .pong(let bytes): WebSocketEncoder.append(.pong, bytes, mask: mask, to: &output)
            case .close(let code, let reason):
                let text = String(decoding: reason, as: UTF8.self)
                WebSocketEncoder.appendClose(code: code, reason: text, mask: mask, to: &output)
            }
        }
        let again = read(output, by: max(1, output.count), role, 1 << 20)
        return again == Reading(messages: reading.messages) ? nil : "written again: \(again), before: \(reading)"
    }
}

/// Promises of base64.
@_spi(Fuzzing) public enum Base64Fuzzing {
    /// Every text has one meaning and every meaning one text.
    public static func difference(_ input: [UInt8]) -> String? {
        for alphabet in [Base64.Alphabet.standard, .urlSafe] {
            let text = Base64.encode(input, alphabet)
            guard (try? Base64.decode(text, alphabet)) == input else { return "\(input) does not come back" }
            if let bytes = try? Base64.decode(input, alphabet), Base64.encode(bytes, alphabet) != input {
                return "\(input) is read but not written"
            }
        }
        return nil
    }
}
