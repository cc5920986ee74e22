import Glibc
import Reactor
import Testing

@testable import Tmux

@Suite struct IdleTests {
    @Test func `with nothing to ask, nothing is left and nobody wakes up`() async {
        // In a process of its own, whose threads are all ours.
        await #expect(processExitsWith: .success) { try await fallAsleep() }
    }
}

private struct Restless: Error {
    var reason: String
}

private func fallAsleep() async throws {
    func check(_ condition: Bool, _ reason: String) throws(Restless) {
        if !condition { throw Restless(reason: reason) }
    }
    func descriptors() -> Int { (Int32(0)..<512).count { fcntl($0, F_GETFD) >= 0 } }
    try await TmuxHost.with(.init(answerTime: 2_000, idleTime: 100)) { host in
        let pane = try await host.session()
        _ = await host.panes()
        let before = descriptors()
        for _ in 0..<3 {
            await host.connect()
            _ = await host.paste(Array("text".utf8), into: pane)
            _ = await host.ask { $0.capture(pane, scrollback: 10, then: $1) }
            let isGivenUp = await eventually { await !host.isConnected }
            try check(isGivenUp, "the connection stays")
        }
        // Timers that were cancelled may still be due once.
        for attempt in 0... {
            let count = switches()
            usleep(700_000)
            if switches() == count { break }
            try check(attempt < 60, "somebody keeps waking up")
        }
        try check(descriptors() <= before, "a descriptor is left behind")
        try check(waitpid(-1, nil, WNOHANG) < 0 && errno == ECHILD, "a process is left behind")
    }
}

/// How often the threads other than the calling one have gone to sleep.
private func switches() -> Int {
    var count = 0
    guard let tasks = opendir("/proc/self/task") else { return -1 }
    defer { closedir(tasks) }
    var link = [UInt8](repeating: 0, count: 256)
    let length = link.withUnsafeMutableBytes { readlink("/proc/thread-self", $0.baseAddress!, $0.count) }
    let ours = String(decoding: link[..<max(0, length)], as: UTF8.self).split(separator: "/").last.map(String.init)
    while let entry = readdir(tasks) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard Int32(name) != nil, name != ours else { continue }
        var text = [UInt8](repeating: 0, count: 4096)
        let descriptor = open("/proc/self/task/\(name)/status", O_RDONLY)
        guard descriptor >= 0 else { continue }
        let length = read(descriptor, &text, text.count)
        close(descriptor)
        let lines = String(decoding: text[..<max(0, length)], as: UTF8.self).split(separator: "\n")
        for line in lines where line.hasPrefix("voluntary_ctxt_switches") {
            count += Int(line.split(separator: "\t").last ?? "") ?? 0
        }
    }
    return count
}
