import Client
import Glibc
import Testing
import Wire

@testable import drover

@Suite struct RuntimeRPCClientTests {
    private let version = VersionInfo(version: "1", gitSHA: "x")

    @Test func `asks one question over each connection`() throws {
        let version = version
        let runtime = FakeRuntime { _ in .version(version) }
        defer { runtime.stop() }
        let client = RuntimeRPCClient(path: runtime.path)
        for _ in 0..<3 { #expect(try client.version() == version) }
        #expect(runtime.requests == [.version, .version, .version])
    }

    @Test func `takes an answer that ends with the stream, and one of many pieces`() throws {
        let line = RPCResponse.version(version).encoded()
        let runtime = FakeRuntime.saying(line)
        defer { runtime.stop() }
        #expect(try RuntimeRPCClient(path: runtime.path).version() == version)
        let records = (0..<20_000).map { number in
            LifecycleRecord(sessionID: .init(rawValue: UUIDs.numbered(number)), runtime: "claude", state: .running)
        }
        let large = FakeRuntime { _ in .status(records) }
        defer { large.stop() }
        #expect(try RuntimeRPCClient(path: large.path).status() == records)
    }

    @Test func `tells why nobody answers`() {
        #expect(throws: RuntimeRPCError.unavailable(path: "/nonexistent/s", error: ENOENT)) {
            try RuntimeRPCClient(path: "/nonexistent/s").version()
        }
        #expect(throws: RuntimeRPCError.unavailable(path: "", error: ENOENT)) {
            try RuntimeRPCClient(path: "").version()
        }
        let long = "/" + String(repeating: "x", count: 107)
        #expect(throws: RuntimeRPCError.pathTooLong(long)) { try RuntimeRPCClient(path: long).version() }
        let runtime = FakeRuntime { _ in nil }
        let path = runtime.path
        #expect(throws: RuntimeRPCError.connectionLost) { try RuntimeRPCClient(path: path).version() }
        runtime.stop()
    }

    @Test func `gives up after its time, and on answers without end`() {
        let silent = FakeRuntime { _ in
            WallClock.sleep(.seconds(2))
            return nil
        }
        defer { silent.stop() }
        var client = RuntimeRPCClient(path: silent.path)
        client.timeout = .milliseconds(50)
        #expect(throws: RuntimeRPCError.timedOut(doing: "waiting for the answer to version")) {
            try client.version()
        }
        let endless = FakeRuntime.saying([UInt8](repeating: 0x20, count: 1 << 20))
        defer { endless.stop() }
        client = RuntimeRPCClient(path: endless.path)
        client.answerLimit = 4096
        #expect(throws: RuntimeRPCError.answerTooLong(limit: 4096)) { try client.version() }
    }

    @Test func `a wait and a grace come on top of the time for an answer`() throws {
        let patient = FakeRuntime { request in
            WallClock.sleep(.milliseconds(150))
            if case .events = request { return .events([], cursor: 4) }
            return .ack
        }
        defer { patient.stop() }
        var client = RuntimeRPCClient(path: patient.path)
        client.timeout = .milliseconds(50)
        #expect(try client.events(since: 4, waitMilliseconds: 5000) == .happened([], cursor: 4))
        try client.kill(.init(rawValue: UUIDs.numbered(1)), .term, graceSeconds: 1)
    }

    @Test(arguments: [
        (RuntimeRPCError.unavailable(path: "/s", error: ENOENT), RPCError.Code.runtimeUnavailable),
        (.timedOut(doing: "x"), .runtimeUnavailable), (.connectionLost, .protocolMismatch),
        (.answerTooLong(limit: 1), .protocolMismatch), (.unexpected(answer: "ack", to: "version"), .protocolMismatch),
        (.refused(RPCError(.launchFailed, "x")), .launchFailed),
    ])
    func `failures of the connection are told in the protocol's codes`(
        error: RuntimeRPCError, code: RPCError.Code
    ) {
        #expect(error.code == code)
    }

    @Test func `an answer to another question is none`() {
        let runtime = FakeRuntime { _ in .ack }
        defer { runtime.stop() }
        #expect(throws: RuntimeRPCError.unexpected(answer: "ack", to: "version")) {
            try RuntimeRPCClient(path: runtime.path).version()
        }
    }
}

enum UUIDs {
    static func numbered(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "019cad10-4e20-7b31-a6f0-" + String(repeating: "0", count: 12 - digits.count) + digits
    }
}
