import Fleet
import Testing

private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }

private func started(_ command: String, _ files: [String]? = nil) -> RunnerEvent.Body {
    .testRunStarted(TestRunStart(command: command, testFiles: files))
}

private func finished(
    _ exitCode: Int, passed: Int = 0, failed: Int = 0, skipped: Int = 0, ms: Double
) -> RunnerEvent.Body {
    .testRunFinished(
        TestRunFinish(exitCode: exitCode, passed: passed, failed: failed, skipped: skipped, duration: ms))
}

@Suite struct SimpleCommandTests {
    @Test(arguments: [
        ("npm test", ["npm test"]),
        ("cd app && npm run build; ls -l | wc", ["cd app", "npm run build", "ls -l", "wc"]),
        ("FOO=1 BAR='x y' sudo -u me /usr/bin/go test ./...", ["go test ./..."]),
        ("bash -c 'cd x && pytest -q'", ["cd x", "pytest -q"]),
        (#"/bin/bash -euo pipefail -c "npm test""#, ["npm test"]),
        ("timeout -k 5 60 make check > log 2>&1 &", ["make check"]),
        ("if cargo test; then echo ok; fi", ["cargo test", "echo ok", "fi"]),
        ("echo 'npm test' # npm test\nls", ["echo npm test", "ls"]),
        ("cat <<'EOF' > a\nnpm test\nEOF\npwd", ["cat", "pwd"]),
        ("echo $(npm test; x) `a b` \"$(c ')')\"", ["echo $(npm test; x) `a b` $(c ')')"]),
        ("a \\\n b", ["a b"]),
        ("", []),
        ("'", []),
    ])
    func `are found in a shell's text`(text: String, commands: [String]) {
        let found = SimpleCommand.all(inShell: text).map { ([$0.program] + $0.arguments).joined(separator: " ") }
        #expect(found == commands)
    }
}

@Suite struct TestRunDetectorTests {
    @Test(arguments: [
        "npm test", "npm t", "npm run test:unit -- --watch", "pnpm test", "yarn run test", "bun test", "npx jest",
        "node_modules/.bin/vitest run", "pnpm exec vitest", "yarn jest", "mocha", "npx playwright test", "pytest -q",
        "python3 -m pytest", "python -m unittest discover", "uv run pytest", "poetry run python -m pytest",
        "go test ./...", "cargo test", "cargo +nightly nextest run", "swift test", "mvn -q verify",
        "./gradlew :app:test",
        "dotnet test", "bundle exec rspec", "vendor/bin/phpunit", "ctest", "make -j4 check", "time CI=1 npm test",
        "cd app && npm ci && npm test", "npm --prefix web test", "node ./node_modules/.bin/jest", "sh -lc 'swift test'",
    ])
    func `a test is recognised`(text: String) {
        var detector = TestRunDetector()
        guard case .testRunStarted(let start)? = detector.commandStarted("1", shell: text, at: at(0)).first else {
            Issue.record("not recognised")
            return
        }
        #expect(start.command == text)
    }

    @Test(arguments: [
        "npm install", "npm run build", "echo npm test", "go build ./...", "cargo build", "swift build", "make",
        "make all",
        "pytest --version", "cat tests/test_a.py", "git commit -m 'go test'", "python test.py", "npm run lint",
        "jest --help",
    ])
    func `something else is not`(text: String) {
        var detector = TestRunDetector()
        #expect(detector.commandStarted("1", shell: text, at: at(0)) == [])
        #expect(detector.commandFinished("1", code: 0, at: at(1)) == [])
    }

    @Test(arguments: [
        ("pytest tests/test_a.py::test_b -k name -x", ["tests/test_a.py::test_b"]),
        ("jest src/a.test.ts --config jest.config.js b.spec.tsx", ["src/a.test.ts", "b.spec.tsx"]),
        ("go test -run TestX ./...", ["./..."]),
        ("npm test -- app/x.test.js", ["app/x.test.js"]),
        ("pytest test_a.py::b && jest c.js", ["test_a.py::b", "c.js"]),
    ])
    func `names the files it is told`(text: String, files: [String]) {
        var detector = TestRunDetector()
        #expect(detector.commandStarted("1", shell: text, at: at(0)) == [started(text, files)])
    }

