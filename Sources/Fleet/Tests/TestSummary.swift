/// How many tests a run has passed, failed and skipped.
struct TestCounts: Equatable, Sendable {
    var passed = 0
    var failed = 0
    var skipped = 0

    static func + (left: TestCounts, right: TestCounts) -> TestCounts {
        TestCounts(
            passed: left.passed + right.passed, failed: left.failed + right.failed,
            skipped: left.skipped + right.skipped)
    }
}

/// Reads the summaries of test tools out of terminal output, wherever its bytes are cut (control-plane §7.7).
struct TestSummary: Sendable {
    /// Longer lines are no summary.
    static let maxLine = 4096

    private let families: Set<TestCommand.Family>
    private var stripper = AnsiStripper()
    private var line: [UInt8] = []
    private var jest: TestCounts?
    private var pytest: TestCounts?
    private var unittest: TestCounts?
    private var unittestTotal: Int?
    private var goTests: TestCounts?
    private var goPackages: TestCounts?
    private var cargo: TestCounts?
    private var xctest: TestCounts?
    private var swiftTesting: TestCounts?
    private var swiftLines = TestCounts()

    init(_ families: some Sequence<TestCommand.Family>) {
        let families = Set(families)
        self.families = families.contains(.any) ? Set(TestCommand.Family.allCases) : families
    }

    /// What the output said so far, `nil` before any summary. Several tools add up.
    var counts: TestCounts? {
        let all = [jest, pytest, unittest, goTests ?? goPackages, cargo, xctest, swiftTesting].compactMap { $0 }
        return all.isEmpty ? nil : all.reduce(TestCounts(), +)
    }

    /// Takes the next bytes of output, and says whether there was a summary in them.
    mutating func feed(_ bytes: [UInt8]) -> Bool {
        var found = false
        var text = stripper.feed(bytes)[...]
        while let end = text.firstIndex(of: 0x0A) {
            append(text[..<end])
            if readLine() { found = true }
            text = text[(end + 1)...]
        }
        append(text)
        return found
    }

    /// Reads the last line, for output that ends without a line end.
    mutating func finish() { _ = readLine() }

    private mutating func append(_ text: ArraySlice<UInt8>) {
        if line.count <= Self.maxLine { line += text.prefix(Self.maxLine + 1 - line.count) }
    }

    private mutating func readLine() -> Bool {
        defer { line.removeAll(keepingCapacity: true) }
        guard line.count <= Self.maxLine else { return false }
        let text = SummaryLine(line)
        guard !text.words.isEmpty else { return false }
        var found = false
        for family in families {
            switch family {
            case .jest: found = readJest(text) || found
            case .pytest: found = readPytest(text) || found
            case .unittest: found = readUnittest(text) || found
            case .go: found = readGo(text) || found
            case .cargo: found = readCargo(text) || found
            case .swift: found = readSwift(text) || found
            case .any, .other: break
            }
        }
        return found
    }

    // MARK: - Families

    /// `Tests:  2 failed, 41 passed, 43 total`, `Tests  2 failed | 41 passed (43)`.
    private mutating func readJest(_ line: SummaryLine) -> Bool {
        guard line.words[0] == "tests", line.words.count > 2, Int(line.words[1]) != nil,
            let counts = line.counts(passed: ["passed"], failed: ["failed"], skipped: ["skipped", "todo"])
        else { return false }
        jest = counts
        return true
    }

    /// `=== 2 failed, 41 passed, 1 skipped in 3.21s ===`, and the same without frame as with `-q`.
    private mutating func readPytest(_ line: SummaryLine) -> Bool {
        let isFramed = line.first == UInt8(ascii: "=") && line.last == UInt8(ascii: "=")
        let isQuiet = Int(line.words[0]) != nil && line.words.contains("in")
        guard isFramed || isQuiet,
            let counts = line.counts(
                passed: ["passed", "xpassed"], failed: ["failed", "error", "errors"], skipped: ["skipped", "xfailed"])
        else { return false }
        pytest = counts
        return true
    }

    /// `Ran 5 tests in 0.001s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=2)`.
    private mutating func readUnittest(_ line: SummaryLine) -> Bool {
        if line.words[0] == "ran", line.words.count > 2, line.words[2].hasPrefix("test"), let total = Int(line.words[1])
        {
            unittestTotal = total
            return false
        }
        guard let total = unittestTotal,
            line.text == "ok" || line.text.hasPrefix("ok (") || line.text.hasPrefix("failed (")
        else { return false }
        var counts = TestCounts()
        for (name, value) in zip(line.words, line.words.dropFirst()) {
            guard let value = Int(value) else { continue }
            if name == "failures" || name == "errors" { counts.failed += value }
            if name == "skipped" { counts.skipped += value }
        }
        counts.passed = max(0, total - counts.failed - counts.skipped)
        unittestTotal = nil
        unittest = counts
        return true
    }

