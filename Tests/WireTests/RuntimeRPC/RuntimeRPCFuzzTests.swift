import Testing

@_spi(Fuzzing) import Wire

@Suite struct RuntimeRPCFuzzTests {
    @Test func `any line is a request or refused, and what is read is written the same`() {
        var random = Seeded(3)
        for _ in 0..<20_000 {
            let line = mutated(RuntimeRPCFixtures.requests.randomElement(using: &random) ?? "", &random)
            let difference = RuntimeRPCFuzzing.requestDifference(line)
            #expect(difference == nil, "\(String(decoding: line, as: UTF8.self))")
            if difference != nil { return }
        }
    }

    @Test func `any line is an answer or refused, and what is read is written the same`() {
        var random = Seeded(4)
        for _ in 0..<10_000 {
            let line = mutated(RuntimeRPCFixtures.responses.randomElement(using: &random) ?? "", &random)
            let difference = RuntimeRPCFuzzing.responseDifference(line)
            #expect(difference == nil, "\(String(decoding: line, as: UTF8.self))")
            if difference != nil { return }
        }
    }

    @Test func `any line gets at most one answer from the bridge`() {
        var random = Seeded(6)
        let lines = [
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rtm_status","arguments":{"state":"x"}}}"#,
            #"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{}}"#,
            #"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, #"{"jsonrpc":"2.0","method":"notifications/x"}"#,
        ]
        for _ in 0..<5000 {
            let line = mutated(lines.randomElement(using: &random) ?? "", &random)
            let difference = RuntimeRPCFuzzing.bridgeDifference(line)
            #expect(difference == nil, "\(String(decoding: line, as: UTF8.self))")
            if difference != nil { return }
        }
    }
}
