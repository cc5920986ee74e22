import Fleet
import Testing

private let start = MonotonicTime(milliseconds: 1000)

@Suite struct AnsiStripperTests {
    private static let cases: [(String, String)] = [
        ("plain", "plain"), ("\u{1B}[31mred\u{1B}[0m", "red"), ("\u{1B}]0;title\u{07}x", "x"),
        ("\u{1B}]8;;http://a\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"), ("\u{1B}(Bx\u{1B}=y\u{1B}7z", "xyz"),
        ("\u{1B}Pq#0\u{1B}\\after", "after"), ("a\u{08}b\u{07}c\td\r\n", "abc\td\r\n"),
        ("\u{1B}[38;5;12mé\u{1B}[K", "é"),
        ("\u{1B}[3\u{18}1m", "1m"), ("\u{1B}", ""),
    ]

    @Test(arguments: cases)
    func `leaves the text`(text: String, expected: String) {
        #expect(AnsiStripper.strip(text) == expected)
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var stripper = AnsiStripper()
            var output: [UInt8] = []
            bytes[..<cut].withUnsafeBytes { stripper.strip($0, into: &output) }
            bytes[cut...].withUnsafeBytes { stripper.strip($0, into: &output) }
            #expect(output == Array(expected.utf8))
        }
    }
}

@Suite struct TestCommandTests {
    @Test(arguments: [
        ("npm test", TestCommand.Family.any), ("npm run test:unit -- --watch=false", .any), ("pnpm -r test", .any),
        ("yarn test", .any), ("bun test", .any), ("npx --yes jest src/a.test.ts", .jest),
        ("pnpm exec vitest run", .jest),
        ("CI=1 FOO=bar ./node_modules/.bin/jest", .jest), ("mocha", .exitCodeOnly),
        ("npx playwright test", .exitCodeOnly),
        ("pytest -q tests/test_a.py", .pytest), ("python3 -m pytest", .pytest), ("python -m unittest", .exitCodeOnly),
        ("uv run pytest", .pytest), ("poetry run python -m pytest", .pytest), ("go test ./...", .go),
        ("cargo test --all", .cargo), ("cargo +nightly test", .cargo), ("cargo nextest run", .cargo),
        ("time swift test --filter A", .swift), ("sudo -E mvn clean verify", .exitCodeOnly),
        ("./gradlew :app:x test", .exitCodeOnly),
        ("dotnet test", .exitCodeOnly), ("bundle exec rspec", .exitCodeOnly), ("make -j4 check", .any),
        ("cd web && npm ci && npm test", .any), ("set -e; (cd x; go test ./...) 2>&1 | tee log", .go),
        ("bash -lc 'cd x && cargo test'", .cargo), ("echo start\nswift test", .swift),
    ])
    func `recognises a command that runs tests`(text: String, family: TestCommand.Family) {
        #expect(TestCommand(shell: text)?.family == family)
    }

    @Test(arguments: [
        "npm install jest", "npm run build", "echo npm test", "grep 'npm test' README.md", "git commit -m 'swift test'",
        "swift build", "go build ./...", "cargo build", "cat pytest.ini", "# npm test", "make", "ls > jest",
        "python3 test.py", "",
        "yarn add vitest",
    ])
    func `leaves others alone`(text: String) {
        #expect(TestCommand(shell: text) == nil)
    }

    @Test func `looks into the shell of a process`() {
        #expect(TestCommand(argv: ["/bin/bash", "-c", "cd a && npm test"])?.text == "npm test")
        #expect(TestCommand(argv: ["bash", "-l", "-c", "go test ./..."])?.family == .go)
        #expect(TestCommand(argv: ["/usr/bin/swift", "test"])?.family == .swift)
        #expect(TestCommand(argv: ["bash"]) == nil)
        #expect(TestCommand(argv: []) == nil)
    }

    @Test func `names the files`() {
        #expect(
            TestCommand(shell: "jest src/a.test.ts --ci b.test.js name")?.start.testFiles == [
                "src/a.test.ts", "b.test.js",
            ])
        #expect(TestCommand(shell: "pytest tests/a.py::test_x")?.start.testFiles == ["tests/a.py::test_x"])
        #expect(TestCommand(shell: "go test ./...")?.start.testFiles == nil)
    }
}