    /// `--- PASS: TestA (0.00s)`; else `ok  pkg  0.01s` and `FAIL  pkg  0.02s`.
    private mutating func readGo(_ line: SummaryLine) -> Bool {
        if line.text.hasPrefix("--- ") {
            var counts = goTests ?? TestCounts()
            switch line.words[0] {
            case "pass": counts.passed += 1
            case "fail": counts.failed += 1
            case "skip": counts.skipped += 1
            default: return false
            }
            goTests = counts
            return true
        }
        let isOK = line.text.hasPrefix("ok  \t") || line.text.hasPrefix("ok \t")
        guard isOK || line.text.hasPrefix("fail\t") else { return false }
        var counts = goPackages ?? TestCounts()
        if isOK { counts.passed += 1 } else { counts.failed += 1 }
        goPackages = counts
        return true
    }

    /// `test result: ok. 12 passed; 0 failed; 1 ignored; …`, one for each binary; nextest's `Summary [ 0.1s] …`.
    private mutating func readCargo(_ line: SummaryLine) -> Bool {
        let isNextest = line.words[0] == "summary" && line.text.hasPrefix("summary [")
        guard isNextest || line.text.hasPrefix("test result:"),
            let counts = line.counts(passed: ["passed"], failed: ["failed"], skipped: ["ignored", "skipped"])
        else { return false }
        cargo = isNextest ? counts : (cargo ?? TestCounts()) + counts
        return true
    }

    private mutating func readSwift(_ line: SummaryLine) -> Bool {
        // XCTest: `Executed 3 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.1 (0.1) seconds`.
        if line.words[0] == "executed", line.words.count > 3, let total = Int(line.words[1]) {
            var counts = TestCounts()
            for index in line.words.indices.dropLast() {
                guard let value = Int(line.words[index]), index > 1 else { continue }
                if line.words[index + 1].hasPrefix("failure") { counts.failed = value }
                if line.words[index + 1].hasPrefix("skipped") { counts.skipped = value }
                if line.words[index + 1].hasPrefix("test"), index + 2 < line.words.count,
                    line.words[index + 2] == "skipped"
                {
                    counts.skipped = value
                }
            }
            // One test may fail more than once.
            counts.passed = max(0, total - counts.failed - counts.skipped)
            xctest = counts
            return true
        }
        // Swift Testing: a symbol, then `Test a() failed after …`, at the end `Test run with 3 tests in 1 suite …`.
        guard let test = line.words.prefix(2).firstIndex(of: "test"), test + 1 < line.words.count else { return false }
        guard line.words[test + 1] == "run" else {
            if line.words[test + 1] != "case", line.text.contains(" failed after ") { swiftLines.failed += 1 }
            if line.words[test + 1] != "case", line.words.last == "skipped" { swiftLines.skipped += 1 }
            return false
        }
        guard test + 3 < line.words.count, line.words[test + 2] == "with", let total = Int(line.words[test + 3]) else {
            return false
        }
        let hasFailed = line.words.contains("failed")
        let failed = hasFailed ? min(max(1, swiftLines.failed), max(1, total)) : 0
        swiftTesting = TestCounts(passed: max(0, total - failed), failed: failed, skipped: swiftLines.skipped)
        swiftLines = TestCounts()
        return true
    }
}

/// One line of output, lower-cased and without its surrounding space.
struct SummaryLine {
    let text: String
    /// Runs of letters and digits; whatever is between them separates.
    let words: [String]
    let first: UInt8
    let last: UInt8

    init(_ line: [UInt8]) {
        var bytes = line[...]
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        let lowered = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        text = String(decoding: lowered, as: UTF8.self)
        words = lowered.split { ByteClass.table[Int($0)] & ByteClass.word == 0 }.map {
            String(decoding: $0, as: UTF8.self)
        }
        first = lowered.first ?? 0
        last = lowered.last ?? 0
    }

    /// The numbers that stand before these words; `nil` if there are none.
    func counts(passed: Set<String>, failed: Set<String>, skipped: Set<String>) -> TestCounts? {
        var counts = TestCounts()
        var found = false
        for (number, word) in zip(words, words.dropFirst()) {
            guard let value = Int(number), value <= 1_000_000_000 else { continue }
            if passed.contains(word) {
                counts.passed += value
            } else if failed.contains(word) {
                counts.failed += value
            } else if skipped.contains(word) {
                counts.skipped += value
            } else {
                continue
            }
            found = true
        }
        return found ? counts : nil
    }
}
