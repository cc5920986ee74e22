import Glibc
import Testing

@testable import Integrations

@Suite("Lines in shells' files")
struct ShellIntegrationTests {
    private let folder = Folder()

    private var keeper: ChangeKeeper { ChangeKeeper(droverHome: folder.path + "/drover") }

    private func integration(_ shell: ShellKind) -> ShellIntegration {
        ShellIntegration(shell, home: folder.path) { _ in nil }
    }

    private func install(_ shell: ShellKind, program: String = "/opt/drover-hook") throws {
        try keeper.apply(try integration(shell).planInstall(program: program, keeper: keeper), .install, now: 1)
    }

    private func uninstall(_ shell: ShellKind) throws {
        try keeper.apply(try integration(shell).planUninstall(keeper: keeper), .uninstall, now: 2)
    }

    private func text(_ shell: ShellKind) throws -> String? {
        try integration(shell).read().map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        arguments: [ShellKind.bash, .zsh], [nil, "", "alias l=ls", "alias l=ls\n", "a\r\nb\r\n", "\n\n", "\u{FF}\n"])
    func `undoing gives every byte back`(shell: ShellKind, before: String?) throws {
        if let before { try folder.write(".\(shell.rawValue)rc", before) }
        try install(shell)
        let once = try text(shell)
        #expect(once?.contains("/opt/drover-hook cwd") == true)
        try install(shell)
        #expect(try text(shell) == once)
        try uninstall(shell)
        #expect(try text(shell) == before)
    }

    @Test func `fish has a file of its own`() throws {
        try install(.fish)
        #expect(try folder.read(".config/fish/conf.d/drover.fish") != nil)
        try uninstall(.fish)
        #expect(try text(.fish) == nil)
        try folder.write(".config/fish/conf.d/drover.fish", "mine\n")
        #expect(throws: IntegrationError.foreign(path: integration(.fish).path)) { try install(.fish) }
    }

    @Test func `what was added before and behind stays`() throws {
        try folder.write(".bashrc", "one\n")
        try install(.bash)
        try folder.write(".bashrc", "zero\n" + (try #require(try text(.bash))) + "two\n")
        try uninstall(.bash)
        #expect(try text(.bash) == "zero\none\ntwo\n")
    }

    @Test func `another path replaces the old lines in their place`() throws {
        try folder.write(".zshrc", "one\n")
        try install(.zsh)
        try folder.write(".zshrc", (try #require(try text(.zsh))) + "two\n")
        #expect(try integration(.zsh).state(of: try integration(.zsh).read(), program: "/new/drover-hook") == .outdated)
        try install(.zsh, program: "/new/drover-hook")
        let now = try #require(try text(.zsh))
        #expect(!now.contains("/opt/") && now.contains("/new/drover-hook") && now.hasSuffix("two\n"))
        #expect(try integration(.zsh).state(of: Array(now.utf8), program: "/new/drover-hook") == .installed)
    }

    @Test func `lines without an end are refused`() throws {
        try folder.write(".bashrc", ShellIntegration.start + "\nhalf\n")
        #expect(throws: IntegrationError.self) { try install(.bash) }
    }
}

@Suite("Why hooks are silent")
struct HookInspectionTests {
    private let folder = Folder()

    private func inspection(project: String? = nil, program: String = "/bin/true") -> HookInspection {
        let path = folder.path
        let variables = ["DROVER_CLAUDE_MANAGED_SETTINGS": path + "/managed.json"]
        return HookInspection(
            files: AgentFiles(home: path) { variables[$0] }, program: program, project: project, isProjectScoped: false,
            home: path)
    }

    private func codes(_ agent: WatchedAgent, project: String? = nil) -> [String] {
        inspection(project: project).status(of: agent).findings.map(\.code)
    }

    private func install(_ program: String = "/bin/true") throws {
        var settings = try HookSettings([], of: .claude)
        try settings.install(program: program)
        try SettingsFile(folder.path + "/.claude/settings.json").write(settings.bytes)
    }

    @Test func `nothing is installed`() {
        for agent in WatchedAgent.allCases { #expect(!inspection().status(of: agent).isInstalled) }
    }

    @Test func `a path that leads nowhere`() throws {
        try folder.write(
            ".claude/settings.json",
            #"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "/none/drover-hook handle"}]}]}}"#)
        #expect(codes(.claude) == ["wrong_path", "incomplete"])
        #expect(!inspection().status(of: .claude).isWell)
    }

    @Test(arguments: [
        "managed.json", ".claude/settings.json", "p/.claude/settings.json", "p/.claude/settings.local.json",
    ])
    func `policies at every level`(file: String) throws {
        for name in ["disableAllHooks", "allowManagedHooksOnly"] {
            try folder.write(file, "{\"\(name)\": true}")
            #expect(codes(.claude, project: folder.path + "/p") == ["blocked_by_policy"])
            try folder.write(file, "{\"\(name)\": false}")
            #expect(codes(.claude, project: folder.path + "/p") == [])
        }
    }

    @Test func `a folder that is not trusted`() throws {
        try folder.write(".claude.json", "{\"projects\": {\"/p\": {\"hasTrustDialogAccepted\": false}}}")
        #expect(codes(.claude, project: "/p") == ["untrusted_folder"])
        #expect(codes(.claude, project: "/q") == [])
    }

    @Test func `settings that cannot be read`() throws {
        try folder.write(".claude/settings.json", "{\n,")
        let finding = try #require(inspection().status(of: .claude).findings.first)
        #expect(finding.code == "unparsable" && finding.sentence.contains("line 2"))
    }

    @Test(arguments: [
        ("[features]\nhooks = false # off\n", true), ("[features]\r\ncodex_hooks=false\r\n", true),
        ("features.hooks = false", true), ("[features]\nhooks = true", false), ("[other]\nhooks = false", false),
        ("# [features]\nhooks = false", false), ("", false),
    ])
    func `Codex's switch`(text: String, isOff: Bool) {
        #expect(HookInspection.switchesHooksOff(Array(text.utf8)) == isOff)
    }

    @Test func `heartbeat, spool and daemon`() throws {
        #expect(inspection().heartbeat(now: 1_000_000).code == "never_fired")
        try folder.write(".capacitor/hud-hook-heartbeat", "1000\n")
        #expect(inspection().heartbeat(now: 1_060_000).code == "healthy")
        #expect(inspection().heartbeat(now: 1_061_000).code == "stale")
        #expect(inspection().spool() == nil)
        try folder.write(".capacitor/spool/00000000000001-evt-1.json", "{}")
        #expect(inspection().spool()?.code == "spooled")
        #expect(inspection().daemon().code == "daemon_away")
    }
}