    static let outputs: [(String, String, (Int, Int, Int))] = [
        (
            "npx jest",
            "\u{1B}[1mTest Suites: \u{1B}[22m\u{1B}[1m\u{1B}[31m1 failed\u{1B}[39m\u{1B}[22m, 3 passed, 4 total\r\n"
                + "\u{1B}[1mTests:       \u{1B}[22m\u{1B}[1m\u{1B}[31m2 failed\u{1B}[39m\u{1B}[22m, 1 skipped, 3 todo, "
                + "\u{1B}[1m\u{1B}[32m41 passed\u{1B}[39m\u{1B}[22m, 47 total\r\nSnapshots:   0 total\r\nTime: 3.2 s\r\n",
            (41, 2, 4)
        ),
        (
            "npx vitest run",
            "\u{1B}[2m Test Files \u{1B}[22m \u{1B}[31m1 failed\u{1B}[39m | 2 passed (3)\r\n"
                + "\u{1B}[2m      Tests \u{1B}[22m \u{1B}[1m\u{1B}[31m1 failed\u{1B}[39m\u{1B}[22m\u{1B}[2m | \u{1B}[22m"
                + "\u{1B}[32m12 passed\u{1B}[39m | \u{1B}[33m2 skipped\u{1B}[39m\u{1B}[90m (15)\u{1B}[39m\r\n",
            (12, 1, 2)
        ),
        (
            "pytest",
            "=================== test session starts ====================\r\ncollected 46 items\r\n"
                + "========= short test summary info =========\r\nFAILED tests/test_a.py::test_b - assert 1 == 2\r\n"
                + "\u{1B}[31m== \u{1B}[31m\u{1B}[1m2 failed\u{1B}[0m, \u{1B}[32m41 passed\u{1B}[0m, 1 skipped, 1 xfailed, "
                + "3 warnings, 1 error\u{1B}[31m in 3.21s\u{1B}[0m\u{1B}[31m ==\u{1B}[0m\r\n",
            (41, 3, 2)
        ),
        ("pytest -q", "....F\r\n1 failed, 4 passed in 0.12s\r\n", (4, 1, 0)),
        (
            "python -m unittest",
            "..F\r\n------\r\nRan 8 tests in 0.002s\r\n\r\nFAILED (failures=1, errors=1, skipped=2)\r\n", (4, 2, 2)
        ),
        (
            "go test -v ./...",
            "=== RUN   TestA\r\n--- PASS: TestA (0.00s)\r\n    --- PASS: TestA/sub (0.00s)\r\n--- SKIP: TestB (0.00s)\r\n"
                + "--- FAIL: TestC (0.01s)\r\nFAIL\r\nFAIL\texample.com/a\t0.012s\r\nok  \texample.com/b\t0.003s\r\nFAIL\r\n",
            (2, 1, 1)
        ),
        (
            "go test ./...",
            "ok  \ta\t0.01s\r\n?   \tb\t[no test files]\r\nok  \tc\t(cached)\r\nFAIL\td [build failed]\r\n", (2, 1, 0)
        ),
        (
            "cargo test",
            "running 3 tests\r\ntest a ... ok\r\n\r\ntest result: \u{1B}[32mok\u{1B}[m. 12 passed; 0 failed; 1 ignored; "
                + "0 measured; 2 filtered out; finished in 0.00s\r\n\r\n   Doc-tests x\r\n\r\ntest result: FAILED. 2 passed; "
                + "1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\r\n",
            (14, 1, 1)
        ),
        ("cargo nextest run", "     Summary [   0.012s] 5 tests run: 4 passed, 1 failed, 2 skipped\r\n", (4, 1, 2)),
        (
            "swift test",
            "Test Suite 'A' passed at 2026-01-05\r\n\t Executed 2 tests, with 0 failures (0 unexpected) in 0.1 (0.1) seconds\r\n"
                + "Test Suite 'All tests' failed at 2026-01-05\r\n"
                + "\t Executed 5 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.2 (0.2) seconds\r\n"
                + "◇ Test run started.\r\n✘ Test a() failed after 0.001 seconds with 2 issues.\r\n"
                + "✔ Test \"b c\" passed after 0.1 seconds.\r\n➜ Test d() skipped\r\n"
                + "✘ Suite S failed after 0.2 seconds with 2 issues.\r\n"
                + "✘ Test run with 62 tests in 7 suites failed after 4.899 seconds with 2 issues.\r\n",
            (64, 2, 2)
        ),
        (
            "swift test",
            "\t Executed 0 tests, with 0 failures (0 unexpected) in 0.000 (0.000) seconds\r\n"
                + "\u{1B}[92m✔\u{1B}[0m Test run with 86 tests in 10 suites passed after 10.924 seconds.\r\n",
            (86, 0, 0)
        ),
        ("npm test", "\r\n> app@1.0.0 test\r\n> jest\r\n\r\nTests:       3 passed, 3 total", (3, 0, 0)),
        ("make test", "OK\r\ntest result: ok. 7 passed; 0 failed; 0 ignored\r\n", (7, 0, 0)),
        ("mocha", "  41 passing (2s)\r\n  Tests: 9 failed\r\n", (0, 0, 0)),
        ("jest", "Tests: 1 failed, 1 total\r\nTests: 1 passed, 1 total\r\n", (1, 0, 0)),
    ]

