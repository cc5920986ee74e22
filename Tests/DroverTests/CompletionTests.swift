import Client
import Glibc
import Testing

@testable import drover

@Suite struct CompletionTests {
    /// Runs a shell that only reads the script, and says how it ended.
    private func check(_ script: String, with words: [String]) -> Int32? {
        guard let program = programPath(words[0], in: .current) else { return nil }
        let path = "/tmp/drover-completion-\(getpid())-\(words[0])"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let bytes = Array(script.utf8)
        precondition(write(file, bytes, bytes.count) == bytes.count, "a script fits into /tmp")
        close(file)
        defer { unlink(path) }
        var arguments = (words + [path]).map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, program, nil, nil, &arguments, ProcessEnvironment.pointer) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }

    @Test(arguments: [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])])
    func `scripts are ones that their shell can read`(shell: String, words: [String]) throws {
        let script = Desk().type("completion", shell).output
        #expect(script.contains("drover __complete"))
        for spec in Catalog.specs { #expect(script.contains(spec.word)) }
        // Where a shell is not installed there is nobody to ask.
        if let status = check(script, with: words) { #expect(status == 0) }
    }

    @Test func `candidates are the sessions, by what people call them`() {
        let daemon = FakeDaemon { request in
            request.route == "GET /api/fleet"
                ? Sample.fleet(Sample.web, Sample.session("aaaabbbbcccc", state: "FAILED")) : nil
        }
        defer { daemon.stop() }
        final class Page { var text = "" }
        let page = Page()
        let side = Console.Side(write: { page.text += String(decoding: $0, as: UTF8.self) }, isTerminal: false)
        let console = Console(output: side, errors: side, isUTF8: true, hasColours: false, width: { nil })
        let context = Context(environment: Environment(["DROVER_URL": daemon.url]), console: console)
        CompletionCandidates.print(["sessions"], context: context)
        #expect(page.text == "web\trunning command npm start\naaaabbbb\tfailed command sh\n")
    }
}

@Suite struct PackagingTests {
    /// `packaging/` beside the tests of this checkout.
    private static let directory =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/packaging"

    @Test(arguments: [
        ("completions/drover.bash", ["completion", "bash"]), ("completions/_drover", ["completion", "zsh"]),
        ("completions/drover.fish", ["completion", "fish"]), ("man/drover.1", []), ("man/rtm.1", ["rtm"]),
    ])
    func `files are what the program says now`(file: String, words: [String]) throws {
        let kept = try File.read(Self.directory + "/" + file, limit: 1 << 20)
        let said =
            switch words {
            case []: ManualPage.text + "\n"
            case ["rtm"]: RTMManualPage.text + "\n"
            default: Desk().type(words).output
            }
        // To bring them up to date: drover completion SHELL, drover __manual, drover __manual rtm.
        #expect(String(decoding: kept, as: UTF8.self) == said)
    }
}
