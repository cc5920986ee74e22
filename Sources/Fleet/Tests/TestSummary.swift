/// How many tests passed, failed and were skipped.
public struct TestCounts: Equatable, Sendable {
    public var passed: Int
    public var failed: Int
    public var skipped: Int

    public static let zero = TestCounts(passed: 0, failed: 0, skipped: 0)

    public init(passed: Int, failed: Int, skipped: Int) {
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
    }

    static func + (left: TestCounts, right: TestCounts) -> TestCounts {
        TestCounts(
            passed: left.passed + right.passed, failed: left.failed + right.failed,
            skipped: left.skipped + right.skipped)
    }
}

/// Reads the summaries that test tools print (control-plane §7.7), line by line, without their escape codes.
public struct TestSummary: Equatable, Sendable {
    private let family: TestCommand.Family
    private var jest: TestCounts?
    private var pytest: TestCounts?
    private var goTests: TestCounts?
    private var goPackages: TestCounts?
    private var cargo: TestCounts?
    private var xcTest: TestCounts?
    private var swiftTesting: TestCounts?
    private var swiftFailed = 0
    private var swiftSkipped = 0

    public init(_ family: TestCommand.Family) { self.family = family }

    /// What the summaries come to; `nil` while there was none.
    public var counts: TestCounts? {
        let swift: TestCounts? =
            xcTest == nil && swiftTesting == nil ? nil : (xcTest ?? .zero) + (swiftTesting ?? .zero)
        let parts = [jest, pytest, goTests ?? goPackages, cargo, swift].compactMap { $0 }
        return parts.isEmpty ? nil : parts.reduce(.zero, +)
    }

    /// Takes the next line; says whether it belongs to a summary.
    @discardableResult
    public mutating func read(_ line: String) -> Bool {
        switch family {
        case .jest: return readJest(line)
        case .pytest: return readPytest(line)
        case .go: return readGo(line)
        case .cargo: return readCargo(line)
        case .swift: return readSwift(line)
        case .any: return readJest(line) || readPytest(line) || readGo(line) || readCargo(line) || readSwift(line)
        case .exitCodeOnly: return false
        }
    }

    // MARK: Families

    /// `Tests:  2 failed, 41 passed, 43 total`, `Tests  2 failed | 41 passed (43)`.
    private mutating func readJest(_ line: String) -> Bool {
        let words = line.words
        guard let first = words.first, first == "tests" || first == "tests:" else { return false }
        let counts = Counted(words.dropFirst())
        guard counts.has(["passed", "failed", "skipped", "todo"]) else { return false }
        jest = TestCounts(
            passed: counts["passed"], failed: counts["failed"], skipped: counts["skipped"] + counts["todo"])
        return true
    }

    /// `===== 2 failed, 41 passed, 1 skipped in 1.23s =====`; without the frame when pytest is quiet.
    private mutating func readPytest(_ line: String) -> Bool {
        let words = line.words.filter { !$0.allSatisfy { $0 == "=" } }
        let isFramed = line.utf8.first { $0 != 0x20 } == UInt8(ascii: "=")
        let isQuiet =
            words.contains("in") && words.last?.hasSuffix("s") == true && words.first.flatMap { Int($0) } != nil
        guard isFramed || isQuiet else { return false }
        let counts = Counted(words[...])
        guard counts.has(["passed", "failed", "error", "errors", "skipped", "xfailed", "xpassed"]) else { return false }
        pytest = TestCounts(
            passed: counts["passed"] + counts["xpassed"],
            failed: counts["failed"] + counts["error"] + counts["errors"],
            skipped: counts["skipped"] + counts["xfailed"])
        return true
    }

    /// `--- PASS: TestX`, and where tests are not named `ok  pkg` and `FAIL  pkg`.
    private mutating func readGo(_ line: String) -> Bool {
        let words = line.words
        guard words.count >= 2 else { return false }
        if words[0] == "---" {
            var counts = goTests ?? .zero
            switch words[1] {
            case "pass:": counts.passed += 1
            case "fail:": counts.failed += 1
            case "skip:": counts.skipped += 1
            default: return false
            }
            goTests = counts
            return true
        }
        // Go separates by tabs, which tells its lines from others that begin with these words.
        guard line.utf8.contains(9) else { return false }
        var counts = goPackages ?? .zero
        switch words[0] {
        case "ok": counts.passed += 1
        case "fail": counts.failed += 1
        default: return false
        }
        goPackages = counts
        return true
    }

