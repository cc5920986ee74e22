import Bytes
import Testing

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", "", ""), ("f", "Zg==", "Zg"), ("fo", "Zm8=", "Zm8"), ("foo", "Zm9v", "Zm9v"),
        ("foob", "Zm9vYg==", "Zm9vYg"), ("fooba", "Zm9vYmE=", "Zm9vYmE"), ("foobar", "Zm9vYmFy", "Zm9vYmFy"),
    ])
    func `writes and reads the examples of RFC 4648`(plain: String, standard: String, urlSafe: String) throws {
        let bytes = Array(plain.utf8)
        #expect(Base64.text(of: bytes) == standard)
        #expect(Base64.text(of: bytes, .urlSafe) == urlSafe)
        #expect(try Base64.decode(standard) == bytes)
        #expect(try Base64.decode(urlSafe, .urlSafe) == bytes)
        #expect(Base64.encodedCount(of: bytes.count) == standard.utf8.count)
        #expect(Base64.encodedCount(of: bytes.count, .urlSafe) == urlSafe.utf8.count)
    }

    @Test func `keeps the two alphabets apart`() throws {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
        #expect(Base64.text(of: bytes) == "+/+/")
        #expect(Base64.text(of: bytes, .urlSafe) == "-_-_")
        #expect(throws: Base64Error.invalidByte(offset: 0)) { try Base64.decode("-_-_") }
        #expect(throws: Base64Error.invalidByte(offset: 0)) { try Base64.decode("+/+/", .urlSafe) }
    }

    @Test func `gives back every byte`() throws {
        for count in 0..<260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(try Base64.decode(Base64.encode(bytes, .urlSafe), .urlSafe) == bytes)
        }
    }

    @Test(
        arguments: [
            ("Zg", .invalidLength), ("Zg=", .invalidLength), ("Z", .invalidLength), ("Zh==", .notCanonical),
            ("Zm9=", .notCanonical), ("Zg==Zg==", .invalidByte(offset: 2)), ("Z===", .invalidByte(offset: 1)),
            ("====", .invalidByte(offset: 0)), ("Zm 9", .invalidByte(offset: 2)), ("Zm\n9", .invalidByte(offset: 2)),
        ] as [(String, Base64Error)])
    func `refuses what is not canonical`(text: String, error: Base64Error) {
        #expect(throws: error) { try Base64.decode(text) }
    }

    @Test func `wants url-safe text without padding`() {
        #expect(throws: Base64Error.invalidByte(offset: 2)) { try Base64.decode("Zg==", .urlSafe) }
        #expect(throws: Base64Error.invalidLength) { try Base64.decode("Z", .urlSafe) }
    }

    @Test func `checks UTF-8 as the standard library does`() {
        let samples: [[UInt8]] = [
            [], Array("plain".utf8), Array("zwölf Boxkämpfer 😀".utf8),
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0x9F, 0xBF],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82], [0xEF, 0xBF, 0xBF],
        ]
        for sample in samples {
            let expected = (try? UTF8Span(validating: sample.span)) != nil
            for cut in 0...sample.count {
                var validator = UTF8Validator()
                let isValid = [sample[..<cut], sample[cut...]].allSatisfy { piece in
                    Array(piece).withUnsafeBytes { validator.feed($0) }
                }
                #expect((isValid && validator.isComplete) == expected, "\(sample) cut at \(cut)")
            }
        }
    }
}
