import Fleet
import Glibc
import HookReport
import Spool
import Testing

@Suite("Events that wait for the daemon")
struct SpoolTests {
    private let home: String
    private let now = Timestamp(milliseconds: 1_767_607_391_402)

    init() {
        var name = Array("/tmp/drover-spool-XXXXXX".utf8CString)
        home = name.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    private func spool() -> Spool { Spool(capacitorHome: home + "/.capacitor") }

    private func add(_ count: Int, to spool: Spool) throws -> [[UInt8]] {
        try (0..<count).map { index in
            let report = Report(
                EventKind("stop"), at: now + Int64(index), pid: nil, random: UInt64.random(in: 0...(.max)))
            try spool.add(report.requestLine(), name: SpoolRules.name(of: report))
            return report.requestLine()
        }
    }

    private func cleanUp() {
        let path = home + "/.capacitor/spool"
        for name in spool().names() { unlink(path + "/" + name) }
        for folder in [path, home + "/.capacitor", home] { rmdir(folder) }
    }

    @Test func `come out whole, in order, and once`() throws {
        defer { cleanUp() }
        let spool = spool()
        #expect(spool.drain(at: now, deliver: { _ in .done }) == .all(0))
        let lines = try add(5, to: spool)
        #expect(spool.count == 5)
        var seen: [[UInt8]] = []
        let drained = spool.drain(at: now) { line in
            seen.append(line)
            return .done
        }
        #expect(drained == .all(5))
        #expect(seen == lines)
        #expect(spool.drain(at: now, deliver: { _ in .done }) == .all(0))
    }

    @Test func `stay when the daemon goes away in the middle, or the time is over`() throws {
        defer { cleanUp() }
        let spool = spool()
        let lines = try add(4, to: spool)
        var seen = 0
        let drained = spool.drain(at: now) { _ in
            seen += 1
            return seen == 3 ? .stop : .done
        }
        #expect(drained == .some(2))
        #expect(spool.count == 2)
        #expect(spool.drain(at: now, while: { false }, deliver: { _ in .done }) == .some(0))
        var rest: [[UInt8]] = []
        _ = spool.drain(at: now) { line in
            rest.append(line)
            return .done
        }
        #expect(rest == Array(lines[2...]))
    }

    @Test func `are handed over by one drainer at a time`() throws {
        defer { cleanUp() }
        let spool = spool()
        _ = try add(2, to: spool)
        let drained = spool.drain(at: now) { _ in
            #expect(spool.drain(at: now, deliver: { _ in .done }) == .busy)
            return .done
        }
        #expect(drained == .all(2))
        #expect(spool.drain(at: now, deliver: { _ in .done }) == .all(0))
    }

    @Test func `have bounds in number, size and age`() throws {
        defer { cleanUp() }
        let spool = spool()
        _ = try add(SpoolRules.countLimit + 3, to: spool)
        #expect(spool.count == SpoolRules.countLimit)
        #expect(throws: Spool.Failure.self) {
            try spool.add([UInt8](repeating: 0x20, count: SpoolRules.sizeLimit + 1), name: "00000000000001-x.json")
        }
        #expect(spool.drain(at: now + SpoolRules.ageLimit + 60_000, deliver: { _ in .done }) == .all(0))
        #expect(spool.count == 0)
    }
}