/// Output as the tools write it, escape codes and all.
private enum Fixture {
    static let jest = """
        \u{1B}[1m\u{1B}[31mFAIL\u{1B}[39m\u{1B}[22m src/sum.test.ts\r
        \u{1B}[31m  ● adds › wrongly\u{1B}[39m\r
        \u{1B}[1mTest Suites: \u{1B}[22m\u{1B}[1m\u{1B}[31m1 failed\u{1B}[39m\u{1B}[22m, 3 passed, 4 total\r
        \u{1B}[1mTests:       \u{1B}[22m\u{1B}[1m\u{1B}[31m2 failed\u{1B}[39m\u{1B}[22m, 1 skipped, 3 todo, 41 passed, 47 total\r
        \u{1B}[1mSnapshots:   \u{1B}[22m0 total\r
        Time:        1.842 s\r

        """
    static let vitest = """
         \u{1B}[32m✓\u{1B}[39m src/a.test.ts (12 tests)\r
        \u{1B}[2m Test Files \u{1B}[22m 1 failed | 3 passed (4)\r
        \u{1B}[2m      Tests \u{1B}[22m \u{1B}[31m1 failed\u{1B}[39m\u{1B}[2m | \u{1B}[22m\u{1B}[32m12 passed\u{1B}[39m | 2 skipped (15)\r
        \u{1B}[2m   Start at \u{1B}[22m 10:03:11\r

        """
    static let pytest = """
        ============================= test session starts ==============================\r
        collected 10 items\r
        tests/test_a.py ..F.E.xs.X                                               [100%]\r
        E       assert 1 == 2 passed\r
        =========================== short test summary info ============================\r
        FAILED tests/test_a.py::test_b - assert 1 == 2\r
        \u{1B}[31m========= \u{1B}[1m1 failed\u{1B}[0m, 5 passed, 1 skipped, 1 xfailed, 1 xpassed, 1 error in 0.12s =========\u{1B}[0m\r

        """
    static let pytestQuiet = "....s\r\n4 passed, 1 skipped in 0.03s\r\n"
    static let go = """
        === RUN   TestA\r
        --- PASS: TestA (0.00s)\r
            --- PASS: TestA/sub (0.00s)\r
        --- FAIL: TestB (0.01s)\r
        --- SKIP: TestC (0.00s)\r
        FAIL\r
        FAIL\texample.com/a\t0.012s\r

        """
    static let goPackages =
        "ok  \texample.com/a\t0.012s\r\n?   \texample.com/b\t[no test files]\r\nFAIL\texample.com/c [build failed]\r\nFAIL\r\n"
    static let cargo = """
        running 3 tests\r
        test a ... \u{1B}[32mok\u{1B}[m\r
        test result: \u{1B}[32mok\u{1B}[m. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\r
           Doc-tests thing\r
        test result: \u{1B}[31mFAILED\u{1B}[m. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\r

        """
    static let nextest = "     Summary [   0.123s] 10 tests run: 9 passed, 1 failed, 2 skipped\r\n"
    static let xcTest = """
        Test Case 'A.testB' failed (0.001 seconds)\r
        \t Executed 3 tests, with 1 failure (0 unexpected) in 0.002 (0.003) seconds\r
        Test Suite 'All tests' failed at 2026-01-05 10:03:11.402\r
        \t Executed 12 tests, with 2 tests skipped and 3 failures (1 unexpected) in 0.300 (0.310) seconds\r

        """
    static let swiftTesting = """
        \t Executed 0 tests, with 0 failures (0 unexpected) in 0.000 (0.000) seconds\r
        ◇ Test run started.\r
        ✔ Test "adds" passed after 0.001 seconds.\r
        ➜ Test "later" skipped.\r
        ✘ Test "divides in case of zero" failed after 0.002 seconds with 2 issues.\r
        ✘ Suite MathTests failed after 0.003 seconds with 2 issues.\r
        ✘ Test run with 12 tests in 3 suites failed after 0.004 seconds with 2 issues.\r

        """
    static let swiftPassed = "✔ Test run with 7 tests in 1 suite passed after 0.004 seconds.\r\n"
}

