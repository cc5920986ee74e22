import Bytes
import Fleet
import Testing
import Wire

private let good =
    #"{"providerId":"codex","repoRef":{"provider":"github","owner":"acme","name":"app"},"#
    + #""task":{"title":"Fix","goal":"Make it work"}}"#

/// A good body with some members replaced, or with `null` left out.
private func body(_ changes: String) throws -> JSON {
    var object = try JSON(parsing: good).object ?? [:]
    for member in try JSON(parsing: changes).object?.members ?? [] {
        object[member.key] = member.value == .null ? nil : member.value
    }
    return .object(object)
}

private func faults(_ body: JSON, rules: StartSession.Rules = .init()) -> [String] {
    do {
        _ = try StartSession(body: body, rules: rules)
        return []
    } catch {
        return error.fields.map(\.path)
    }
}

@Suite struct StartSessionTests {
    @Test func `fills in what may be left out`() throws {
        let start = try StartSession(body: JSON(parsing: good))
        #expect(start.villageID == .demo)
        #expect(start.checkout == .branch(ref: "main"))
        #expect(start.policy == PolicySpec())
        #expect(start.task?.constraints == [])
        let config = start.config(sessionID: "3f0e1c2d-1", orgID: "u1", userID: "u1", home: "/home/me")
        #expect(config.agentID == "runner_3f0e1c2d")
        #expect(config.agentName == "runner_3f0e1c2d")
        #expect(config.title == "Fix")
    }

    @Test func `a command needs neither task nor repository`() throws {
        let text = #"{"providerId":"command","command":{"argv":["make","all the things"]},"name":"build-1"}"#
        let start = try StartSession(body: JSON(parsing: text))
        let config = start.config(sessionID: "s", orgID: "o", userID: nil, home: "/home/me")
        #expect(config.title == "make 'all the things'")
        #expect(config.command == CommandSpec(argv: ["make", "all the things"], cwd: "/home/me"))
        #expect(config.repoRef == .local(path: "/home/me", name: nil, defaultBranch: nil))
        #expect(config.terminalSize == TerminalSize(columns: 120, rows: 40))
        #expect(config.name == "build-1")
    }

    @Test func `the mock plays its whole script when nothing is said`() throws {
        #expect(try StartSession(body: ["providerId": "mock"]).mock == MockSpec(script: .all, stepMs: 20))
        let text = #"{"providerId":"mock","mock":{"script":"flood","stepMs":1}}"#
        #expect(try StartSession(body: JSON(parsing: text)).mock == MockSpec(script: .flood, stepMs: 1))
    }

    @Test func `an empty body is told everything that is missing`() {
        #expect(faults([:]) == ["providerId", "repoRef", "task"])
        #expect(faults([]) == [""])
        let error = #expect(throws: InvalidBody.self) { try StartSession(body: [:]) }
        let envelope = error.map { ErrorEnvelope($0) }
        #expect(envelope?.status == 400)
        #expect(envelope?.message == "invalid body")
        #expect(
            envelope?.json(requestID: "r").text
                == #"{"error":{"code":"VALIDATION_ERROR","message":"invalid body","details":[{"path":"providerId","#
                + #""message":"is required"},{"path":"repoRef","message":"is required"},{"path":"task","message":"#
                + #""is required"}]},"requestId":"r"}"#)
    }

