import Bytes
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        (#"{"a":1,"b":[true,null,-2.5],"c":"x\n\u00e9\ud83d\ude00"}"#, #"{"a":1,"b":[true,null,-2.5],"c":"x\né😀"}"#),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        (" [ ] ", "[]"),
        (#""\ud800""#, "\"\u{FFFD}\""),
    ])
    func `reads and writes back`(text: String, expected: String) throws {
        let value = try JSON(parsing: text)
        #expect(value.text == expected)
        var reader = JSONReader(Array(text.utf8).span)
        try reader.validateDocument()
    }

    @Test func `lays out JSON for people`() {
        let json: JSON = ["a": [1, "x"], "b": [:], "c": [], "d\n": ["e": nil]]
        #expect(
            String(decoding: json.indented(), as: UTF8.self) == """
                {
                  "a": [
                    1,
                    "x"
                  ],
                  "b": {},
                  "c": [],
                  "d\\n": {
                    "e": null
                  }
                }
                """)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":}", "01", "1.", ".5", "+1", "tru", "\"\u{01}\"", "\"\\x\"", "[1] 2", "{a:1}", "'a'",
        "\"abc", "1e", "-", "NaN", "[1 2]", "\"\\u12\"", "{\"a\" 1}",
    ])
    func `refuses what is not JSON`(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
        #expect(throws: JSONError.self) {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            try reader.validateDocument()
        }
    }

    @Test func `tells an integer from a number that looks like one`() throws {
        #expect(try JSON(parsing: "1").integer == 1)
        #expect(try JSON(parsing: "1.0").integer == nil)
        #expect(try JSON(parsing: "1e2").integer == nil)
        #expect(try JSON(parsing: "true").integer == nil)
    }

    @Test func `keeps the last of duplicate keys, or refuses them`() throws {
        #expect(try JSON(parsing: #"{"a":1,"a":2}"#) == ["a": 2])
        #expect(throws: JSONError(reason: .duplicateKey("a"), offset: 7)) {
            try JSON(parsing: #"{"a":1,"a":2}"#, duplicateKeys: .reject)
        }
        let many = "{" + (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",") + ",\"k20\":1}"
        #expect(throws: JSONError.self) { try JSON(parsing: many, duplicateKeys: .reject) }
    }

    @Test func `is bounded in depth`() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: JSONError.self) { try JSON(parsing: deep) }
    }

    @Test func `refuses text that is not UTF-8`() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func `finds the elements of an array`() throws {
        let bytes = Array(#" [ 1 , "a,b" ,{"x":[]}] "#.utf8)
        var reader = JSONReader(bytes.span)
        let texts = try reader.arrayElements().map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(texts == ["1", "\"a,b\"", "{\"x\":[]}"])
    }

    @Test func `finds the members of an object, duplicates too`() throws {
        let bytes = Array(#" { "a" : 1 , "\u0062":{"x":[]}, "a":"é" } "#.utf8)
        var reader = JSONReader(bytes.span)
        let members = try reader.objectMembers()
        #expect(members.map(\.key) == ["a", "b", "a"])
        let texts = members.map { String(decoding: bytes[$0.value], as: UTF8.self) }
        #expect(texts == ["1", #"{"x":[]}"#, "\"é\""])
        let empty = Array("{}".utf8)
        var none = JSONReader(empty.span)
        #expect(try none.objectMembers() == [])
    }

    @Test(arguments: ["", "{", "[]", "1", "{} x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":1 "b":2}"#])
    func `finds no members in what is no object`(text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError.self) {
            var reader = JSONReader(bytes.span)
            _ = try reader.objectMembers()
        }
    }

    @Test func `a large object keeps the last of each key in the place of the first`() throws {
        let members = (0..<40).map { #""k\#($0)":0"# } + (0..<40).map { #""k\#($0)":\#($0)"# }
        let object = try JSON(parsing: "{\(members.joined(separator: ","))}").object
        #expect(object?.keys == (0..<40).map { "k\($0)" })
        #expect(object?.members.map(\.value) == (0..<40).map { .integer($0) })
    }
}
