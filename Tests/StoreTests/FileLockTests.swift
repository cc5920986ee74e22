import Glibc
import Testing

@testable import Store

@Suite struct FileLockTests {
    @Test func `a second daemon is refused and told who holds the home`() throws {
        let home = TemporaryHome()
        let lock = try FileLock(home: home.path)
        #expect(throws: StoreError.locked(byPid: getpid())) { _ = try FileLock(home: home.path) }
        let holder = FileLock.holder(home: home.path)
        #expect(holder?.pid == getpid())
        #expect(holder.map { $0.startTicks > 0 } == true)
        _ = consume lock
        #expect(FileLock.holder(home: home.path) == nil)
        _ = try FileLock(home: home.path)
    }

    @Test func `a new home and its lock are for their owner alone`() throws {
        let parent = TemporaryHome()
        _ = try FileLock(home: parent.path + "/a/b")
        #expect(parent.mode("a") == 0o700)
        #expect(parent.mode("a/b") == 0o700)
        #expect(parent.mode("a/b/drover.lock") == 0o600)
    }

    @Test func `a lock does not outlive its process`() async throws {
        let home = TemporaryHome()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            let lock = try FileLock(home: path)
            kill(getpid(), SIGKILL)
            _ = consume lock
        }
        #expect(FileLock.holder(home: home.path) == nil)
        _ = try FileLock(home: home.path)
    }

    @Test func `a home that is a file is named`() {
        #expect(throws: StoreError.unavailable(reason: "/dev/null/x: Not a directory")) {
            _ = try FileLock(home: "/dev/null/x")
        }
    }
}