@Suite struct TestRunDetectorTests {
    @Test(arguments: [
        ("npx jest", Fixture.jest, [41, 2, 4]), ("npm test", Fixture.jest, [41, 2, 4]),
        ("vitest run", Fixture.vitest, [12, 1, 2]),
        ("pytest", Fixture.pytest, [6, 2, 2]), ("pytest -q", Fixture.pytestQuiet, [4, 0, 1]),
        ("go test -v ./...", Fixture.go, [2, 1, 1]),
        ("go test ./...", Fixture.goPackages, [1, 1, 0]), ("cargo test", Fixture.cargo, [4, 2, 1]),
        ("cargo nextest run", Fixture.nextest, [9, 1, 2]), ("swift test", Fixture.xcTest, [7, 3, 2]),
        ("swift test", Fixture.swiftTesting, [10, 1, 1]), ("swift test", Fixture.swiftPassed, [7, 0, 0]),
        ("make test", Fixture.cargo, [4, 2, 1]), ("mocha", Fixture.jest, [0, 0, 0]),
        ("jest", Fixture.jest + Fixture.vitest, [12, 1, 2]),
    ])
    func `reads the summary, however it is cut`(command: String, output: String, counts: [Int]) {
        let bytes = Array(output.utf8)
        for size in [1, 7, 64, bytes.count] {
            var detector = TestRunDetector()
            #expect(detector.started("k", shell: command, at: start)?.command == command)
            var rest = bytes[...]
            while !rest.isEmpty {
                rest.prefix(size).withUnsafeBytes { detector.output($0, at: start) }
                rest = rest.dropFirst(size)
            }
            let finish = detector.ended("k", exitCode: 3, at: start + .milliseconds(812))
            #expect(
                finish
                    == TestRunFinish(
                        exitCode: 3, passed: counts[0], failed: counts[1], skipped: counts[2], duration: 812))
            #expect(!detector.isRunning)
        }
    }

    @Test func `runs inside a run belong to the outer one`() {
        var detector = TestRunDetector()
        #expect(detector.started("outer", shell: "make test", at: start) != nil)
        #expect(detector.started("inner", shell: "npm test", at: start) == nil)
        #expect(detector.ended("inner", exitCode: 0, at: start) == nil)
        #expect(detector.ended("other", exitCode: 0, at: start) == nil)
        #expect(detector.ended("outer", exitCode: 0, at: start)?.exitCode == 0)
        #expect(detector.ended("outer", exitCode: 0, at: start) == nil)
    }

    @Test func `a run that nobody sees end has ended when its summary settles`() {
        var detector = TestRunDetector()
        _ = detector.started("k", shell: "cargo test", isExitVisible: false, at: start)
        Array(Fixture.cargo.utf8).withUnsafeBytes { detector.output($0, at: start + .seconds(2)) }
        #expect(detector.nextWake == start + .seconds(3))
        #expect(detector.wake(at: start + .milliseconds(2999)) == nil)
        #expect(
            detector.wake(at: start + .seconds(3))
                == TestRunFinish(exitCode: 1, passed: 4, failed: 2, skipped: 1, duration: 3000))
        #expect(detector.nextWake == nil)
    }

    @Test func `an open run is cut short by the end of the session, and by time`() {
        var detector = TestRunDetector()
        #expect(detector.sessionEnded(at: start) == nil)
        _ = detector.started("k", argv: ["npm", "test"], at: start)
        #expect(detector.sessionEnded(at: start)?.exitCode == -1)
        _ = detector.started("k", argv: ["npm", "test"], at: start)
        #expect(detector.nextWake == start + .seconds(1800))
        #expect(detector.wake(at: start + .seconds(1799)) == nil)
        #expect(detector.wake(at: start + .seconds(1800))?.exitCode == -1)
    }

    @Test func `progress that overwrites itself is no line`() {
        var detector = TestRunDetector()
        _ = detector.started("k", shell: "jest", at: start)
        Array("Tests: 1 passed, 1 total\rTests: 5 passed, 5 total\n".utf8).withUnsafeBytes {
            detector.output($0, at: start)
        }
        #expect(detector.ended("k", exitCode: 0, at: start)?.passed == 5)
    }

    @Test func `whatever is written, it is read without harm`() {
        var random = Seeded(51)
        let lines = [Fixture.jest, Fixture.pytest, Fixture.go, Fixture.cargo, Fixture.xcTest, Fixture.swiftTesting].map
        { Array($0.utf8) }
        for _ in 0..<300 {
            var detector = TestRunDetector()
            _ = detector.started("k", shell: "make test", at: start)
            var bytes = random.pick(lines)
            for _ in 0..<20 { bytes[random.int(0...(bytes.count - 1))] = UInt8.random(in: 0...255, using: &random) }
            bytes.withUnsafeBytes { detector.output($0, at: start) }
            let finish = detector.ended("k", exitCode: 0, at: start)
            #expect(finish.map { $0.passed >= 0 && $0.failed >= 0 && $0.skipped >= 0 } == true)
        }
    }
}
