@_spi(Fuzzing) import Bytes
import Testing

@Suite struct WebSocketFuzzTests {
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    @Test func `reads anything, and the same however it is cut`() {
        var random = SplitMix(state: 20_240_601)
        let opcodes: [WebSocketOpcode] = [.continuation, .text, .binary, .close, .ping, .pong]
        let scraps = ["", "a", "é€😀", "hello world, this is longer", "\u{0}\u{7f}"].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            var input: [UInt8] = [UInt8.random(in: 0...255, using: &random), UInt8.random(in: 0...40, using: &random)]
            let isClient = input[0] & 1 == 0
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let opcode = opcodes.randomElement(using: &random)!
                var payload = scraps.randomElement(using: &random)!
                if opcode == .close { payload = [3, 0xE8] + payload }
                if Int.random(in: 0..<30, using: &random) == 0, !opcode.isControl {
                    payload = [UInt8](repeating: 0x78, count: 150)
                }
                let isFinal = opcode.isControl || Bool.random(using: &random)
                let mask: UInt32? = isClient ? UInt32.random(in: 0...UInt32.max, using: &random) : nil
                WebSocketEncoder.append(opcode, payload, isFinal: isFinal, mask: mask, to: &input)
            }
            for _ in 0..<Int.random(in: 0...3, using: &random) where input.count > 2 {
                let index = Int.random(in: 2..<input.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: input[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: input.removeSubrange(index...)
                default: input.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            let difference = WebSocketFuzzing.difference(input)
            #expect(difference == nil, "\(input)")
            if difference != nil { return }
        }
    }

    @Test func `reads base64 strictly`() {
        var random = SplitMix(state: 7)
        let alphabet = Array("ABCDEFwxyz0189+/-_==\n".utf8)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &random)
            let input = (0..<count).map { _ in alphabet.randomElement(using: &random)! }
            #expect(Base64Fuzzing.difference(input) == nil, "\(input)")
        }
    }
}
