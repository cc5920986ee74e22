import Bytes
import Glibc
import Testing

@testable import Settings

private func refusal(of change: () throws(ConfigurationFailure) -> Void) -> ConfigurationFailure? {
    do throws(ConfigurationFailure) { try change() } catch { return error }
    return nil
}

@Suite("Disks that will not, and others who write too")
struct StorageTests {
    /// Nothing in a folder that this process may not write. Root may write everywhere, so the kernel's own tree it is.
    @Test func `a home that cannot be written starts degraded and changes nothing`() {
        let file = ConfigurationFile(home: "/proc/drover", environment: [:], userHome: "/tmp")
        #expect(file.bootstrapFailure != nil)
        #expect(file.settings.failure != nil)
        #expect(file.state(secrets: .clear).diskParseError != nil)
        let failure = #expect(throws: ConfigurationFailure.self) { try file.reset() }
        #expect(failure?.code == "internal_error")
        #expect(failure?.status == 500)
    }

    /// The limit on the size of files stands for a full disk. It is for a whole process, so this is one of its own.
    @Test func `a disk that takes no more leaves everything as it was`() async {
        await #expect(processExitsWith: .success) {
            let folder = Folder()
            let long = String(repeating: "x", count: 20_000)
            let file = folder.open()
            try file.apply(.config(["llm": ["model": "m"]]))
            try file.apply(.config(["llm": ["model": "n"]]))
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 8192, rlim_max: 1 << 30)
            precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)

            // The new text does not fit.
            let before = folder.contents("home")
            let state = file.state(secrets: .clear)
            precondition(
                refusal { () throws(ConfigurationFailure) in _ = try file.apply(.config(["long": .string(long)])) }?
                    .code == "internal_error")
            precondition(folder.contents("home") == before)
            precondition(file.state(secrets: .clear) == state)
            precondition((try? file.settings.get())?.model == "n")

            // The new text fits, and the backup of the old one does not.
            limit.rlim_cur = 1 << 20
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            folder.write("home/config.json", #"{"long": "\#(long)"}"#)
            limit.rlim_cur = 8192
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let edited = folder.contents("home")
            precondition(
                refusal { () throws(ConfigurationFailure) in _ = try file.apply(.raw("{}")) }?.code == "internal_error")
            precondition(refusal { () throws(ConfigurationFailure) in try file.reset() }?.code == "internal_error")
            precondition(folder.contents("home") == edited)
            precondition(file.running.text(.model) == "n")
        }
    }

    @Test func `what a program left in the middle of writing is in nobody's way`() throws {
        let folder = Folder()
        let file = folder.open()
        folder.write("home/config.json.new", "half", mode: 0o444)
        folder.write("home/config.json.bak1.new", "half")
        try file.apply(.config(["llm": ["model": "m"]]))
        #expect(Set(folder.contents("home").keys) == ["config.json", "config.json.bak1", ".env.example"])
    }

    @Test func `a backup that is a folder is a reason to refuse, and the file stays`() throws {
        let folder = Folder()
        let file = folder.open()
        folder.write("home/config.json.bak1/x", "")
        folder.write("home/config.json.bak2/y", "")
        let before = folder.read("home/config.json")
        #expect(throws: ConfigurationFailure.self) { try file.apply(.config(["llm": ["model": "m"]])) }
        #expect(folder.read("home/config.json") == before)
        #expect(file.running.text(.model) == nil)
    }

    @Test func `many threads apply at once, and each leaves a whole file and a whole backup`() async throws {
        let folder = Folder()
        let file = folder.open()
        let other = folder.open()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<24 {
                group.addTask {
                    let writer = index.isMultiple(of: 2) ? file : other
                    _ = try? writer.apply(.config(["llm": ["model": .string("m\(index)")]]))
                    _ = writer.state(secrets: .clear)
                }
            }
        }
        for name in ["config.json", "config.json.bak1", "config.json.bak2"] {
            let text = try #require(folder.read("home/" + name))
            #expect(try ConfigurationDocument(parsing: Array(text.utf8)).encoded() == Array(text.utf8))
        }
        #expect(
            Set(folder.contents("home").keys)
                == ["config.json", "config.json.bak1", "config.json.bak2", ".env.example"])
        let disk = file.state(secrets: .clear).disk.text(.model)
        #expect([file.running.text(.model), other.running.text(.model)].contains(disk))
    }

    @Test func `one of two who saw the same text wins`() async throws {
        let folder = Folder()
        let file = folder.open()
        let other = folder.open()
        let seen = sha256(file.state(secrets: .clear).raw.utf8)
        let won = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let writer = index.isMultiple(of: 2) ? file : other
                    let change = ConfigurationChange.config(["llm": ["model": .string("m\(index)")]])
                    return (try? writer.apply(change, expectedRawSHA256: seen)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
    }

    @Test func `a reader never sees a file in the middle of being written`() async throws {
        let folder = Folder()
        let file = folder.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for index in 0..<100 { try file.apply(.config(["llm": ["model": .string("m\(index)")]])) }
            }
            group.addTask {
                var model: String?
                while model != "m99", !Task.isCancelled {
                    let text = try #require(folder.read("home/config.json"))
                    model = try ConfigurationDocument(parsing: Array(text.utf8)).text(.model)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a lock that another program holds is waited for, and not for ever`() throws {
        let folder = Folder()
        let file = folder.open()
        let lock = try FolderLock(folder.home)
        let started = ContinuousClock.now
        let failure = #expect(throws: ConfigurationFailure.self) { try file.reset() }
        #expect(failure?.code == "internal_error")
        #expect(ContinuousClock.now - started > .seconds(1))
        lock.release()
        try file.reset()
    }
}
