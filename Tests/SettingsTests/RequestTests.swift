import Bytes
import Testing

@testable import Settings

@Suite("Bodies of apply and restart")
struct RequestTests {
    @Test func `null is absent`() throws {
        #expect(try ConfigurationRequest(json: [:]).change == nil)
        #expect(try ConfigurationRequest(json: ["raw": .null, "config": .null]).change == nil)
        #expect(try ConfigurationRequest(json: ["raw": "{}", "config": .null]).change == .raw("{}"))
        #expect(try ConfigurationRequest(json: ["config": [:], "more": 1]).change == .config([:]))
    }

    @Test(arguments: [
        #"{"raw": "{}", "config": {}}"#, #"{"raw": 1}"#, #"{"config": "x"}"#, #"{"config": []}"#, "[]", "null",
        #"{"raw": "{}", "expected_raw_sha256": "abc"}"#, #"{"raw": "{}", "expected_raw_sha256": 1}"#,
    ])
    func `what is no request is refused as that`(text: String) throws {
        let json = try JSON(parsing: text)
        let failure = #expect(throws: ConfigurationFailure.self) { try ConfigurationRequest(json: json) }
        #expect(failure?.code == "invalid_request")
        #expect(failure?.status == 400)
    }

    @Test func `apply needs something to apply`() throws {
        let failure = #expect(throws: ConfigurationFailure.self) {
            try ConfigurationRequest(json: [:]).requiredChange()
        }
        #expect(failure?.json == ["code": "invalid_request", "message": "there must be raw or config"])
        #expect(try ConfigurationRequest(json: ["raw": ""]).requiredChange() == .raw(""))
    }

    @Test func `a digest is taken in any case`() throws {
        let digest = String(repeating: "Ab", count: 32)
        let request = try ConfigurationRequest(json: ["raw": "", "expected_raw_sha256": .string(digest)])
        #expect(request.expectedRawSHA256 == digest.lowercased())
    }

    @Test func `the digest is SHA-256`() {
        #expect(sha256("".utf8) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(sha256("abc".utf8) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
