import Testing

@testable import Client

@Suite struct DaemonAddressTests {
    @Test(arguments: [
        ("http://127.0.0.1:3000", "127.0.0.1", 3000), ("http://localhost:80/", "localhost", 80),
        ("example.org:4000", "example.org", 4000), ("http://example.org", "example.org", 80),
        ("http://[::1]:3000", "::1", 3000),
    ])
    func `reads an address`(text: String, host: String, port: UInt16) throws {
        #expect(try DaemonAddress(parsing: text) == DaemonAddress(host: host, port: port))
    }

    @Test(arguments: [
        "", "https://localhost", "http://", "http://a:b", "http://a:0", "http://a:70000", "http://a/b", "http://u@a:1",
        "http://[::1", "ftp://a",
    ])
    func `refuses what is none`(text: String) {
        #expect(throws: ClientError.invalidURL(text)) { try DaemonAddress(parsing: text) }
    }

    @Test func `puts IPv6 into brackets`() {
        #expect(DaemonAddress(host: "::1", port: 3000).url == "http://[::1]:3000")
    }

    @Test func `reads what a daemon wrote about itself, and nothing half written`() throws {
        let json = #"{"pid":12,"http":"http://127.0.0.1:4321","startedAt":5,"version":"0.1.0"}"#
        let record = DaemonRecord(
            pid: 12, address: DaemonAddress(host: "127.0.0.1", port: 4321), startedAt: 5, version: "0.1.0")
        #expect(DaemonRecord(json: Array(json.utf8)) == record)
        #expect(DaemonRecord(json: Array(json.utf8.dropLast())) == nil)
        #expect(DaemonRecord(json: Array(#"{"pid":12}"#.utf8)) == nil)
        #expect(DaemonRecord(home: "/nonexistent") == nil)
    }
}
