import Glibc
import Testing

@testable import Integrations

/// A folder of this test's own.
final class Folder {
    let path: String

    init() {
        var name = Array("/tmp/drover-integrations-XXXXXX".utf8CString)
        path = name.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { remove(path) }

    func write(_ name: String, _ text: String) throws {
        try SettingsFile(path + "/" + name).write(Array(text.utf8), mode: 0o644)
    }

    func read(_ name: String) throws -> String? {
        try SettingsFile(path + "/" + name).read().map { String(decoding: $0, as: UTF8.self) }
    }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return stat(path + "/" + name, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private func remove(_ path: String) {
        if let listing = opendir(path) {
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                    field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                var status = stat()
                guard name != ".", name != "..", lstat(path + "/" + name, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR { remove(path + "/" + name) } else { unlink(path + "/" + name) }
            }
            closedir(listing)
        }
        rmdir(path)
    }
}

@Suite("Changing files so that it can be undone")
struct ChangeKeeperTests {
    private let folder = Folder()

    private var keeper: ChangeKeeper { ChangeKeeper(droverHome: folder.path + "/drover") }

    private var installer: HookInstaller {
        let home = folder.path
        return HookInstaller(
            files: AgentFiles(home: home) { _ in nil }, keeper: keeper, program: "/opt/drover/bin/drover-hook")
    }

    private func install(_ agent: WatchedAgent = .claude) throws {
        try installer.apply(try installer.planInstall(agent, project: nil), .install, now: 1_700_000_000_000)
    }

    private func uninstall(_ agent: WatchedAgent = .claude) throws {
        try installer.apply(try installer.planUninstall(agent, project: nil), .uninstall, now: 1_700_000_000_001)
    }

    @Test(arguments: corpus, [WatchedAgent.claude, .gemini])
    func `undoing gives every byte back`(text: String, agent: WatchedAgent) throws {
        let name = ".\(agent.rawValue)/settings.json"
        try folder.write(name, text)
        try install(agent)
        #expect(try folder.read(name) != text)
        // An upgrade in between changes nothing of that.
        try install(agent)
        try uninstall(agent)
        #expect(try folder.read(name) == text)
        try uninstall(agent)
        #expect(try folder.read(name) == text)
    }

    @Test func `random settings come back byte for byte`() throws {
        var generator = SplitMix(state: 42)
        for _ in 0..<60 {
            let text = generator.object(depth: 0)
            try folder.write(".claude/settings.json", text)
            try install()
            try uninstall()
            #expect(try folder.read(".claude/settings.json") == text)
        }
    }

    @Test func `a file that was not there is gone again`() throws {
        for agent in WatchedAgent.allCases {
            try install(agent)
            let path = AgentFiles(home: folder.path, variable: { _ in nil }).hooks(of: agent, project: nil)
            #expect(try SettingsFile(path).read() != nil)
            try uninstall(agent)
            #expect(try SettingsFile(path).read() == nil)
        }
    }

    @Test func `what others wrote since stays, and only ours goes`() throws {
        try folder.write(".claude/settings.json", "{\n  \"model\": \"opus\"\n}\n")
        try install()
        let edited = try #require(try folder.read(".claude/settings.json"))
        let parts = edited.split(separator: "\"opus\"", maxSplits: 1).map(String.init)
        try folder.write(".claude/settings.json", parts.joined(separator: "\"sonnet\""))
        try uninstall()
        #expect(try folder.read(".claude/settings.json") == "{\n  \"model\": \"sonnet\"\n}\n")
    }

    @Test func `mode and links stay`() throws {
        try folder.write("dotfiles/claude.json", "{\"a\": 1}")
        chmod(folder.path + "/dotfiles/claude.json", 0o640)
        mkdir(folder.path + "/.claude", 0o755)
        symlink("../dotfiles/claude.json", folder.path + "/.claude/settings.json")
        try install()
        var status = stat()
        #expect(lstat(folder.path + "/.claude/settings.json", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(folder.mode("dotfiles/claude.json") == 0o640)
        #expect(try #require(try folder.read("dotfiles/claude.json")).contains("drover-hook"))
        try uninstall()
        #expect(try folder.read("dotfiles/claude.json") == "{\"a\": 1}")
        #expect(folder.mode("dotfiles/claude.json") == 0o640)
    }

    @Test func `a link to nothing yet is followed too`() throws {
        mkdir(folder.path + "/.claude", 0o755)
        symlink("real.json", folder.path + "/.claude/settings.json")
        try install()
        #expect(try folder.read(".claude/real.json") != nil)
        try uninstall()
        #expect(try folder.read(".claude/real.json") == nil)
    }

    @Test func `there is a backup, for its owner alone`() throws {
        try folder.write(".claude/settings.json", "{\"a\": 1}")
        let change = try installer.planInstall(.claude, project: nil)
        for index in 0..<15 {
            try keeper.apply(
                .init(
                    path: change.path, before: index == 0 ? change.before : [UInt8(index)], after: [UInt8(index + 1)]),
                .install, now: 1_700_000_000_000 + index)
        }
        var backups: [String] = []
        let records = try #require(opendir(folder.path + "/drover/integrations"))
        defer { closedir(records) }
        while let entry = readdir(records) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            for index in 0..<15
            where try folder.read("drover/integrations/\(name)/backup-\(1_700_000_000_000 + index)") != nil {
                backups.append("drover/integrations/\(name)/backup-\(1_700_000_000_000 + index)")
            }
        }
        #expect(backups.count == 10)
        #expect(backups.allSatisfy { folder.mode($0) == 0o600 })
    }

    @Test func `a file that changed after it was shown is not written`() throws {
        try folder.write(".claude/settings.json", "{}")
        let change = try installer.planInstall(.claude, project: nil)
        try folder.write(".claude/settings.json", "{\"new\": 1}")
        #expect(throws: IntegrationError.contended(path: change.path)) {
            try installer.apply(change, .install, now: 1)
        }
        #expect(try folder.read(".claude/settings.json") == "{\"new\": 1}")
    }

