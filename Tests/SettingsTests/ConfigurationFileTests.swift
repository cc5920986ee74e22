import Bytes
import Glibc
import Testing

@testable import Settings

@Suite("The configuration file and what runs of it")
struct ConfigurationFileTests {
    private let folder = Folder()

    // MARK: - Start

    @Test func `a missing file is made from the template, for nobody else to read`() throws {
        let file = folder.open()
        #expect(file.path == folder.home + "/config.json")
        #expect(folder.read("home/config.json") == String(decoding: ConfigurationDocument().encoded(), as: UTF8.self))
        #expect(folder.mode("home/config.json") == 0o600)
        #expect(folder.mode("home") == 0o700)
        #expect(folder.read("home/.env.example")?.contains("OPENAI_API_KEY") == true)
        #expect(folder.mode("home/.env.example") == 0o600)
        #expect(Set(folder.contents("home").keys) == ["config.json", ".env.example"])
        #expect(file.bootstrapFailure == nil)
        #expect(try file.settings.get().apiKey == "sk-env")
    }

    @Test func `a file that is there is left alone`() throws {
        let text = #"{"llm":{"provider":"mock"},"own":1}"#
        folder.write("home/config.json", text, mode: 0o644)
        let file = folder.open([:])
        #expect(folder.read("home/config.json") == text)
        #expect(try file.settings.get().provider == .mock)
        #expect(file.state(secrets: .clear).raw == text)
        #expect(folder.read("home/.env.example") == nil)
    }

    @Test func `without making it, the template runs as if it were there`() throws {
        let file = ConfigurationFile(
            home: folder.home, environment: ["OPENAI_API_KEY": "k"], userHome: folder.path, createsMissing: false)
        #expect(folder.contents("home").isEmpty)
        #expect(try file.settings.get().provider == .openai)
        try file.apply(.config(["llm": ["model": "m"]]))
        #expect(folder.read("home/config.json")?.contains("\"m\"") == true)
        #expect(folder.mode("home") == 0o700)
    }

