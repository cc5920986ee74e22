import Fleet
import Testing

private let gitHub = "ghp_" + String(repeating: "aB3", count: 12)
private let webToken = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
private let start = MonotonicTime(milliseconds: 0)

/// Feeds pieces with a clock that stands still, and everything held comes at the end.
private func stream(_ pieces: [[UInt8]], _ redactor: SecretRedactor = SecretRedactor()) -> (text: String, found: Int) {
    var stream = redactor.stream()
    var output: [UInt8] = []
    for piece in pieces { stream.feed(piece, at: start, into: &output) }
    stream.finish(into: &output)
    return (String(decoding: output, as: UTF8.self), stream.redactions)
}

private func starred(_ secret: String, keeping kept: Int = 4) -> String {
    String(secret.prefix(kept)) + String(repeating: "*", count: secret.utf8.count - kept)
}

private let pem = """
    -----BEGIN RSA PRIVATE KEY-----\r
    MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1\r
    dGVzdA==\r
    -----END RSA PRIVATE KEY-----\r

    """

@Suite struct SecretTests {
    @Test(arguments: [
        ("password=hunter2hunter2", "password=hunt**********"),
        ("PASSWORD: hunter2hunter2 next", "PASSWORD: hunt********** next"),
        (#"{"password":"correct horse"}"#, #"{"password":"correct horse"}"#),
        (#"{"password": "correct-horse"}"#, #"{"password": "corr*********"}"#),
        (#"{\"secret\":\"correct-horse\"}"#, #"{\"secret\":\"corr**********"}"#),
        ("export GITHUB_TOKEN='abcdefghijklmnop'", "export GITHUB_TOKEN='abcd************'"),
        ("api-key = 0123456789abcdefghij", "api-key = 0123****************"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPx", "AWS_SECRET_ACCESS_KEY=wJal*********************"),
        ("?token=0123456789abcdef&x=1", "?token=0123************&x=1"),
        ("x \(gitHub) y", "x \(starred(gitHub)) y"),
        ("github_pat_11ABCDEFG0123456789abcdef", "github_pat_*************************"),
        ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9", "Authorization: Bearer eyJh****************"),
        ("token \(webToken)!", "token \(starred(webToken))!"),
        ("password=sécrètement", "password=séc*********"),
    ])
    func `stars a secret but for its first four characters`(text: String, expected: String) {
        #expect(SecretRedactor().redact(text) == expected)
        let bytes = Array(text.utf8)
        let whole = stream([bytes])
        #expect(whole.text == expected)
        for cut in 0...bytes.count {
            let cutOnce = stream([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(cutOnce == whole, "cut at \(cut)")
        }
        #expect(stream(bytes.map { [$0] }) == whole)
    }

    @Test func `a private key is starred line by line`() {
        let expected = pem.split(separator: "\r\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("-") ? String(line) : String(repeating: "*", count: line.count)
        }.joined(separator: "\r\n")
        #expect(SecretRedactor().redact(pem) == expected)
        let bytes = Array((pem + "after: all\r\n").utf8)
        for cut in 0...bytes.count {
            #expect(stream([Array(bytes[..<cut]), Array(bytes[cut...])]).text == expected + "after: all\r\n")
        }
        #expect(stream(bytes.map { [$0] }).text == expected + "after: all\r\n")
    }

    @Test(arguments: [
        "hello, world", "a=b", "x: y", "password:", "password=short", "password=$PASSWORD_FROM_ENV",
        "tokens=12345678901234567890",
        "unexpected token: identifier", "if (token == other_token_value)", "my_variable_name_is_long = 1",
        "ghp_short", "aghp_" + String(repeating: "x", count: 40),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXX0=", "KEYJ", "eyJ",
        "eyJabc.def",
        "\u{1B}[32m✔\u{1B}[0m test passed", "日本語のテキスト",
    ])
    func `leaves alone what is none`(text: String) {
        #expect(SecretRedactor().redact(text) == text)
        #expect(stream([Array(text.utf8)]).text == text)
        #expect(stream(Array(text.utf8).map { [$0] }).text == text)
    }

    @Test func `stars the values of the environment wherever they stand`() {
        let redactor = SecretRedactor(values: ["hunter2hunter2", "short", "two\nlines-of-text", "ключ-секрет"])
        #expect(redactor.redact("a hunter2hunter2b") == "a hunt**********b")
        #expect(redactor.redact("short") == "short")
        #expect(redactor.redact("two\r\nlines-of-text") == "two\r\nline*********")
        #expect(redactor.redact("ключ-секрет") == "кл" + "ю".prefix(0) + String(repeating: "*", count: 17))
    }

    @Test func `one value may begin like another, or inside it`() {
        let redactor = SecretRedactor(values: ["abcdefgh-1111", "abcdefgh-2222", "efgh-1111-xyz", "aaaaaaab"])
        #expect(redactor.redact("abcdefgh-2222") == "abcd*********")
        #expect(redactor.redact("abcdefgh-1111-xyz") == "abcd*************")
        #expect(redactor.redact("abcdefgh-11 efgh-1111-xyz") == "abcdefgh-11 efgh*********")
        #expect(redactor.redact("aaaaaaaaaaab") == "aaaaaaaa****")
    }

    @Test func `arguments that follow a telling option are secrets`() {
        let redactor = SecretRedactor(values: ["value-from-env"])
        #expect(
            redactor.redact(argv: ["curl", "--api-key", "abcdefg", "--token=0123456789abcdef", "value-from-env", "-v"])
                == ["curl", "--api-key", "abcd***", "--token=0123************", "valu**********", "-v"])
        #expect(redactor.redact(argv: ["x", "--password", "--other"]) == ["x", "--password", "--other"])
    }

    // MARK: Time

    @Test func `ordinary output is not held for a moment`() {
        var stream = SecretRedactor(values: ["swordfish-9000"]).stream()
        var output: [UInt8] = []
        for text in [
            "$ ", "s", "w", "o", "r", "password: ", "\n", "e", "y", "J", "=", " ghp_", "\n----", "PRIVATE KEY",
        ] {
            output = []
            stream.feed(Array(text.utf8), at: start, into: &output)
            #expect(output == Array(text.utf8))
            #expect(stream.nextRelease == nil)
        }
    }

    @Test func `what may become a secret is held, and let go after sixteen milliseconds`() {
        var stream = SecretRedactor(values: ["swordfish-9000"]).stream()
        var output: [UInt8] = []
        stream.feed(Array("a swordfish".utf8), at: start, into: &output)
        #expect(output == Array("a swor".utf8))
        #expect(stream.nextRelease == start + .milliseconds(16))
        stream.feed(Array("-9".utf8), at: start + .milliseconds(10), into: &output)
        #expect(stream.nextRelease == start + .milliseconds(16))
        stream.release(at: start + .milliseconds(15), into: &output)
        #expect(output == Array("a swor".utf8))
        stream.release(at: start + .milliseconds(16), into: &output)
        #expect(output == Array("a swordfish-9".utf8))
        #expect(stream.heldCount == 0)
        // It came too late to hide its beginning, but not its end.
        stream.feed(Array("000 b".utf8), at: start + .milliseconds(20), into: &output)
        #expect(output == Array("a swordfish-9*** b".utf8))
        #expect(stream.redactions == 1)
    }

    @Test func `what turns out to be no secret goes on at once`() {
        var stream = SecretRedactor(values: ["swordfish-9000"]).stream()
        var output: [UInt8] = []
        stream.feed(Array("swordfish-".utf8), at: start, into: &output)
        stream.feed(Array("10".utf8), at: start, into: &output)
        #expect(output == Array("swordfish-10".utf8))
        #expect(stream.nextRelease == nil)
    }

    @Test func `a password that is typed is starred once it is long enough`() {
        var stream = SecretRedactor().stream()
        var output: [UInt8] = []
        var now = start
        for byte in "password=abcdefghij".utf8 {
            now = now + .milliseconds(50)
            stream.release(at: now, into: &output)
            stream.feed([byte], at: now, into: &output)
        }
        #expect(output == Array("password=abcdefg***".utf8))
    }

    // MARK: Properties

    @Test func `however it is cut, the same comes out, as long as it went in`() {
        let values = ["swordfish-9000", "swordfish-9001-long", "fish-9000-x", "0123456789", "-----BEGIN"]
        let redactor = SecretRedactor(values: values)
        let words =
            values + [
                "password=", "token:", " ", "\"", "secret\":\"", gitHub, "ghp_", webToken, "Bearer ", "eyJ", pem,
                "sword", "fish-",
                "9000", "PRIVATE KEY-----", "\r\n", "é", "x", "\u{1B}[0m", "=", "abcdefghijk", "|",
            ]
        var random = Seeded(21)
        for _ in 0..<3000 {
            let bytes = (0..<random.int(1...12)).flatMap { _ in Array(random.pick(words).utf8) }
            let whole = stream([bytes], redactor)
            #expect(whole.text.utf8.count == bytes.count)
            #expect(redactor.redact(String(decoding: bytes, as: UTF8.self)) == whole.text)
            for value in values where value != "-----BEGIN" { #expect(!whole.text.contains(value)) }
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, random.int(1...random.pick([1, 3, 20])))
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(stream(pieces, redactor).text == whole.text)
        }
    }

    @Test func `plain output passes quickly`() {
        var stream = SecretRedactor(values: ["swordfish-9000", "another-value-1"]).stream()
        let line = "drwxr-xr-x  2 me  users      4096 Jan  5 10:03 some_directory/with-a-name.swift\r\n"
        let block = Array(String(repeating: line, count: 800).utf8)
        var output: [UInt8] = []
        let elapsed = ContinuousClock().measure {
            for _ in 0..<50 {
                output.removeAll(keepingCapacity: true)
                stream.feed(block, at: start, into: &output)
            }
        }
        #expect(output.count == block.count)
        print("redacted \(block.count * 50 / 1_000_000) MB in \(elapsed)")
    }
}