    @Test(arguments: outputs.indices)
    func `the summary is read, wherever the output is cut`(index: Int) {
        let (command, output, counts) = Self.outputs[index]
        let bytes = Array(output.utf8)
        for cut in stride(from: 0, through: bytes.count, by: 3) {
            var detector = TestRunDetector()
            _ = detector.processStarted(argv: command.split(separator: " ").map(String.init), at: at(0))
            detector.output(Array(bytes[..<cut]), at: at(10))
            detector.output(Array(bytes[cut...]), at: at(20))
            #expect(
                detector.processExited(code: 7, at: at(8120))
                    == [finished(7, passed: counts.0, failed: counts.1, skipped: counts.2, ms: 8120)])
        }
    }

    @Test func `a session that is a test runs from its start to its exit, with the real code`() {
        var detector = TestRunDetector()
        #expect(
            detector.processStarted(argv: ["bash", "-c", "npm test"], at: at(5)) == [started("bash -c 'npm test'")])
        #expect(detector.commandStarted("1", shell: "npx jest", at: at(6)) == [])
        #expect(detector.commandFinished("1", code: 0, at: at(7)) == [])
        #expect(detector.processExited(code: 130, at: at(105)) == [finished(130, ms: 100)])
        #expect(detector.processExited(code: 130, at: at(105)) == [])
    }

    @Test func `a command's own output is read instead of the terminal's`() {
        var detector = TestRunDetector()
        _ = detector.commandStarted("1", shell: "cargo test", at: at(0))
        let summary = Array("test result: ok. 2 passed; 0 failed; 0 ignored\n".utf8)
        detector.output(summary, at: at(1))
        detector.commandOutput("1", summary, at: at(2))
        detector.output(summary, at: at(3))
        #expect(detector.commandFinished("1", code: nil, at: at(4)) == [finished(0, passed: 2, ms: 4)])
    }

    @Test func `when the exit is invisible the summary ends the run`() {
        var detector = TestRunDetector()
        #expect(detector.commandSeen(shell: "pytest", at: at(0)) == [started("pytest")])
        detector.output(Array("=== 1 failed in 1s ===\r\n$ ".utf8), at: at(1000))
        #expect(detector.deadline == at(6000))
        #expect(detector.wake(at: at(5999)) == [])
        #expect(detector.wake(at: at(6000)) == [finished(1, failed: 1, ms: 6000)])
        #expect(detector.deadline == nil)
        _ = detector.commandSeen(shell: "pytest", at: at(7000))
        detector.output(Array("=== 1 passed in 1s ===\r\n$ ".utf8), at: at(8000))
        #expect(
            detector.commandSeen(shell: "pytest", at: at(8500)) == [
                finished(0, passed: 1, ms: 1500), started("pytest"),
            ])
    }

    @Test func `a run that stays open is cut short`() {
        var detector = TestRunDetector()
        _ = detector.commandStarted("1", shell: "npm test", at: at(0))
        #expect(detector.deadline == at(1_800_000))
        #expect(detector.wake(at: at(1_800_000)) == [finished(-1, ms: 1_800_000)])
        _ = detector.commandStarted("2", shell: "npm test", at: at(2_000_000))
        #expect(detector.processExited(code: 0, at: at(2_000_100)) == [finished(-1, ms: 100)])
        #expect(!detector.isRunning)
    }
}
