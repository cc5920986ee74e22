import Bytes
import Fleet
import Testing

private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }

// Put together here, so that no scanner of repositories takes them for real ones.
private let github = "ghp" + "_" + "abcdefghijklmnopqrstuvwxyz0123456789"
private let aws = "AK" + "IA" + "ABCDEFGHIJKLMNOP"
private let provider = "sk" + "-ant-api03-" + "Ab3dEf6hIj9lMn2pQr5tUv8x"
private let jwt = "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
private let pemLines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", "Zm9vYmFy"]
private let pem = ["-----BEGIN PRIVATE " + "KEY-----"] + pemLines + ["-----END PRIVATE KEY-----"]

private func stars(_ secret: String) -> String {
    String(secret.prefix(4)) + String(repeating: "*", count: secret.utf8.count - 4)
}

@Suite struct SecretRedactorTests {
    private let redactor = SecretRedactor(values: ["hunter2hunter2", "short", "päßwörter-lang"])

    @Test(arguments: [
        ("use hunter2hunter2 now", "use hunt********** now"),
        ("short stays", "short stays"),
        ("a \(github).", "a \(stars(github))."),
        ("key \(aws)", "key \(stars(aws))"),
        ("x=\(provider)", "x=\(stars(provider))"),
        ("Authorization: Bearer \(jwt)\n", "Authorization: Bearer \(stars(jwt))\n"),
        ("API_KEY=abcdefgh12345678", "API_KEY=abcd************"),
        (#"{"password": "correct horse"}"#, #"{"password": "correct horse"}"#),
        (#"{"password": "correcthorse"}"#, #"{"password": "corr********"}"#),
        ("client-secret: s3cr3ts3cr3t", "client-secret: s3cr********"),
        ("aws_secret_access_key = abcd1234/+xyz", "aws_secret_access_key = abcd*********"),
    ])
    func `keeps four characters and stars the rest`(text: String, expected: String) {
        #expect(redactor.redact(text) == expected)
    }

    @Test(arguments: [
        "password: ", "token = foo", "if token == expectedTokenOfTheOtherSide {", "TOKEN=$GITHUB_TOKEN_FROM_VAULT",
        "tokens: 1234567890123456789", "https://example.com/a/b", "sk-spinner-double-bounce-container",
        "task-force-one-two-three-four-five", "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "ghp_short", "the bearer eyJ said no", "-----BEGIN PRIVATE KEY-----\") {",
    ])
    func `leaves ordinary text alone`(text: String) {
        #expect(redactor.redact(text) == text)
    }

    @Test func `stars a value that is not ASCII without breaking it`() {
        #expect(redactor.redact("=päßwörter-lang=") == "=päßw" + String(repeating: "*", count: 11) + "=")
    }

    @Test func `stars the body of a private key`() {
        let text = redactor.redact(pem.joined(separator: "\n"))
        #expect(text.hasPrefix("-----BEGIN PRIVATE KEY-----\nMIIE****"))
        #expect(text.hasSuffix("\n********\n-----END PRIVATE KEY-----"))
        #expect(!text.contains("BKcw"))
        let line = redactor.redact(pem.joined(separator: #"\n"#))
        #expect(!line.contains("BKcw"))
        #expect(line.hasSuffix("-----END PRIVATE KEY-----"))
    }

    @Test func `stars every line of a value of several`() {
        let redactor = SecretRedactor(values: ["first-line-of-it\nsecond-line-of-it"])
        #expect(redactor.redact("first-line-of-it\r\nsecond-line-of-it") == "firs************\r\nseco*************")
    }

    @Test func `stars the longest of values that begin alike`() {
        let redactor = SecretRedactor(values: ["abcdefgh", "abcdefgh12345678"])
        #expect(redactor.redact("abcdefgh12345678 abcdefgh1234") == "abcd************ abcd****1234")
    }

    @Test func `stars what follows a telling option`() {
        #expect(
            redactor.redact(argv: ["curl", "--token", "abc12345xyz", "--password=pw", "-v", "--password", "-x"])
                == ["curl", "--token", "abc1*******", "--password=**", "-v", "--password", "-x"])
    }

    @Test func `counts what it found`() {
        #expect(redactor.redacting("hunter2hunter2 \(github)").secrets == 2)
        #expect(redactor.redacting("token=\(github) password=12345678").secrets == 2)
        #expect(redactor.redacting("nothing").secrets == 0)
    }

    @Test func `redacts inside JSON`() {
        let value: JSON = ["a": [.string("say hunter2hunter2")], "apiKey": "0123456789abcdef", "n": 1]
        #expect(redactor.redact(value) == ["a": ["say hunt**********"], "apiKey": "0123************", "n": 1])
    }

    @Test func `a file called passwd is no assignment`() {
        #expect(
            redactor.redact("cannot run /etc/passwd: Permission denied") == "cannot run /etc/passwd: Permission denied")
    }

    @Test func `ordinary values of an environment are no secrets`() {
        let redactor = SecretRedactor(environment: ["NODE_ENV": "production", "DB_PASSWORD": "hunter2hunter2"])
        #expect(redactor.redact("production hunter2hunter2") == "production hunt**********")
    }
}

@Suite struct TerminalRedactorTests {
    private func redactor() -> TerminalRedactor {
        TerminalRedactor(SecretRedactor(values: ["hunter2hunter2", "er2hunt-other", "abcdefgh", "abcdefgh12345678"]))
    }

    @Test(arguments: [
        "ls -l\r\n", "password: ", "token = foo", "git -- status ghost Bearer", "-----\r\n=====",
        "\u{1B}[1mBold\u{1B}[m",
        "API_KEY=abcd", "é🐑", "h", "hunt", "ghp_",
    ])
    func `ordinary output passes unchanged and at once`(text: String) {
        var redactor = redactor()
        #expect(redactor.feed(Array(text.utf8), at: at(0)) == Array(text.utf8))
        #expect(redactor.deadline == nil)
        #expect(redactor.secrets == 0)
    }

    @Test func `holds back no more than the inside of what may be a secret`() {
        var redactor = redactor()
        #expect(redactor.feed(Array("a hunter2".utf8), at: at(5)) == Array("a hunt".utf8))
        #expect(redactor.deadline == at(21))
        #expect(redactor.feed(Array("hunter3".utf8), at: at(6)) == Array("er2hunter3".utf8))
        #expect(redactor.deadline == nil)
    }

    @Test func `lets go after 16 ms, and still stars the end`() {
        var redactor = redactor()
        #expect(redactor.feed(Array("hunter2".utf8), at: at(0)) == Array("hunt".utf8))
        #expect(redactor.wake(at: at(15)) == [])
        #expect(redactor.wake(at: at(16)) == Array("er2".utf8))
        #expect(redactor.deadline == nil)
        #expect(redactor.feed(Array("hunter2\r\n".utf8), at: at(30)) == Array("*******\r\n".utf8))
        #expect(redactor.secrets == 1)
    }

    @Test func `a value that another one begins with is starred when time is up`() {
        var redactor = redactor()
        #expect(redactor.feed(Array("abcdefgh1234".utf8), at: at(0)) == Array("abcd".utf8))
        #expect(redactor.wake(at: at(16)) == Array("****1234".utf8))
        #expect(redactor.secrets == 1)
    }

    @Test func `a long secret is starred as it comes`() {
        var redactor = redactor()
        _ = redactor.feed(Array("Bearer \(jwt)".utf8), at: at(0))
        #expect(redactor.deadline == nil)
        #expect(redactor.feed(Array("abc.def ok".utf8), at: at(1)) == Array("******* ok".utf8))
        #expect(redactor.secrets == 1)
    }

    @Test func `a colored key of a provider is one too`() {
        var redactor = redactor()
        let output = redactor.feed(Array("\u{1B}[32m\(provider)\u{1B}[0m".utf8), at: at(0)) + redactor.flush()
        #expect(String(decoding: output, as: UTF8.self) == "\u{1B}[32m\(stars(provider))\u{1B}[0m")
    }

    @Test(arguments: [
        "x hunter2hunter2 y", "hunter2hunt-other", "ghp_\(github)|\(aws)|\(provider)\n",
        "Bearer \(jwt), abcdefgh123456789",
        pem.joined(separator: "\r\n") + "\r\nafter it",
    ])
    func `stars the same wherever the output is cut`(text: String) {
        let bytes = Array(text.utf8)
        var whole = redactor()
        let expected = whole.feed(bytes, at: at(0)) + whole.flush()
        #expect(expected.count == bytes.count)
        #expect(expected != bytes)
        for first in 0...bytes.count {
            for second in first...min(bytes.count, first + 12) {
                var redactor = redactor()
                var output = redactor.feed(Array(bytes[..<first]), at: at(0))
                output += redactor.feed(Array(bytes[first..<second]), at: at(1))
                output += redactor.feed(Array(bytes[second...]), at: at(2))
                output += redactor.flush()
                #expect(output == expected, "cut at \(first), \(second)")
                #expect(redactor.secrets == whole.secrets)
            }
        }
    }

    @Test(arguments: 0..<30)
    func `redacted and cut into chunks, the output has its length and its order`(seed: Int) {
        var random = Seeded(UInt64(seed))
        let pieces = [
            "hunter2hunter2", "hunter2", "abcdefgh", github, "ghp_", provider, "sk-", "Bearer \(jwt)", "é", "🐑", " ",
            "\r\n", "\u{1B}[1m", "word", pem.joined(separator: "\n"), "-----BEGIN ",
        ]
        var all: [UInt8] = []
        for _ in 0..<200 { all += Array(random.pick(pieces).utf8) }
        var whole = redactor()
        let expected = whole.feed(all, at: at(0)) + whole.flush()
        var redactor = redactor()
        var chunker = TerminalChunker()
        var chunks: [TerminalChunk] = []
        var index = 0
        var now: Int64 = 0
        while index < all.count {
            let end = min(all.count, index + random.int(1...60))
            chunks += chunker.feed(redactor.feed(Array(all[index..<end]), at: at(now)), at: at(now))
            index = end
            now += 5
        }
        chunks += chunker.feed(redactor.flush(), at: at(now))
        chunks += chunker.flush()
        var offset = 0
        for chunk in chunks {
            #expect(chunk.offset == offset)
            offset += chunk.bytes!
        }
        #expect(offset == all.count)
        #expect(chunks.map(\.data).joined() == String(decoding: expected, as: UTF8.self))
        #expect(!chunks.map(\.data).joined().contains("hunter2hunter2"))
    }
}