    @Test func `agent.json is used where only that is there, with its own backups`() throws {
        folder.write("old/agent.json", #"{"llm": {"provider": "mock"}}"#)
        let file = folder.open(["CHAT_RUNTIME_HOME": folder.path + "/old"])
        #expect(file.path == folder.path + "/old/agent.json")
        try file.apply(.config(["llm": ["provider": "mock", "model": "m"]]))
        let state = file.state(secrets: .clear)
        #expect(state.configFormat == "agent.json")
        #expect(state.backup1Path == folder.path + "/old/agent.json.bak1")
        #expect(folder.read("old/agent.json.bak1") == #"{"llm": {"provider": "mock"}}"#)
        #expect(folder.read("old/config.json") == nil)
        folder.write("old/config.json", "{}")
        #expect(folder.open(["CHAT_RUNTIME_HOME": folder.path + "/old"]).path == folder.path + "/old/config.json")
    }

    @Test func `the workspace in the file does not move the file`() throws {
        folder.write("home/config.json", #"{"workspace": "/tmp", "llm": {"provider": "mock"}}"#)
        #expect(folder.open().path == folder.home + "/config.json")
    }

    @Test(arguments: ["{", #"{"llm": {"max_tokens": "many"}}"#, "[]", "\u{FEFF}nonsense", #"{"a": 1, "a": 2}"#])
    func `a broken file leaves the template running, and reset repairs it`(text: String) throws {
        folder.write("home/config.json", text)
        let file = folder.open()
        #expect(file.settings.failure?.message.contains(file.path) == true)
        #expect(file.running == ConfigurationDocument())
        let state = file.state(secrets: .clear)
        #expect(state.diskParseError?.contains(file.path) == true)
        #expect(state.disk == state.running)
        #expect(state.diskRaw == text)
        #expect(state.raw == String(decoding: ConfigurationDocument().encoded(), as: UTF8.self))
        #expect(folder.read("home/config.json") == text)

        try file.reset()
        let repaired = file.state(secrets: .clear)
        #expect(repaired.diskParseError == nil)
        #expect(repaired.diskRaw == nil)
        #expect(folder.read("home/config.json") == state.raw)
        #expect(folder.read("home/config.json.bak1") == text)
    }

    @Test func `a file that is well formed but cannot run is what runs, degraded`() throws {
        folder.write("home/config.json", #"{"llm": {"provider": "nope", "model": "m"}}"#)
        let file = folder.open()
        #expect(file.settings.failure?.place == .key("llm.provider"))
        #expect(file.running.text(.model) == "m")
        #expect(file.state(secrets: .clear).diskParseError == nil)
        try file.apply(.config(["llm": ["provider": "mock"]]))
        #expect(try file.settings.get().provider == .mock)
    }

    @Test func `a fresh install without a key starts, and says which is missing`() {
        let file = folder.open([:])
        #expect(file.settings.failure?.place == .key("secrets.openai_api_key"))
        #expect(file.state(secrets: .clear).diskParseError == nil)
    }

    @Test(arguments: ["folder", "pipe", "link to nothing in a folder that is not there", "too large"])
    func `what cannot be read as a file is no reason to stop`(kind: String) throws {
        try PrivateFolder.create(folder.home)
        let path = folder.home + "/config.json"
        switch kind {
        case "folder": mkdir(path, 0o700)
        case "pipe": mkfifo(path, 0o600)
        case "too large": folder.write("home/config.json", String(repeating: " ", count: ConfigurationFile.limit + 1))
        default: symlink("/nowhere/at/all", path)
        }
        let file = folder.open()
        #expect(file.settings.failure?.message.isEmpty == false)
        #expect(file.state(secrets: .clear).diskParseError?.contains(path) == true)
        #expect(file.running == ConfigurationDocument())
    }

    // MARK: - The contract's vectors

    @Test func `V7: apply, apply, break the file, reset`() throws {
        let file = folder.open()
        var config = file.state(secrets: .clear).running.json
        config = try ConfigurationDocument(config).setting(["llm", "model"], to: "first").json
        try file.apply(.config(config))
        #expect(file.state(secrets: .clear).running.text(.model) == "first")
        #expect(file.state(secrets: .clear).backups.map(\.exists) == [true, false])
        try file.apply(.config(["llm": ["model": "second"]]))
        #expect(file.state(secrets: .clear).backups.map(\.exists) == [true, true])
        #expect(folder.read("home/config.json.bak1")?.contains("\"first\"") == true)
        #expect(
            folder.read("home/config.json.bak2") == String(decoding: ConfigurationDocument().encoded(), as: UTF8.self))

        folder.write("home/config.json", "{ broken")
        let broken = file.state(secrets: .clear)
        #expect(broken.diskParseError != nil)
        #expect(broken.disk == broken.running)
        #expect(broken.running.text(.model) == "second")
        #expect(broken.diskRaw == "{ broken")

        try file.reset()
        let state = file.state(secrets: .clear)
        #expect(state.diskParseError == nil)
        #expect(state.raw == String(decoding: state.running.encoded(), as: UTF8.self))
        #expect(folder.read("home/config.json.bak1") == "{ broken")
    }

    @Test(
        arguments: [
            .raw("{"), .raw(""), .config(["llm": ["provider": "nope"]]), .config(["llm": ["temperature": 3]]),
            .config(["server": 1]), .config(["llm": ["provider": "anthropic"]]), .raw(#"{"a": 1, "a": 1}"#),
            .config(["workspace": "/etc/hostname/below"]), .config(["workspace": "/etc/hostname"]),
        ] as [ConfigurationChange])
    func `V8: what makes no sense changes nothing at all`(change: ConfigurationChange) throws {
        folder.write("home/config.json", #"{"llm": {"model": "m"}}"#)
        let file = folder.open()
        try file.apply(.config(["llm": ["model": "n"]]))
        let before = folder.contents("home")
        let state = file.state(secrets: .clear)
        let settings = try file.settings.get()
        var prepared = false
        let failure = #expect(throws: ConfigurationFailure.self) {
            try file.apply(change) { _ in prepared = true }
        }
        #expect(failure?.code == "config_invalid")
        #expect(failure?.status == 400)
        #expect(!prepared)
        #expect(folder.contents("home") == before)
        #expect(file.state(secrets: .clear) == state)
        #expect(try file.settings.get() == settings)
    }

    @Test func `V8: the message has line and column, or the key`() {
        let file = folder.open()
        let raw = #expect(throws: ConfigurationFailure.self) { try file.apply(.raw("{\n  \"llm\": }")) }
        #expect(raw?.message == "line 2, column 10: \"}\" does not belong here")
        let key = #expect(throws: ConfigurationFailure.self) { try file.apply(.config(["llm": ["max_iterations": 0]])) }
        #expect(key?.message == "llm.max_iterations: it must be from 1 to 100, and is 0")
    }

    @Test func `V9: the environment survives an apply`() throws {
        let file = folder.open(["OPENAI_API_KEY": "sk-env"])
        #expect(try file.apply(.config([:])).apiKey == "sk-env")
        #expect(try file.settings.get().apiKey == "sk-env")
        #expect(file.running.text(.openAIKey) == nil)
        #expect(folder.read("home/config.json")?.contains("sk-env") == false)
    }

    // MARK: - Apply

    @Test func `what prepare refuses is not applied, and what it accepts is`() throws {
        let file = folder.open()
        let before = folder.contents("home")
        let failure = #expect(throws: ConfigurationFailure.self) {
            try file.apply(.config(["llm": ["model": "m"]])) { _ throws(ConfigurationProblem) in
                throw ConfigurationProblem(.key("workspace"), "it is full")
            }
        }
        #expect(failure == .invalid(ConfigurationProblem(.key("workspace"), "it is full")))
        #expect(folder.contents("home") == before)
        #expect(file.running.text(.model) == nil)

        var prepared: ChatSettings?
        let applied = try file.apply(.config(["llm": ["model": "m"]])) { prepared = $0 }
        #expect(prepared == applied)
        #expect(applied.model == "m")
    }

    @Test func `raw text is written in our form, with every key that it has`() throws {
        let file = folder.open()
        try file.apply(.raw(#"{"later":{"b":[1,2]},"llm":{"x":true,"model":"m"}}"#))
        let state = file.state(secrets: .clear)
        #expect(state.raw == String(decoding: state.running.encoded(), as: UTF8.self))
        #expect(state.running.value(at: ["later", "b"]) == [1, 2])
        #expect(state.running.value(at: ["llm", "x"]) == true)
        #expect(state.disk == state.running)
        try file.apply(.raw(#"{"llm":{"model":"m"}}"#))
        #expect(file.running.value(at: ["later"]) == nil)
    }

    @Test func `a structured apply keeps keys that it does not know, as they are on disk now`() throws {
        folder.write(
            "home/config.json", #"{"launchers": {"a": "/a"}, "llm": {"model": "m", "new": 1}, "gone": 1}"#)
        let file = folder.open()
        folder.write(
            "home/config.json", #"{"launchers": {"a": "/a", "b": "/b"}, "llm": {"model": "x", "new": 2}}"#)
        try file.apply(.config(["llm": ["max_tokens": 7]]))
        #expect(file.running.value(at: ["launchers"]) == ["a": "/a", "b": "/b"])
        #expect(file.running.value(at: ["llm", "new"]) == 2)
        #expect(file.running.value(at: ["gone"]) == nil)
        #expect(file.running.text(.model) == nil)
        #expect(file.running.whole(.maxTokens) == 7)
        // What it does mention is taken whole.
        try file.apply(.config(["launchers": ["c": "/c"]]))
        #expect(file.running.value(at: ["launchers"]) == ["c": "/c"])
        // And where the file is broken, what runs is kept.
        folder.write("home/config.json", "oops")
        try file.apply(.config([:]))
        #expect(file.running.value(at: ["launchers"]) == ["c": "/c"])
    }

    @Test func `identical bytes are neither written nor rotated`() throws {
        let file = folder.open()
        try file.apply(.config(["llm": ["model": "m"]]))
        folder.write("home/config.json", folder.read("home/config.json")!, mode: 0o644)
        var before = stat()
        stat(file.path, &before)
        let contents = folder.contents("home")
        try file.apply(.config(["llm": ["model": "m"]]))
        try file.apply(.raw(folder.read("home/config.json")!))
        try file.reset()
        var after = stat()
        stat(file.path, &after)
        #expect(before.st_ino == after.st_ino)
        #expect(folder.contents("home") == contents)
        #expect(folder.mode("home/config.json") == 0o600)
    }

    @Test func `two generations of backups are kept, for nobody else to read`() throws {
        folder.write("home/config.json", #"{"llm": {"model": "0"}}"#, mode: 0o666)
        let file = folder.open()
        for model in ["1", "2", "3"] { try file.apply(.config(["llm": ["model": .string(model)]])) }
        #expect(folder.read("home/config.json")?.contains("\"3\"") == true)
        #expect(folder.read("home/config.json.bak1")?.contains("\"2\"") == true)
        #expect(folder.read("home/config.json.bak2")?.contains("\"1\"") == true)
        for name in ["config.json", "config.json.bak1", "config.json.bak2"] {
            #expect(folder.mode("home/" + name) == 0o600)
        }
        #expect(
            Set(folder.contents("home").keys) == ["config.json", "config.json.bak1", "config.json.bak2"])
        let state = file.state(secrets: .clear)
        for backup in state.backups {
            #expect(backup.modifiedAt?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
        }
    }

    @Test func `the first backup is private whatever the file was`() throws {
        folder.write("home/config.json", "{}", mode: 0o666)
        try folder.open().apply(.config(["llm": ["model": "m"]]))
        #expect(folder.mode("home/config.json.bak1") == 0o600)
    }

    @Test func `a linked file is changed where it really is`() throws {
        folder.write("dotfiles/drover.json", #"{"llm": {"provider": "mock"}}"#)
        try PrivateFolder.create(folder.home)
        symlink("../dotfiles/drover.json", folder.home + "/config.json")
        let file = folder.open()
        try file.apply(.config(["llm": ["provider": "mock", "model": "m"]]))
        #expect(folder.isLink("home/config.json"))
        #expect(folder.read("dotfiles/drover.json")?.contains("\"m\"") == true)
        #expect(folder.mode("dotfiles/drover.json") == 0o600)
        #expect(!folder.isLink("home/config.json.bak1"))
        #expect(folder.read("home/config.json.bak1") == #"{"llm": {"provider": "mock"}}"#)
        #expect(Set(folder.contents("dotfiles").keys) == ["drover.json"])
        #expect(file.protectedPaths.contains(folder.home + "/../dotfiles/drover.json"))
    }

    @Test func `a link to a file that is not there yet leads to it`() throws {
        try PrivateFolder.create(folder.home)
        symlink(folder.path + "/later.json", folder.home + "/config.json")
        let file = folder.open()
        #expect(file.bootstrapFailure == nil)
        #expect(folder.isLink("home/config.json"))
        #expect(folder.read("later.json")?.contains("workspace") == true)
    }

    @Test func `a file that was deleted is told of and comes back`() throws {
        let file = folder.open()
        try file.apply(.config(["llm": ["model": "m"]]))
        unlink(file.path)
        let state = file.state(secrets: .clear)
        #expect(state.diskParseError == "\(file.path): there is no such file")
        #expect(state.disk == state.running)
        let backups = folder.read("home/config.json.bak1")
        try file.reset()
        #expect(file.state(secrets: .clear).disk.text(.model) == "m")
        // There was nothing to keep.
        #expect(folder.read("home/config.json.bak1") == backups)
    }

    @Test func `an edit by hand changes the disk and not what runs`() throws {
        let file = folder.open()
        folder.write("home/config.json", #"{"llm": {"model": "by hand"}}"#)
        let state = file.state(secrets: .clear)
        #expect(state.disk.text(.model) == "by hand")
        #expect(state.running.text(.model) == nil)
        #expect(try file.settings.get().model == "gpt-4o-mini")
        try file.reset()
        #expect(file.state(secrets: .clear).disk.text(.model) == nil)
    }

    @Test func `a program beside the daemon may store what lacks a key, and is told so`() throws {
        let file = folder.open([:])
        let lacking = try file.store(.config(["llm": ["provider": "gemini", "model": "m"]]))
        #expect(lacking?.place == .key("secrets.gemini_api_key"))
        #expect(folder.read("home/config.json")?.contains("\"gemini\"") == true)
        #expect(file.settings.failure == lacking)
        #expect(try file.store(.config(["llm": ["provider": "mock"]])) == nil)
        let before = folder.contents("home")
        for change in [.config(["llm": ["provider": "nope"]]), .raw("{")] as [ConfigurationChange] {
            let failure = #expect(throws: ConfigurationFailure.self) { try file.store(change) }
            #expect(failure?.code == "config_invalid")
        }
        #expect(folder.contents("home") == before)
    }

    // MARK: - Restart

    @Test func `what is not live is pending until a restart, and not when it is taken back`() throws {
        let file = folder.open()
        try file.apply(
            .config([
                "server": ["port": 4000, "cors_origins": ["https://a"]], "logging": ["level": "debug"],
                "channels": ["telegram": ["enabled": true]], "llm": ["model": "m"], "secrets": ["openai_api_key": "k"],
                "launchers": ["x": "/x"], "workspace": "w", "tools": ["bash_allow": ["ls"]],
            ]))
        #expect(
            file.state(secrets: .clear).pendingRestart.sorted() == [
                "channels.telegram.enabled", "launchers.x", "logging.level", "server.cors_origins", "server.port",
            ])
        #expect(try file.server.get().port == nil)
        #expect(folder.open().state(secrets: .clear).pendingRestart.isEmpty)
        #expect(try folder.open().server.get().port == 4000)
        try file.apply(.raw(#"{"server": {"port": 4000}}"#))
        #expect(file.state(secrets: .clear).pendingRestart == ["server.port"])
        try file.apply(.raw("{}"))
        #expect(file.state(secrets: .clear).pendingRestart.isEmpty)
    }

    // MARK: - What was expected

    @Test func `an apply that expects another text is a conflict, and one that expects this is not`() throws {
        let file = folder.open()
        let seen = sha256(file.state(secrets: .clear).raw.utf8)
        try file.apply(.config(["llm": ["model": "m"]]), expectedRawSHA256: seen)
        let before = folder.contents("home")
        let failure = #expect(throws: ConfigurationFailure.self) {
            try file.apply(.config(["llm": ["model": "n"]]), expectedRawSHA256: seen)
        }
        #expect(failure?.code == "conflict")
        #expect(failure?.status == 409)
        #expect(folder.contents("home") == before)
        folder.write("home/config.json", "{ broken")
        let broken = sha256(file.state(secrets: .clear).raw.utf8).uppercased()
        try file.apply(.config([:]), expectedRawSHA256: broken)
    }

    @Test func `one who saw the masked text may expect that`() throws {
        let file = folder.open()
        try file.apply(.config(["secrets": ["openai_api_key": "sk-1"]]))
        let masked = file.state(secrets: .masked).raw
        #expect(!masked.contains("sk-1"))
        #expect(masked != file.state(secrets: .clear).raw)
        try file.apply(.raw(masked), expectedRawSHA256: sha256(masked.utf8))
        #expect(file.running.text(.openAIKey) == "sk-1")
    }

    // MARK: - Secrets

    @Test func `a masked state has no secret in it, and applied again it changes none`() throws {
        let file = folder.open()
        try file.apply(
            .config([
                "secrets": ["openai_api_key": "sk-1"], "server": ["auth_token": "sk-2"],
                "mcp_servers": ["m": ["command": "c", "env": ["T": "sk-3"]]],
            ]))
        let state = file.state(secrets: .masked)
        #expect(!String(decoding: state.json.encoded(), as: UTF8.self).contains("sk-"))
        #expect(state.running.text(.openAIKey) == SecretMask.marker)
        let document = file.running
        try file.apply(.config(state.running.json))
        #expect(file.running == document)
        try file.apply(.raw(state.raw))
        #expect(file.running == document)
        try file.apply(.config(["secrets": ["openai_api_key": "sk-4"]]))
        #expect(file.running.text(.openAIKey) == "sk-4")
        #expect(file.running.text(.serverAuthToken) == nil)
    }

    @Test func `the running value is meant, not the one on disk`() throws {
        let file = folder.open()
        try file.apply(.config(["secrets": ["openai_api_key": "sk-running"]]))
        folder.write("home/config.json", #"{"secrets": {"openai_api_key": "sk-disk"}}"#)
        try file.apply(.config(["secrets": ["openai_api_key": .string(SecretMask.marker)]]))
        #expect(file.running.text(.openAIKey) == "sk-running")
    }

    @Test func `a masked state of a text without secrets keeps its layout`() {
        let text = "{\"llm\":   {\"model\": \"m\"}}"
        folder.write("home/config.json", text)
        #expect(folder.open().state(secrets: .masked).raw == text)
    }

    @Test func `a masked state of a broken file shows no secret either`() {
        folder.write("home/config.json", "{\"secrets\": {\"openai_api_key\": \"sk-1\"},\n \"llm\": {")
        let state = folder.open().state(secrets: .masked)
        #expect(state.diskRaw?.contains("sk-1") == false)
        #expect(state.diskRaw?.contains("\"llm\": {") == true)
    }

    // MARK: - The state

    @Test func `the state has every field of the contract, with null where there is nothing`() throws {
        let file = folder.open()
        let state = file.state(secrets: .clear)
        let json = state.json
        #expect(
            Set(json.object?.keys ?? []) == [
                "config_path", "backup1_path", "backup2_path", "config_format", "running", "disk", "raw",
                "disk_parse_error", "disk_raw", "backups", "pending_restart",
            ])
        #expect(json["config_path"] == .string(file.path))
        #expect(json["config_format"] == "config.json")
        #expect(json["disk_parse_error"] == .null)
        #expect(json["disk_raw"] == .null)
        #expect(json["backups"]?[0] == ["path": .string(file.path + ".bak1"), "exists": false, "modified_at": .null])
        #expect(json["running"]?["llm"]?["model"] == .null)
        let mutation = ConfigurationMutation(action: .apply, state: state).json
        #expect(mutation["ok"] == true)
        #expect(mutation["action"] == "apply")
        #expect(mutation["restart_scheduled"] == false)
        #expect(mutation["state"] == json)
    }
}
