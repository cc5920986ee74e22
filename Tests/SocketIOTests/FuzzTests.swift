import Testing

@_spi(Fuzzing) @testable import SocketIO

@Suite struct FuzzTests {
    private static let packets = [
        "0", "0/custom,", #"0{"token":"x"}"#, "1", "1/custom,", #"2["message",1,{"a":[null]}]"#, #"212["message"]"#,
        #"2/custom,1["message","é\n"]"#, #"51-["message",{"_placeholder":true,"num":0}]"#, #"3[]"#, #"30["x"]"#,
        #"61-1[{"_placeholder":true,"num":0}]"#, "4{}", "", #"0{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"BAAAAAA"}"#,
    ].map { Array($0.utf8) }

    private func mutated(_ input: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var input = input
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let index = Int.random(in: 0...input.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where index < input.count: input[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: input.removeSubrange(index...)
            case 2: input.insert(Array("0123456-/,[]{}\"\\ \u{1e}".utf8).randomElement(using: &random)!, at: index)
            default: input.insert(UInt8.random(in: 0...255, using: &random), at: index)
            }
        }
        return input
    }

    @Test func `reads any packet, and writes what it read`() {
        var random = SplitMix(seed: 11)
        for _ in 0..<20_000 {
            let input = mutated(Self.packets.randomElement(using: &random)!, &random)
            let difference = SocketIOFuzzing.packetDifference(input)
            #expect(difference == nil, "\(String(decoding: input, as: UTF8.self))")
            if difference != nil { return }
        }
    }

    @Test func `reads any payload`() {
        var random = SplitMix(seed: 12)
        for _ in 0..<20_000 {
            var input: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if !input.isEmpty { input.append(EnginePayload.separator) }
                input += Array(["4", "b", "3", "1", "6"].randomElement(using: &random)!.utf8)
                input += Self.packets.randomElement(using: &random)!
            }
            #expect(SocketIOFuzzing.payloadDifference(mutated(input, &random)) == nil)
        }
    }

    @Test func `survives whatever clients send`() {
        var random = SplitMix(seed: 13)
        for _ in 0..<4_000 {
            var input: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let isMessage = Int.random(in: 0..<40, using: &random) < 34
                input.append(isMessage ? 0 : UInt8.random(in: 0..<8, using: &random))
                input.append(UInt8(ascii: "4"))
                input += mutated(Self.packets.randomElement(using: &random)!, &random)
            }
            let difference = SocketIOFuzzing.drive(input)
            #expect(difference == nil, "\(input)")
            if difference != nil { return }
        }
    }
}
