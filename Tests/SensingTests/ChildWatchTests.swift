import Fleet
import Testing

@testable import Sensing

@Suite struct ChildWatchTests {
    private func child(_ pid: Int32) -> ChildProcess { ChildProcess(pid: pid, startTicks: 1) }

    @Test func `a program that comes and stays is an answer`() {
        var watch = ChildWatch(since: nil, before: [child(1)])
        #expect(!watch.look([child(1)]) { _ in false })
        #expect(!watch.look([child(1), child(2)]) { _ in false })
        #expect(watch.look([child(1), child(2)]) { _ in false })
    }

    @Test func `what was there before is none`() {
        var watch = ChildWatch(since: nil, before: [child(1)])
        for _ in 0..<3 { #expect(!watch.look([child(1)]) { _ in false }) }
    }

    @Test func `hooks come and go and are none`() {
        var watch = ChildWatch(since: nil, before: [])
        #expect(!watch.look([child(2)]) { _ in false })
        #expect(!watch.look([child(3)]) { _ in false })
        for _ in 0..<3 { #expect(!watch.look([child(4)]) { $0 == child(4) }) }
    }

    @Test func `a number that is used again is another program`() {
        var watch = ChildWatch(since: nil, before: [ChildProcess(pid: 2, startTicks: 1)])
        #expect(!watch.look([ChildProcess(pid: 2, startTicks: 9)]) { _ in false })
        #expect(watch.look([ChildProcess(pid: 2, startTicks: 9)]) { _ in false })
    }

    @Test(arguments: [
        (String?.some("Read"), FileTouch.Reason.read), ("Grep", .read), ("mcp__fs__read_file", .read), ("Edit", .write),
        ("Write", .write), ("apply_patch", .write), (String?.none, .write),
    ])
    func `a tool's name says what it does with files`(tool: String?, reason: FileTouch.Reason) {
        #expect(FileTouch.Reason(tool: tool) == reason)
    }
}
