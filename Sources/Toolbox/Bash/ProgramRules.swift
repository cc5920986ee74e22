/// What one program may be told, and which of its words are paths.
///
/// For the programs that are allowed by default every option is known here, and others are refused: some would make them
/// start programs (`rg --pre`), read paths from elsewhere (`wc --files0-from`) or never end (`tail -f`).
struct ProgramRules {
    enum Operands {
        /// Nothing but text.
        case text
        case paths
        /// Paths, after a first word that is a pattern unless an option has given one.
        case patternAndPaths
    }

    var operands: Operands
    /// Letters of options that take nothing.
    var flags: String = ""
    /// Letters of options that take a value.
    var valued: String = ""
    /// Those among them whose value can only stand in the same word.
    var valuedInWord: String = ""
    var longFlags: Set<String> = []
    var longValued: Set<String> = []
    /// Options by which a pattern is given.
    var patternOptions: Set<String> = []
    /// Whether `-5` is a number of lines.
    var takesNumbers = false

    /// Whether all words are text, whatever they begin with.
    var isEcho = false

    static let standard: [String: ProgramRules] = [
        "echo": ProgramRules(operands: .text, isEcho: true),
        "pwd": ProgramRules(operands: .text, flags: "LP", longFlags: ["logical", "physical"]),
        "date": ProgramRules(
            operands: .text, flags: "uR", valued: "dI", valuedInWord: "I",
            longFlags: ["utc", "universal", "rfc-email", "iso-8601", "rfc-3339"],
            longValued: ["date", "iso-8601", "rfc-3339"]),
        "ls": ProgramRules(
            operands: .paths, flags: "aAbBcCdfFgGhiklmnNopqQrRsStuUvxX1Z", valued: "ITw",
            longFlags: [
                "all", "almost-all", "author", "escape", "classify", "color", "directory", "file-type", "full-time",
                "group-directories-first", "no-group", "human-readable", "si", "inode", "kibibytes",
                "numeric-uid-gid", "literal", "quote-name", "reverse", "recursive", "size", "ignore-backups",
            ],
            longValued: [
                "color", "format", "hide", "ignore", "indicator-style", "quoting-style", "sort", "time", "time-style",
                "tabsize", "width", "block-size", "classify",
            ]),
        "cat": ProgramRules(
            operands: .paths, flags: "AbeEnstTuv",
            longFlags: [
                "show-all", "number-nonblank", "show-ends", "number", "squeeze-blank", "show-tabs",
                "show-nonprinting",
            ]),
        "head": ProgramRules(
            operands: .paths, flags: "qvz", valued: "nc", longFlags: ["quiet", "silent", "verbose", "zero-terminated"],
            longValued: ["lines", "bytes"], takesNumbers: true),
        "tail": ProgramRules(
            operands: .paths, flags: "qvz", valued: "nc", longFlags: ["quiet", "silent", "verbose", "zero-terminated"],
            longValued: ["lines", "bytes"], takesNumbers: true),
        "wc": ProgramRules(
            operands: .paths, flags: "cmlLw", longFlags: ["bytes", "chars", "lines", "max-line-length", "words"]),
        "rg": ProgramRules(
            operands: .patternAndPaths, flags: "abcFHhiIlnNoPpqSsUuvVwx0.", valued: "ABCEegjMmrtTd",
            longFlags: [
                "binary", "text", "byte-offset", "case-sensitive", "column", "count", "count-matches", "crlf",
                "files", "files-with-matches", "files-without-match", "fixed-strings", "glob-case-insensitive",
                "heading", "hidden", "ignore-case", "include-zero", "invert-match", "json", "line-buffered",
                "line-number", "line-regexp", "max-columns-preview", "multiline", "multiline-dotall", "no-config",
                "no-filename", "no-heading", "no-ignore", "no-ignore-dot", "no-ignore-vcs", "no-line-number",
                "no-messages", "null", "null-data", "one-file-system", "only-matching", "passthru", "pcre2", "pretty",
                "quiet", "smart-case", "stats", "trim", "type-list", "unrestricted", "version", "vimgrep",
                "with-filename", "word-regexp",
            ],
            longValued: [
                "after-context", "before-context", "context", "color", "colors", "context-separator", "encoding",
                "engine", "field-context-separator", "field-match-separator", "glob", "iglob", "max-columns",
                "max-count", "max-depth", "max-filesize", "path-separator", "regexp", "replace", "sort", "sortr",
                "threads", "type", "type-not",
            ],
            patternOptions: ["e", "regexp", "files", "type-list"]),
    ]

    enum Failure: Error, Equatable {
        case option(String)
    }

    /// The words among the arguments that are paths. Throws for an option that is not known.
    func paths(in arguments: [String]) throws(Failure) -> [String] {
        if isEcho { return [] }
        var operands: [String] = []
        var hasPattern = false
        var words = arguments[...]
        while let word = words.popFirst() {
            if word == "--" {
                operands += words
                break
            }
            if word.hasPrefix("--") {
                let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = String(parts[0])
                if patternOptions.contains(name) { hasPattern = true }
                if parts.count == 2 {
                    guard longValued.contains(name) else { throw .option(word) }
                } else if !longFlags.contains(name) {
                    guard longValued.contains(name) else { throw .option(word) }
                    _ = words.popFirst()
                }
            } else if word.hasPrefix("-") && word != "-" {
                if takesNumbers, word.utf8.dropFirst().allSatisfy({ $0 &- 0x30 < 10 }) { continue }
                var letters = word.dropFirst()
                while let letter = letters.popFirst() {
                    if patternOptions.contains(String(letter)) { hasPattern = true }
                    if flags.contains(letter) { continue }
                    guard valued.contains(letter) else { throw .option(word) }
                    // The rest of the word is the value, or else the next word.
                    if letters.isEmpty, !valuedInWord.contains(letter) { _ = words.popFirst() }
                    break
                }
            } else {
                operands.append(word)
            }
        }
        switch self.operands {
        case .text: return []
        case .paths: return operands
        case .patternAndPaths: return hasPattern ? operands : Array(operands.dropFirst())
        }
    }

    /// What may be a path among the arguments of a program that is not known here: every word, what follows a `=`, and what
    /// follows the letter of an option.
    static func possiblePaths(in arguments: [String]) -> [String] {
        var paths: [String] = []
        for word in arguments {
            if !word.hasPrefix("-") { paths.append(word) }
            if let equals = word.firstIndex(of: "=") { paths.append(String(word[word.index(after: equals)...])) }
            if word.hasPrefix("-") && !word.hasPrefix("--") { paths.append(String(word.dropFirst(2))) }
        }
        return paths.filter { !$0.isEmpty && $0 != "-" }
    }
}
