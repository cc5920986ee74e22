/// The words after a verb, sorted by its spec into flags, values and positionals.
struct Arguments: Sendable {
    let spec: CommandSpec
    private var flags: Set<String> = []
    private var values: [String: [String]] = [:]
    private var positionals: [String] = []
    /// Whether -- stood among the words: what follows it is text, whatever it looks like.
    private(set) var hadTerminator = false

    init(_ words: [String], for spec: CommandSpec) throws(UsageError) {
        self.spec = spec
        var words = words[...]
        while let word = words.popFirst() {
            if word == "--" {
                hadTerminator = true
                positionals += words
                break
            } else if word.hasPrefix("--") {
                try takeLong(word.dropFirst(2), &words)
            } else if word.hasPrefix("-") && word.count > 1 {
                try takeShort(word.dropFirst(), &words)
            } else {
                positionals.append(word)
                if spec.endsOptionsAtPositional {
                    positionals += words
                    break
                }
            }
        }
    }

    // MARK: - What a command asks

    func flag(_ name: String) -> Bool { flags.contains(name) }

    /// The last value given.
    func option(_ name: String) -> String? { values[name]?.last }

    func options(_ name: String) -> [String] { values[name] ?? [] }

    /// The last value given, which must be a whole number of that range.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = option(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let bounds =
                range.upperBound == .max ? "from \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw UsageError("--\(name) takes a number, \(bounds), and not \"\(text)\".", verb: spec.word)
        }
        return number
    }

    /// The next positional.
    mutating func positional(_ name: String) throws(UsageError) -> String {
        guard let word = optionalPositional() else {
            throw UsageError("It needs a \(name).", verb: spec.word)
        }
        guard !word.isEmpty else { throw UsageError("\(name) is empty.", verb: spec.word) }
        return word
    }

    mutating func optionalPositional() -> String? {
        positionals.isEmpty ? nil : positionals.removeFirst()
    }

    /// All the positionals that are left, at least one.
    mutating func rest(_ name: String) throws(UsageError) -> [String] {
        guard !positionals.isEmpty else { throw UsageError("It needs a \(name).", verb: spec.word) }
        return optionalRest()
    }

    mutating func optionalRest() -> [String] {
        defer { positionals = [] }
        return positionals
    }

    /// Says that the command has taken all it knows.
    func finish() throws(UsageError) {
        if let word = positionals.first {
            throw UsageError("It does not know what to do with \"\(word)\".", verb: spec.word)
        }
    }

    // MARK: - Options

    private mutating func takeLong(_ word: Substring, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let equals = word.firstIndex(of: "=")
        let name = String(word[..<(equals ?? word.endIndex)])
        guard let option = spec.option(long: name) else { throw unknown("--" + name) }
        try take(option, given: equals.map { String(word[word.index(after: $0)...]) }, as: "--\(name)", &rest)
    }

    /// One letter, several flags' letters, or a letter with its value behind it.
    private mutating func takeShort(_ word: Substring, _ rest: inout ArraySlice<String>) throws(UsageError) {
        var letters = word
        while let letter = letters.popFirst() {
            guard let option = spec.option(short: letter) else { throw unknown("-\(letter)") }
            if option.value == nil {
                try take(option, given: nil, as: "-\(letter)", &rest)
            } else {
                let given = letters.isEmpty ? nil : String(letters.first == "=" ? letters.dropFirst() : letters)
                return try take(option, given: given, as: "-\(letter)", &rest)
            }
        }
    }

    private mutating func take(
        _ option: OptionSpec, given: String?, as written: String, _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        guard let placeholder = option.value else {
            if let optional = option.optionalValue {
                flags.insert(option.name)
                if given == nil, let next = rest.first, optional.accepts(next) {
                    return add(rest.removeFirst(), to: option)
                }
                return given.map { add($0, to: option) } ?? ()
            }
            guard given == nil else { throw UsageError("\(written) takes no value.", verb: spec.word) }
            flags.insert(option.name)
            return
        }
        guard let value = given ?? rest.popFirst() else {
            throw UsageError("\(written) needs a value: \(written) \(placeholder).", verb: spec.word)
        }
        guard option.repeats || values[option.name] == nil else {
            throw UsageError("\(written) stands twice; it is meant once.", verb: spec.word)
        }
        add(value, to: option)
    }

    private mutating func add(_ value: String, to option: OptionSpec) {
        values[option.name, default: []].append(value)
    }

    private func unknown(_ written: String) -> UsageError {
        var message = "There is no option \(written)"
        let names = spec.allOptions.map { "--" + $0.name }
        if written.hasPrefix("--"), let closest = closest(to: written, among: names) {
            message += "; did you mean \(closest)?"
        } else {
            message += "."
        }
        if spec.positionals.contains(where: { $0.name == "TEXT" }) {
            message += " Put -- before text that begins with a dash."
        }
        return UsageError(message, verb: spec.word)
    }
}
