import Bytes
import Client
import Glibc
import Settings
import Synchronization
import Testing

@testable import drover

@Suite("Reading and changing the configuration")
struct ConfigCommandTests {
    /// A home of this test's own, which goes with it.
    private final class Home: Sendable {
        let path: String

        init() {
            var name = Array("/tmp/drover-config-XXXXXX".utf8CString)
            path = name.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
        }

        deinit { Self.remove(path) }

        private static func remove(_ path: String) {
            if let listing = opendir(path) {
                while let entry = readdir(listing) {
                    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                    }
                    if name != ".", name != ".." { remove(path + "/" + name) }
                }
                closedir(listing)
            }
            if unlink(path) != 0 { rmdir(path) }
        }
    }

    private let place = Home()
    private var desk = Desk()

    private var home: String { place.path }

    init() {
        desk.environment["DROVER_HOME"] = home
        desk.environment["HOME"] = home
        desk.environment["OPENAI_API_KEY"] = "sk-env"
    }

    private var file: String { home + "/config.json" }

    private func write(_ text: String, to path: String) { #expect(writeAtomically(Array(text.utf8), to: path)) }

    private func read(_ path: String) -> String? {
        (try? File.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: - Words

    @Test(arguments: [
        (["config"], "verb"), (["config", "gt"], "did you mean get?"), (["config", "set"], "KEY and a VALUE"),
        (["config", "set", "llm.model"], "llm.model needs a VALUE"),
        (["config", "set", "a", "b", "c"], "c needs a VALUE"),
        (["config", "unset"], "KEY"), (["config", "apply"], "FILE"), (["config", "get", "a", "b"], "b"),
        (["config", "get", "llm.modle"], "Did you mean llm.model?"),
        (["config", "set", "llm.modle", "x"], "Did you mean llm.model?"),
        (["config", "set", "llm.max_tokens", "many"], "a whole number"),
        (["config", "set", "llm.temperature", "warm"], "a number"),
        (["config", "set", "tools.allow_outside_workspace", "maybe"], "true or false"),
        (["config", "set", "mcp_servers", "x"], "JSON"),
    ])
    func `words that do not fit are explained`(words: [String], hint: String) {
        let answer = desk.type(words)
        #expect(answer.exit == .usage)
        #expect(answer.remarks.contains(hint))
        #expect(read(file) == nil)
    }

    // MARK: - The file

    @Test func `without a daemon the file is changed, key by key`() throws {
        let set = desk.type("config", "set", "llm.model", "m", "llm.max_tokens", "7", "tools.bash_allow", "ls, cat")
        #expect(set.exit == .ok)
        #expect(
            set.lines == [
                "llm.model: not set → \"m\"", "llm.max_tokens: not set → 7",
                "tools.bash_allow: not set → [\"ls\",\"cat\"]",
            ])
        #expect(set.remarks.contains("No daemon runs"))
        #expect(desk.type("config", "get", "llm.model").output == "m\n")
        #expect(desk.type("config", "get", "llm.model", "--json").output == "\"m\"\n")
        #expect(desk.type("config", "get", "tools.bash_allow").output == "[\"ls\",\"cat\"]\n")
        #expect(
            desk.type("config", "get").lines == [
                "KEY               VALUE", "llm.model         m", "llm.max_tokens    7",
                "tools.bash_allow  [\"ls\",\"cat\"]",
            ])
        #expect(desk.type("config", "set", "llm.model", "m").remarks == "Nothing changes.\n")
        let unset = desk.type("config", "unset", "llm.model", "tools.bash_allow")
        #expect(unset.lines == ["llm.model: \"m\" → not set", "tools.bash_allow: [\"ls\",\"cat\"] → not set"])
        #expect(read(file + ".bak1")?.contains("\"m\"") == true)
        let gone = desk.type("config", "get", "llm.model")
        #expect(gone.output == "")
        #expect(gone.remarks.contains("gpt-4o-mini"))
        #expect(gone.exit == .ok)
    }

    @Test func `looking makes no file`() {
        #expect(desk.type("config", "get").output.contains("Nothing is set"))
        #expect(desk.type("config", "path").output == file + "\n")
        #expect(desk.type("config", "get", "llm.model", "--json").output == "null\n")
        #expect(read(file) == nil)
    }

    @Test func `sections of other parts can be set too, and stay`() {
        write(#"{"launchers": {"a": "/a"}, "llm": {"own": 1}}"#, to: file)
        #expect(desk.type("config", "set", "launchers.b.command", "/b", "llm.model", "m").exit == .ok)
        #expect(desk.type("config", "get", "launchers", "--json").output.contains("\"/a\""))
        #expect(desk.type("config", "get", "launchers.b.command").output == "/b\n")
        #expect(desk.type("config", "get", "llm.own").output == "1\n")
    }

    @Test func `a value that makes no sense changes nothing`() {
        write("{}", to: file)
        let answer = desk.type("config", "set", "llm.temperature", "3")
        #expect(answer.exit == .failure)
        #expect(answer.remarks == "Nothing was changed: llm.temperature: it must be from 0 to 2, and is 3.\n")
        #expect(desk.type("config", "set", "llm.provider", "nope").exit == .failure)
        #expect(desk.type("config", "set", "server.port", "70000").exit == .failure)
        #expect(read(file) == "{}")
    }

    @Test func `what would not work is told, and stored all the same`() {
        let key = desk.type("config", "set", "llm.provider", "anthropic")
        #expect(key.exit == .ok)
        #expect(key.remarks.contains("Chats cannot run yet: secrets.anthropic_api_key"))
        let host = desk.type("config", "set", "server.host", "0.0.0.0")
        #expect(host.exit == .ok)
        #expect(host.remarks.contains("The daemon will not start like this"))
        #expect(!desk.type("config", "set", "server.auth_token", "t").remarks.contains("will not start"))
    }

    @Test func `secrets are shown only where that is asked for`() {
        var desk = desk
        desk.input = "sk-new\n"
        let set = desk.type("config", "set", "secrets.openai_api_key", "-")
        #expect(set.output == "secrets.openai_api_key: not set → ***REDACTED***\n")
        #expect(read(file)?.contains("\"sk-new\"") == true)
        for words in [["config", "get"], ["config", "get", "--json"], ["config", "get", "secrets.openai_api_key"]] {
            let answer = desk.type(words)
            #expect(answer.output.contains(SecretMask.marker))
            #expect(!answer.output.contains("sk-new"))
            #expect(desk.type(words + ["--show-secrets"]).output.contains("sk-new"))
        }
        // What was shown masked can be applied again.
        desk.input = desk.type("config", "get", "--json").output
        #expect(desk.type("config", "apply", "-").exit == .ok)
        #expect(read(file)?.contains("\"sk-new\"") == true)
    }

    @Test func `a file is applied, and a dry run only shows`() {
        write(#"{"llm": {"model": "old"}, "own": 1}"#, to: file)
        let new = home + "/new.json"
        write(#"{"llm": {"model": "new"}, "server": {"port": 4000}}"#, to: new)
        let dry = desk.type("config", "apply", new, "--dry-run")
        #expect(dry.exit == .ok)
        #expect(dry.lines == ["server.port: not set → 4000", "llm.model: \"old\" → \"new\"", "own: 1 → not set"])
        #expect(read(file)?.contains("old") == true)
        let json = desk.type("config", "apply", new, "--json")
        #expect(json.output.contains("\"llm.model\""))
        #expect(json.remarks == "")
        #expect(read(file)?.contains("\"new\"") == true)
        #expect(read(file)?.contains("own") == false)
    }

    @Test func `a file that is no configuration is refused with its place`() {
        let new = home + "/new.json"
        write("{\n  \"llm\": {", to: new)
        let answer = desk.type("config", "apply", new)
        #expect(answer.exit == .failure)
        #expect(answer.remarks.contains("line 2, column 11"))
        #expect(desk.type("config", "apply", home + "/missing.json").exit == .failure)
        #expect(read(file) == nil)
    }

    @Test func `a broken file is not guessed at, and reset repairs it`() {
        write("{ broken", to: file)
        let set = desk.type("config", "set", "llm.model", "m")
        #expect(set.exit == .failure)
        #expect(set.remarks.contains("drover config reset"))
        #expect(desk.type("config", "get").remarks.contains("The file is not what runs"))
        let unasked = desk.type("config", "reset")
        #expect(unasked.exit == .failure)
        #expect(unasked.remarks.contains("--yes"))
        #expect(read(file) == "{ broken")
        #expect(desk.type("config", "reset", "--yes").exit == .ok)
        #expect(read(file + ".bak1") == "{ broken")
        #expect(desk.type("config", "set", "llm.model", "m").exit == .ok)
    }

    @Test func `the file is edited in the editor of the user's choice`() {
        var desk = desk
        write(#"{"llm": {"model": "old"}}"#, to: file)
        desk.environment["TMPDIR"] = home
        desk.environment["EDITOR"] = "sed -i s/old/new/"
        let edited = desk.type("config", "edit", "--yes")
        #expect(edited.exit == .ok)
        #expect(edited.output == "llm.model: \"old\" → \"new\"\n")
        #expect(desk.type("config", "get", "llm.model").output == "new\n")

        desk.environment["EDITOR"] = "true"
        #expect(desk.type("config", "edit").remarks == "Nothing was changed.\n")
        desk.environment["EDITOR"] = "false"
        #expect(desk.type("config", "edit").exit == .failure)
        desk.environment["EDITOR"] = "sed -i s/new/oops\\\"/"
        let broken = desk.type("config", "edit", "--yes")
        #expect(broken.exit == .failure)
        #expect(broken.remarks.contains("Your text is in"))
        #expect(desk.type("config", "get", "llm.model").output == "new\n")
    }

    @Test func `all keys are listed`() {
        let text = desk.type("config", "keys").output
        for key in ConfigurationKey.allCases { #expect(text.contains(key.rawValue)) }
        #expect(desk.type("config", "keys", "--json").output.contains("\"needs_restart\": true"))
    }

    // MARK: - A daemon

    /// One that keeps its configuration in a file of its own.
    private func daemon() -> (FakeDaemon, ConfigurationFile) {
        let file = ConfigurationFile(
            home: home + "/daemon", environment: ["OPENAI_API_KEY": "k"], userHome: home)
        let daemon = FakeDaemon { request in
            func refusal(_ failure: ConfigurationFailure) -> FakeDaemon.Reply {
                .json(failure.json, status: failure.status)
            }
            func mutation(_ action: ConfigurationMutation.Action) -> FakeDaemon.Reply {
                .json(ConfigurationMutation(action: action, state: file.state(secrets: .masked)).json)
            }
            switch request.route {
            case "GET /api/config": return .json(file.state(secrets: .masked).json)
            case "POST /api/config/apply":
                do throws(ConfigurationFailure) {
                    let wanted = try ConfigurationRequest(json: request.body)
                    guard wanted.expectedRawSHA256 != nil else { return .json([:], status: 500) }
                    try file.apply(wanted.requiredChange(), expectedRawSHA256: wanted.expectedRawSHA256)
                    return mutation(.apply)
                } catch {
                    return refusal(error)
                }
            case "POST /api/config/reset":
                do throws(ConfigurationFailure) { try file.reset() } catch { return refusal(error) }
                return mutation(.reset)
            default: return nil
            }
        }
        return (daemon, file)
    }

    @Test func `a daemon takes changes at once and says what waits for a restart`() {
        let (daemon, running) = daemon()
        defer { daemon.stop() }
        var desk = desk
        desk.environment["DROVER_URL"] = daemon.url
        desk.input = "sk-1"
        #expect(desk.type("config", "set", "secrets.openai_api_key", "-").exit == .ok)
        let set = desk.type("config", "set", "llm.model", "m", "server.port", "4000")
        #expect(set.exit == .ok)
        #expect(set.lines == ["server.port: not set → 4000", "llm.model: not set → \"m\""])
        #expect(set.remarks.contains("Taken over when the daemon starts again: server.port."))
        #expect(running.running.text(.model) == "m")
        // The client saw it masked, and it stayed.
        #expect(running.running.text(.openAIKey) == "sk-1")
        #expect(desk.type("config", "get", "llm.model").output == "m\n")
        #expect(desk.type("config", "path").output == running.path + "\n")
        #expect(read(file) == nil)
    }

    @Test func `a refusal of the daemon is told in its words`() {
        let (daemon, running) = daemon()
        defer { daemon.stop() }
        var desk = desk
        desk.environment["DROVER_URL"] = daemon.url
        let answer = desk.type("config", "set", "llm.provider", "gemini")
        #expect(answer.exit == .failure)
        #expect(answer.remarks.contains("Nothing was changed: secrets.gemini_api_key: the provider gemini needs it"))
        #expect(running.running.text(.provider) == nil)
    }

    @Test func `what somebody else wrote in the meantime is no longer overwritten after it was read`() {
        let (daemon, running) = daemon()
        defer { daemon.stop() }
        var desk = desk
        desk.environment["DROVER_URL"] = daemon.url
        write(#"{"llm": {"model": "by hand"}}"#, to: running.path)
        // What lies on disk is what single keys are changed in.
        let set = desk.type("config", "set", "llm.max_tokens", "5")
        #expect(set.lines == ["llm.model: not set → \"by hand\"", "llm.max_tokens: not set → 5"])
        write("{ broken", to: running.path)
        #expect(desk.type("config", "reset", "--yes").exit == .ok)
        #expect(running.state(secrets: .clear).disk.text(.model) == "by hand")
    }

    @Test func `a daemon that was named and does not answer is a failure of its own`() {
        var desk = desk
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        let answer = desk.type("config", "set", "llm.model", "m")
        #expect(answer.exit == .daemonNotRunning)
        #expect(read(file) == nil)
    }

    @Test func `a daemon that asks for a token says where it goes`() {
        let daemon = FakeDaemon { _ in
            .json(["code": "unauthorized", "message": "a token is needed"], status: 401)
        }
        defer { daemon.stop() }
        var desk = desk
        desk.environment["DROVER_URL"] = daemon.url
        let answer = desk.type("config", "get")
        #expect(answer.exit == .failure)
        #expect(answer.remarks.contains("A token is needed."))
        #expect(answer.remarks.contains("DROVER_TOKEN"))
    }

    @Test func `a daemon of this home that is gone or knows nothing of it leaves the file`() {
        let daemon = FakeDaemon { _ in .refusal(404, "NOT_FOUND", "no such route") }
        write("{\"pid\": 1, \"http\": \"\(daemon.url)\"}", to: home + "/daemon.json")
        let answer = desk.type("config", "set", "llm.model", "m")
        #expect(answer.exit == .ok)
        #expect(answer.remarks.contains("does not serve its configuration"))
        daemon.stop()
        write("{\"pid\": 1, \"http\": \"http://127.0.0.1:1\"}", to: home + "/daemon.json")
        #expect(desk.type("config", "set", "llm.model", "n").exit == .ok)
        #expect(desk.type("config", "get", "llm.model").output == "n\n")
    }
}
