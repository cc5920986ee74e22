import Bytes
import Testing

@testable import Store

@Suite struct CastEncoderTests {
    private let header = RecordingHeader(columns: 120, rows: 40, startMs: 1_772_600_767_089)

    private func lines(_ encoder: CastEncoder) -> [String] {
        String(decoding: encoder.lines, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The text of all output lines, read as JSON.
    private func text(_ encoder: CastEncoder) throws -> String {
        try lines(encoder).dropFirst().map { try JSON(parsing: $0)[2]?.string ?? "" }.joined()
    }

    @Test func `begins with what the terminal is and what it runs`() {
        var full = header
        full.command = "swift test"
        full.title = "a \"title\""
        #expect(
            lines(CastEncoder(header: full)) == [
                #"{"version":2,"width":120,"height":40,"timestamp":1772600767,"command":"swift test","#
                    + #""title":"a \"title\"","env":{"TERM":"xterm-256color"}}"#
            ])
        #expect(
            lines(CastEncoder(header: header)) == [
                #"{"version":2,"width":120,"height":40,"timestamp":1772600767,"env":{"TERM":"xterm-256color"}}"#
            ])
    }

    @Test func `writes output and sizes with the time since the beginning`() {
        var encoder = CastEncoder(header: header)
        encoder.output(Array("one\r\n".utf8), atMs: header.startMs)
        encoder.output(Array("\u{1B}[1mtwo".utf8), atMs: header.startMs + 1_005)
        encoder.output(Array("three".utf8), atMs: header.startMs + 1_005)
        encoder.resize(columns: 80, rows: 24, atMs: header.startMs + 61_050)
        encoder.output(Array("four".utf8), atMs: header.startMs + 61_050)
        encoder.flush()
        #expect(
            lines(encoder).dropFirst() == [
                #"[0.000,"o","one\r\n"]"#, #"[1.005,"o","\u001b[1mtwothree"]"#, #"[61.050,"r","80x24"]"#,
                #"[61.050,"o","four"]"#,
            ])
    }

    @Test func `times never go back`() {
        var encoder = CastEncoder(header: header)
        encoder.output(Array("a".utf8), atMs: header.startMs + 50)
        encoder.output(Array("b".utf8), atMs: header.startMs - 999_999)
        encoder.resize(columns: 1, rows: 1, atMs: 0)
        #expect(lines(encoder).dropFirst() == [#"[0.050,"o","ab"]"#, #"[0.050,"r","1x1"]"#])
    }

    @Test func `the beginning of a character waits for its end`() {
        var encoder = CastEncoder(header: header)
        let bytes = Array("x😀".utf8)
        for (index, byte) in bytes.enumerated() {
            encoder.output([byte], atMs: header.startMs + Int64(index))
            encoder.flush()
        }
        #expect(lines(encoder).dropFirst() == [#"[0.000,"o","x"]"#, #"[0.004,"o","😀"]"#])
    }

    @Test func `what never becomes a character is shown as its replacement`() throws {
        var encoder = CastEncoder(header: header)
        encoder.output([0x61, 0xFF, 0x62, 0xE2, 0x82], atMs: header.startMs)
        encoder.flush()
        #expect(try text(encoder) == "a\u{FFFD}b")
        encoder.finish()
        #expect(try text(encoder) == "a\u{FFFD}b\u{FFFD}")
    }

    /// The promise of the fuzz target, in short: valid lines, and the same text however the output is cut.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `the text does not depend on how output is cut`(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        // Bytes that begin, continue and spoil characters.
        let alphabet: [UInt8] = [
            0x00, 0x0A, 0x1B, 0x22, 0x5C, 0x61, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE2,
            0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
        ]
        let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        var encoder = CastEncoder(header: header)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...4, using: &random))
            rest = rest.dropFirst(piece.count)
            encoder.output(piece, atMs: header.startMs + Int64.random(in: 0...3, using: &random))
            if Bool.random(using: &random) { encoder.flush() }
        }
        encoder.finish()
        #expect(try text(encoder) == String(decoding: bytes, as: UTF8.self))
    }
}