    @Test func `a folder in which nothing can be made is said`() throws {
        let installer = HookInstaller(
            files: AgentFiles(home: "/proc/none", variable: { _ in nil }), keeper: keeper, program: "/x/drover-hook")
        let change = try installer.planInstall(.claude, project: nil)
        do {
            try installer.apply(change, .install, now: 1)
            Issue.record("it was written")
        } catch {
            guard case .system(_, let path, _, _) = error else { throw error }
            #expect(path.hasPrefix("/proc/none"))
        }
    }

    @Test func `a plugin of somebody else's is left alone`() throws {
        try folder.write(".config/opencode/plugins/drover.js", "export const Mine = 1\n")
        #expect(throws: IntegrationError.self) { try installer.planInstall(.opencode, project: nil) }
        #expect(try installer.planUninstall(.opencode, project: nil).isNone)
    }

    @Test func `the plugin names its program`() {
        let text = OpencodePlugin.text(program: "/a \"b\"/drover-hook")
        #expect(OpencodePlugin.isOurs(text))
        #expect(OpencodePlugin.program(of: text) == "/a \"b\"/drover-hook")
    }

    @Test func `differences are shown with what is around them`() {
        let old = (1...20).map { "line \($0)\n" }.joined()
        let new = old.replacing("line 10\n", with: "line ten\nand more\n")
        let expected = """
            --- f
            +++ f
            @@ -7,7 +7,8 @@
             line 7
             line 8
             line 9
            -line 10
            +line ten
            +and more
             line 11
             line 12
             line 13

            """
        #expect(UnifiedDiff.text("f", before: Array(old.utf8), after: Array(new.utf8)) == expected)
        #expect(UnifiedDiff.text("f", before: [1], after: [1]) == "")
        #expect(
            UnifiedDiff.text("f", before: nil, after: Array("a".utf8)).hasSuffix("+a\n\\ No newline at end of file\n"))
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return self[..<range.lowerBound] + new + self[range.upperBound...]
    }

    private func firstRange(of text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
