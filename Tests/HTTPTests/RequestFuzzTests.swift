import Reactor
import Testing

@testable import HTTP

/// Random numbers that come again with the same seed (SplitMix64).
private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

@Suite struct RequestFuzzTests {
    private static let pieces = [
        "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /later/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n",
        "HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /echo HTTP/1.0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        "GET /ws HTTP/1.1\r\nHost: localhost\r\n\(webSocketHeaders)\r\n",
        "DELETE /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "\r\n", "0\r\n\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n", "Host: x\r\n", "\u{0}", "GET ", " HTTP/1.1\r\n", "%", "\r", "\n",
    ]

    private static func bytes(_ random: inout Seeded) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<random.int(1...5) { bytes += pieces[random.int(0...(pieces.count - 1))].utf8 }
        for _ in 0..<random.int(0...3) where !bytes.isEmpty {
            let place = random.int(0...(bytes.count - 1))
            switch random.int(0...3) {
            case 0: bytes[place] = UInt8(random.int(0...255))
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8(random.int(0...255)), at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + random.int(1...20)))
            }
        }
        return bytes
    }

    /// Everything the server says to these bytes, without the time of day.
    private static func answer(_ site: Site, _ bytes: [UInt8], cuts: [Int]) async throws -> String {
        let client = try site.connect()
        var start = 0
        for cut in cuts + [bytes.count] {
            do { try client.send(Array(bytes[start..<cut])) } catch Client.Failure.closed { break }
            start = cut
            if cut != bytes.count { await turn() }
        }
        client.finish()
        let lines = String(decoding: try client.readToEnd(), as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        return lines.filter { !$0.hasPrefix("Date: ") }.joined(separator: "\n")
    }

    @Test func `whatever arrives, there is an answer or a close, and the same however it is cut`() async throws {
        var options = HTTPServerOptions()
        options.maxHeaderSize = 4096
        let site = try await Site.open(options)
        var random = Seeded(state: 20_261_121)
        for round in 0..<300 {
            let bytes = Self.bytes(&random)
            let whole = try await Self.answer(site, bytes, cuts: [])
            var cuts = Set<Int>()
            for _ in 0..<random.int(1...4) where bytes.count > 1 { cuts.insert(random.int(1...(bytes.count - 1))) }
            let cut = try await Self.answer(site, bytes, cuts: cuts.sorted())
            #expect(
                cut == whole,
                "round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription) cut at \(cuts.sorted())")
        }
        #expect(try site.connect().exchange("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
        #expect(await eventually { await site.connectionCount == 0 })
    }
}
