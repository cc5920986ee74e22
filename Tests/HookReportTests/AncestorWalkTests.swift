import Testing

@testable import HookReport

@Suite("Finding the agent among the ancestors")
struct AncestorWalkTests {
    /// Walks over processes, the hook's parent first, each the child of the next.
    private func walk(_ processes: (file: String?, word: String?)...) -> AncestorWalk.Step {
        var walk = AncestorWalk()
        var step = walk.begin(parent: processes.isEmpty ? 1 : 100)
        while case .look(let pid) = step {
            let index = Int(pid) - 100
            guard processes.indices.contains(index) else { return walk.saw(nil) }
            step = walk.saw(
                .init(
                    pid: pid, parent: index + 1 < processes.count ? pid + 1 : 1, executable: processes[index].file,
                    firstWord: processes[index].word))
        }
        return step
    }

    @Test func `the agent that called directly`() {
        #expect(walk(("/usr/bin/node", "claude")) == .found(100))
    }

    @Test func `shells and helpers in between are passed over`() {
        #expect(walk(("/usr/bin/dash", "/bin/sh"), ("/usr/bin/env", "env"), ("/opt/claude", "claude")) == .found(102))
        #expect(walk(("/bin/busybox", "sh"), ("/bin/busybox", "timeout"), ("/usr/bin/node", "x")) == .found(102))
        #expect(walk((nil, "-bash"), ("/usr/bin/node", "x")) == .found(101))
        #expect(walk(("/usr/bin/bash (deleted)", "bash"), ("/usr/bin/node", "x")) == .found(101))
    }

    @Test func `an agent is one whatever it calls itself`() {
        #expect(walk(("/usr/bin/node", "sh")) == .found(100))
        #expect(walk(("/usr/bin/node", "")) == .found(100))
    }

    @Test func `there is no agent above pid 1, a service manager, or a process that has gone`() {
        #expect(walk() == .unknown)
        #expect(walk(("/usr/bin/dash", "sh")) == .unknown)
        #expect(walk(("/usr/bin/dash", "sh"), ("/usr/lib/systemd/systemd", "systemd")) == .unknown)
        var walk = AncestorWalk()
        #expect(walk.begin(parent: 7) == .look(7))
        #expect(walk.saw(nil) == .unknown)
    }

    @Test func `a circle ends`() {
        var walk = AncestorWalk()
        var step = walk.begin(parent: 50)
        var steps = 0
        while case .look = step {
            step = walk.saw(.init(pid: 50, parent: 50, executable: "/bin/sh", firstWord: "sh"))
            steps += 1
        }
        #expect(step == .unknown)
        #expect(steps == AncestorWalk.limit)
    }

    @Test func `reads what the kernel writes, with whatever name`() throws {
        let text =
            "42 (a) b) (c) S 41 40 39 34816 40 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 7 8 9 18446744073709551615 1"
        let stat = try #require(ProcessStat(parsing: Array(text.utf8)))
        #expect((stat.state, stat.parent, stat.group, stat.session) == (UInt8(ascii: "S"), 41, 40, 39))
        #expect(stat.startTicks == 123_456)
        let statistics = Array("cpu 1 2\nbtime 1700000000\nprocesses 5\n".utf8)
        #expect(stat.startSeconds(statistics: statistics, ticksPerSecond: 100) == 1_700_001_234)
        #expect(ProcessStat(parsing: Array("42 (x) S 1".utf8)) == nil)
    }
}
