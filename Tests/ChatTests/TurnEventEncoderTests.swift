import Models
import Testing
import Toolbox

@testable import Chat

@Suite struct TurnEventEncoderTests {
    private func encoded(_ events: [TurnEvent]) -> String {
        var encoder = TurnEventEncoder()
        var output: [UInt8] = []
        for event in events { encoder.append(event, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        ("hello", "data: hello\n"), (" a", "data:  a\n"), ("a\nb", "data: a\ndata: b\n"),
        ("\n", "data: \ndata: \n"), ("a\n", "data: a\ndata: \n"), ("a\n\nb", "data: a\ndata: \ndata: b\n"),
        ("a\r\nb", "data: a\ndata: b\n"), ("a\rb", "data: a\ndata: b\n"), ("\r\r\n", "data: \ndata: \ndata: \n"),
        ("\r", "data: \ndata: \n"), ("\u{e9}\u{2028}", "data: \u{e9}\u{2028}\n"),
    ])
    func `a delta is one line for each of its lines`(text: String, lines: String) {
        #expect(encoded([.delta(text)]) == "event: delta\n\(lines)\n")
    }

    @Test(arguments: ["a\r\nb", "a\r\rb", "\r\n\r\n", "x\n\r\ny\r", "a\n\n\r\rb\r\n"])
    func `line breaks are the same however deltas are cut`(text: String) {
        let normal = Self.normalised(text)
        let scalars = Array(text.unicodeScalars)
        for cut in 0...scalars.count {
            let pieces = [scalars[..<cut], scalars[cut...]].map { String(String.UnicodeScalarView($0)) }
            let wire = encoded(pieces.filter { !$0.isEmpty }.map { .delta($0) })
            #expect(Self.read(wire) == normal)
        }
    }

    /// What a reader makes of the deltas.
    private static func read(_ wire: String) -> String {
        var text: [UInt8] = []
        var lines: [[UInt8]] = []
        for line in Array(wire.utf8).split(separator: 10, omittingEmptySubsequences: false) {
            if line.isEmpty {
                text += lines.joined(separator: [10])
                lines = []
            } else if line.starts(with: "data: ".utf8) {
                lines.append(Array(line.dropFirst(6)))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func normalised(_ text: String) -> String {
        var output: [UInt8] = []
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == 10, previous == 13 {
                // Its CR was written.
            } else {
                output.append(byte == 13 ? 10 : byte)
            }
            previous = byte
        }
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `everything else is compact JSON on one line`() {
        #expect(encoded([.session(id: "a\"b")]) == "event: session\ndata: {\"session_id\":\"a\\\"b\"}\n\n")
        #expect(
            encoded([.error(TurnError(.notFound, "gone\nfor good"))])
                == "event: error\ndata: {\"code\":\"not_found\",\"message\":\"gone\\nfor good\"}\n\n")
        let call = ToolCall(id: "1", name: "ls", arguments: ["path": "."])
        #expect(
            encoded([.toolCall(call, ToolOutcome(output: "a\r\n"))])
                == "event: tool_call\ndata: {\"id\":\"1\",\"name\":\"ls\",\"args\":{\"path\":\".\"},\"output\":\"a\\r\\n\",\"is_error\":false}\n\n"
        )
        let usage = TokenUsage(promptTokens: 1, completionTokens: 2, totalTokens: 3)
        #expect(
            encoded([
                .done(sessionID: "s", TurnFinish(reason: .stop, usage: usage, total: usage + usage, iterations: 2))
            ])
                == "event: done\ndata: {\"session_id\":\"s\",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3,\"total\":{\"prompt_tokens\":2,\"completion_tokens\":4,\"total_tokens\":6},\"iterations\":2},\"finish_reason\":\"stop\"}\n\n"
        )
        let finish = TurnFinish(
            reason: .toolCalls, detail: "max_iterations", usage: nil, total: .zero, iterations: 1)
        #expect(
            encoded([.done(sessionID: "s", finish)])
                == "event: done\ndata: {\"session_id\":\"s\",\"usage\":null,\"finish_reason\":\"tool_calls\",\"stop_detail\":\"max_iterations\"}\n\n"
        )
    }
}