    /// `test result: ok. 5 passed; 0 failed; 1 ignored; …`, one for each binary; nextest has one `Summary`.
    private mutating func readCargo(_ line: String) -> Bool {
        let words = line.words
        let isResult = words.starts(with: ["test", "result:"])
        guard isResult || words.first == "summary" && words.contains("run:") else { return false }
        let counts = Counted(words[...])
        guard counts.has(["passed", "failed"]) else { return false }
        cargo =
            (isResult ? cargo ?? .zero : .zero)
            + TestCounts(
                passed: counts["passed"], failed: counts["failed"], skipped: counts["ignored"] + counts["skipped"])
        return true
    }

    /// `Executed 12 tests, with 1 test skipped and 2 failures (0 unexpected) in …`, and
    /// `✘ Test run with 12 tests in 3 suites failed after 0.1 seconds with 2 issues.`
    private mutating func readSwift(_ line: String) -> Bool {
        let words = line.words
        if let at = words.firstIndex(of: "executed"), at + 2 < words.count, let total = Int(words[at + 1]),
            words[at + 2].hasPrefix("test")
        {
            var failed = 0
            var skipped = 0
            for index in (at + 3)..<words.count {
                guard let count = Int(words[index].trimmed("(")) else { continue }
                let next = index + 1 < words.count ? words[index + 1] : ""
                let afterNext = index + 2 < words.count ? words[index + 2] : ""
                if next.hasPrefix("failure") { failed = count }
                if next.trimmed(")").hasPrefix("skip") || afterNext.trimmed(")").hasPrefix("skipped") {
                    skipped = count
                }
            }
            xcTest = TestCounts(passed: max(0, total - failed - skipped), failed: failed, skipped: skipped)
            return true
        }
        guard let at = words.firstIndex(of: "test"), at <= 1 else { return false }
        if words[at...].starts(with: ["test", "run", "with"]), at + 3 < words.count, let total = Int(words[at + 3]) {
            let hasFailed = words.contains("failed")
            guard hasFailed || words.contains("passed") else { return false }
            let failed = hasFailed ? max(1, swiftFailed) : 0
            swiftTesting = TestCounts(
                passed: max(0, total - failed - swiftSkipped), failed: failed, skipped: swiftSkipped)
            (swiftFailed, swiftSkipped) = (0, 0)
            return true
        }
        // Single tests are counted for the summary that follows; the runs themselves are suites too.
        if at + 1 < words.count, words[at + 1] == "case" { return false }
        if let failed = words.lastIndex(of: "failed"), failed + 1 < words.count, words[failed + 1] == "after" {
            swiftFailed += 1
        }
        if words.last?.hasPrefix("skipped") == true || words.contains("skipped:") { swiftSkipped += 1 }
        return false
    }
}

// MARK: - Words

extension String {
    /// The words of a line in lower case.
    fileprivate var words: [String] {
        split { $0 == " " || $0 == "\t" }.map { $0.lowercased() }
    }

    fileprivate func trimmed(_ character: Character) -> String {
        var text = self[...]
        if text.first == character { text = text.dropFirst() }
        if text.last == character { text = text.dropLast() }
        return String(text)
    }
}

/// Numbers before words, as in `2 failed, 41 passed`.
private struct Counted {
    private var counts: [String: Int] = [:]

    init(_ words: ArraySlice<String>) {
        var number: Int?
        for word in words {
            let bare = word.filter { $0.isLetter || $0.isNumber }
            if let count = Int(bare) {
                number = count
            } else {
                if let number, counts[bare] == nil { counts[bare] = number }
                number = nil
            }
        }
    }

    subscript(word: String) -> Int { counts[word] ?? 0 }
    func has(_ words: [String]) -> Bool { words.contains { counts[$0] != nil } }
}
