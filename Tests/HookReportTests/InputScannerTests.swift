import Bytes
import Testing

@testable import HookReport

@Suite("Scanning a hook's input")
struct InputScannerTests {
    private static let text = """
        {"session_id":"s\\u00e9","cwd":"/a b","x":{"session_id":"inner","cwd":[{}]},"y":["cwd",{"cwd":1}],
         "tool_input":{"command":"a \\"quoted\\" {","file_path":"/f","deep":{"path":"no"},"path":"/p"},
         "tool_response":"cwd","stop_hook_active":true,"capabilities":{"a":[1,2,{"b":"c, d"}]},"model":null}
        """

    private func scan(_ pieces: [[UInt8]]) -> HookInput {
        var scanner = InputScanner()
        for piece in pieces { scanner.feed(piece) }
        return scanner.input
    }

    @Test func `finds what is wanted, however the bytes arrive`() {
        let bytes = Array(Self.text.utf8)
        let whole = scan([bytes])
        #expect(whole.text("session_id") == "s\u{e9}")
        #expect(whole.text("cwd") == "/a b")
        #expect(whole.text("tool_input.file_path") == "/f")
        #expect(whole.text("tool_input.path") == "/p")
        #expect(whole["stop_hook_active"] == true)
        #expect(whole["capabilities"] == ["a": [1, 2, ["b": "c, d"]]])
        #expect(whole["model"] == nil)
        #expect(scan(bytes.map { [$0] }) == whole)
        for cut in bytes.indices { #expect(scan([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole) }
    }

    @Test func `knows when the object has ended, and ignores what follows`() {
        var scanner = InputScanner()
        scanner.feed(Array(#"{"cwd":"/a"}"#.utf8))
        #expect(scanner.isComplete)
        scanner.feed(Array(#"{"cwd":"/b"}"#.utf8))
        #expect(scanner.input.text("cwd") == "/a")
    }

    @Test func `every beginning of an input is taken for what it has`() {
        let bytes = Array(Self.text.utf8)
        for end in bytes.indices {
            let input = scan([Array(bytes[..<end])])
            if let session = input.text("session_id") { #expect(session == "s\u{e9}") }
            if let cwd = input.text("cwd") { #expect(cwd == "/a b") }
        }
    }

    @Test(arguments: [
        "", "nonsense", "[{\"cwd\":\"/a\"}]", "\"cwd\"", "{]", "}}}}", "{{{{{{", "{\"cwd\"}", "{\"cwd\":}", "{:,:,}",
    ])
    func `survives what is no JSON`(text: String) {
        #expect(scan([Array(text.utf8)]).text("cwd") == nil)
    }

    @Test func `random bytes do no harm`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array(#"{}[]",:\ tcwd1"#.utf8) + [0xFF, 0x00]
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in alphabet.randomElement()! }
            #expect(scan([bytes]) == scan(bytes.map { [$0] }))
        }
    }

    @Test func `a value beyond the limit is passed over, and known to have been there`() {
        let long = String(repeating: "x", count: InputScanner.valueLimit)
        let input = scan([Array("{\"transcript_path\":\"\(long)\",\"cwd\":\"/a\"}".utf8)])
        #expect(input["transcript_path"] == nil)
        #expect(input.present.contains("transcript_path"))
        #expect(input.text("cwd") == "/a")
    }

    /// What the scanner finds is what a full parser would have found.
    @Test func `agrees with the parser on whatever is JSON`() throws {
        let names = ["session_id", "cwd", "tool_input", "tool_response", "file_path", "path", "filePath", "error", "x"]
        func value(depth: Int) -> JSON {
            switch Int.random(in: 0...7) {
            case 0, 1: return depth < 4 ? .object(object(depth: depth + 1)) : .null
            case 2: return depth < 4 ? .array((0..<Int.random(in: 0...3)).map { _ in value(depth: depth + 1) }) : true
            case 3: return .integer(Int.random(in: -5...5))
            case 4: return .bool(.random())
            case 5: return .null
            default: return .string(["a", "", "{[\",:]}", "\\", "\n\t", "ü€𝄞", "cwd"].randomElement()!)
            }
        }
        func object(depth: Int) -> JSONObject {
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...4) { object[names.randomElement()!] = value(depth: depth) }
            return object
        }
        for _ in 0..<500 {
            let whole = object(depth: 0)
            let input = scan([JSON.object(whole).encoded()])
            for name in ["session_id", "cwd"] { #expect(input.fields[name] == whole[name]) }
            for (outer, inner) in [("tool_input", "file_path"), ("tool_input", "path"), ("tool_response", "filePath")] {
                #expect(input.fields["\(outer).\(inner)"] == whole[outer]?[inner])
            }
            #expect(input.present.contains("tool_response.error") == (whole["tool_response"]?["error"] != nil))
        }
    }
}