    @Test(arguments: [
        (#"{"villageId":""}"#, "villageId"),
        (#"{"villageId":"\#(String(repeating: "v", count: 101))"}"#, "villageId"),
        (#"{"agentName":"\#(String(repeating: "a", count: 201))"}"#, "agentName"),
        (#"{"providerId":"copilot"}"#, "providerId"),
        (#"{"providerId":1}"#, "providerId"),
        (#"{"repoRef":{"provider":"svn"}}"#, "repoRef.provider"),
        (#"{"repoRef":{"provider":"github","owner":"","name":"x"}}"#, "repoRef.owner"),
        (#"{"repoRef":{"provider":"github","owner":"a/b","name":"x"}}"#, "repoRef.owner"),
        (#"{"repoRef":{"provider":"github","owner":"a","name":".."}}"#, "repoRef.name"),
        (#"{"repoRef":{"provider":"local","path":"relative"}}"#, "repoRef.path"),
        (#"{"checkout":{"type":"branch","ref":""}}"#, "checkout.ref"),
        (#"{"checkout":{"type":"branch","ref":"--upload-pack=x"}}"#, "checkout.ref"),
        (#"{"checkout":{"type":"commit","sha":"-x"}}"#, "checkout.sha"),
        (#"{"checkout":{"type":"tag","tag":"a b"}}"#, "checkout.tag"),
        (#"{"checkout":{"type":"stash"}}"#, "checkout.type"),
        (#"{"roomPath":"\#(String(repeating: "r", count: 501))"}"#, "roomPath"),
        (#"{"roomPath":"/abs"}"#, "roomPath"),
        (#"{"roomPath":"a/../../b"}"#, "roomPath"),
        (#"{"task":{"title":"","goal":"x"}}"#, "task.title"),
        (#"{"task":{"title":"\#(String(repeating: "t", count: 201))","goal":"x"}}"#, "task.title"),
        (#"{"task":{"title":"x","goal":"\#(String(repeating: "g", count: 4001))"}}"#, "task.goal"),
        (#"{"task":{"title":"x"}}"#, "task.goal"),
        (#"{"task":{"title":"x","goal":"y","constraints":["a",1]}}"#, "task.constraints[1]"),
        (#"{"task":{"title":"x","goal":"y","roomPath":".."}}"#, "task.roomPath"),
        (#"{"task":{"title":"x","goal":"y","branchName":"-b"}}"#, "task.branchName"),
        (#"{"task":"do it"}"#, "task"),
        (#"{"policy":{"networkMode":"closed"}}"#, "policy.networkMode"),
        (#"{"policy":{"requiresApprovalFor":["lunch"]}}"#, "policy.requiresApprovalFor[0]"),
        (#"{"env":{"PATH":"/tmp"}}"#, "env.PATH"),
        (#"{"env":{"LD_PRELOAD":"x"}}"#, "env.LD_PRELOAD"),
        (#"{"env":{"DYLD_INSERT_LIBRARIES":"x"}}"#, "env.DYLD_INSERT_LIBRARIES"),
        (#"{"env":{"A":1}}"#, "env.A"),
        (#"{"env":{"A=B":"x"}}"#, "env.A=B"),
        (#"{"env":{"A":"x\u0000y"}}"#, "env.A"),
        (#"{"env":{"A":"\#(String(repeating: "x", count: 17_000))"}}"#, "env"),
        (#"{"env":[]}"#, "env"),
        (#"{"runnerId":""}"#, "runnerId"),
        (#"{"name":"has space"}"#, "name"),
        (#"{"name":"\#(String(repeating: "n", count: 65))"}"#, "name"),
        (#"{"providerId":"command"}"#, "command"),
        (#"{"command":{"argv":[]}}"#, "command.argv"),
        (#"{"command":{"argv":[""]}}"#, "command.argv"),
        (#"{"command":{"argv":"ls"}}"#, "command.argv"),
        (#"{"command":{"argv":["ls"],"cwd":"here"}}"#, "command.cwd"),
        (#"{"command":{"argv":["ls"],"cols":1}}"#, "command.cols"),
        (#"{"command":{"argv":["ls"],"rows":301}}"#, "command.rows"),
        (#"{"mock":{"script":"some"}}"#, "mock.script"),
        (#"{"mock":{"stepMs":-1}}"#, "mock.stepMs"),
    ])
    func `says which field is wrong`(changes: String, path: String) throws {
        #expect(faults(try body(changes)) == [path])
    }

    @Test(arguments: [
        #"{"villageId":"v1","agentName":"Ann","roomPath":"src/api","runnerId":"local","name":"a.b_c-1"}"#,
        #"{"checkout":{"type":"commit","sha":"abc123"},"policy":{"networkMode":"restricted","other":1}}"#,
        #"{"env":{"API_KEY":"x","_a1":""},"unknown":{"key":1}}"#,
        #"{"repoRef":{"provider":"local","path":"/home/me/../you/app"}}"#,
    ])
    func `takes what is in order`(changes: String) throws {
        #expect(faults(try body(changes)) == [])
    }

    @Test(arguments: [
        ("/home/me/app", true), ("/home/me", true), ("/home/meow", false), ("/home/me/../you", false), ("/etc", false),
    ])
    func `local repositories stay in the allowed directories`(path: String, isAllowed: Bool) throws {
        let rules = StartSession.Rules(localRoots: ["/home/me/"])
        let changed = try body(#"{"repoRef":{"provider":"local","path":"\#(path)"}}"#)
        #expect(faults(changed, rules: rules).isEmpty == isAllowed)
    }

    @Test func `asks for the credentials of its provider`() throws {
        var start = try StartSession(body: JSON(parsing: good))
        #expect(start.missingCredentials { _ in false } == ["OPENAI_API_KEY"])
        #expect(start.missingCredentials { $0 == "OPENAI_API_KEY" } == [])
        start.environment = ["OPENAI_API_KEY": "sk"]
        #expect(start.missingCredentials { _ in false } == [])
        start.environment = [:]
        start.providerID = .claudeCode
        let missing = start.missingCredentials { _ in false }
        #expect(
            start.authMissing(missing).details == ["providerId": "claude_code", "missing": ["ANTHROPIC_API_KEY"]])
    }

    @Test func `whatever JSON comes as a body, it is taken or refused`() throws {
        var random = Seeded(3)
        let texts = [
            good, #"{"providerId":"command","command":{"argv":["a"],"cwd":"/","cols":9,"rows":9},"env":{"A":"b"}}"#,
        ]
        for _ in 0..<10_000 {
            var bytes = Array(texts.randomElement(using: &random)!.utf8)
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
            }
            guard let json = try? JSON(parsing: bytes), let start = try? StartSession(body: json) else { continue }
            let config = start.config(sessionID: "s", orgID: "o", userID: nil, home: "/")
            #expect(try SessionConfig(json: JSON(parsing: config.json.encoded())) == config)
        }
    }
}
