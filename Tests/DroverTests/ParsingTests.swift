import Testing

@testable import drover

@Suite struct ArgumentsTests {
    private static let spec = CommandSpec(
        word: "try", summary: "",
        options: [
            .flag("all", short: "a", ""), .flag("quiet", short: "q", ""), .value("name", short: "n", "NAME", ""),
            .value("env", short: "e", "X", "", repeats: true),
            .flag("pane", or: "ADDRESS", "") { $0.contains(":") },
        ])

    private func parse(_ line: String) throws(UsageError) -> Arguments {
        try Arguments(line.split(separator: " ").map(String.init), for: Self.spec)
    }

    @Test func `takes options wherever they stand`() throws {
        var arguments = try parse("one -a --name x two")
        #expect(arguments.flag("all"))
        #expect(!arguments.flag("quiet"))
        #expect(arguments.option("name") == "x")
        #expect(try arguments.rest("WORD") == ["one", "two"])
        try arguments.finish()
    }

    @Test(arguments: ["--name x", "--name=x", "-n x", "-nx", "-n=x", "-aqn x", "-anx"])
    func `takes a value in each of its spellings`(line: String) throws {
        #expect(try parse(line).option("name") == "x")
    }

    @Test(arguments: [
        ("--pane one", nil), ("--pane a:1 one", "a:1"), ("--pane=x one", "x"), ("--pane= one", ""), ("one --pane", nil),
        ("--pane -- a:1", nil),
    ])
    func `a flag may have a value, too, when the next word looks like one`(line: String, value: String?) throws {
        let arguments = try parse(line)
        #expect(arguments.flag("pane"))
        #expect(arguments.option("pane") == value)
    }

    @Test func `keeps what may be repeated, in order`() throws {
        #expect(try parse("-e A=1 --env B=2").options("env") == ["A=1", "B=2"])
    }

    @Test func `leaves alone what follows two dashes`() throws {
        var arguments = try parse("-- -a --name --")
        #expect(!arguments.flag("all"))
        #expect(arguments.optionalRest() == ["-a", "--name", "--"])
    }

    @Test func `leaves to another program what is its own`() throws {
        var spec = Self.spec
        spec.endsOptionsAtPositional = true
        var arguments = try Arguments(["-a", "ls", "-q", "--", "x"], for: spec)
        #expect(arguments.flag("all") && !arguments.flag("quiet"))
        #expect(arguments.optionalRest() == ["ls", "-q", "--", "x"])
    }

    @Test(arguments: [
        ("--nmae x", "There is no option --nmae; did you mean --name?"), ("-x", "There is no option -x."),
        ("--zzzzzzz", "There is no option --zzzzzzz."), ("--name", "--name needs a value: --name NAME."),
        ("--all=yes", "--all takes no value."), ("--name a --name b", "--name stands twice; it is meant once."),
    ])
    func `says what is wrong with an option`(line: String, message: String) {
        #expect(throws: UsageError(message, verb: "try")) { try parse(line) }
    }

    @Test func `says what is missing and what is too much`() throws {
        var arguments = try parse("one")
        #expect(throws: UsageError("It does not know what to do with \"one\".", verb: "try")) { try arguments.finish() }
        _ = try arguments.positional("WORD")
        #expect(throws: UsageError("It needs a WORD.", verb: "try")) { try arguments.positional("WORD") }
    }

    @Test func `takes numbers of a range`() throws {
        #expect(try parse("--name 7").integer("name", in: 0...9) == 7)
        #expect(throws: UsageError.self) { try parse("--name 10").integer("name", in: 0...9) }
        #expect(throws: UsageError.self) { try parse("--name x").integer("name", in: 0...Int.max) }
    }
}

@Suite struct ClosestWordTests {
    @Test(arguments: [
        ("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("sl", "ls", 1), ("attahc", "attach", 1), ("a", "a", 0),
    ])
    func `counts the slips between two words`(left: String, right: String, distance: Int) {
        #expect(editDistance(left, right) == distance)
        #expect(editDistance(right, left) == distance)
    }

    @Test(arguments: [
        ("sl", "ls"), ("attahc", "attach"), ("aprove", "approve"), ("app", nil), ("comp", "completion"), ("xyzzy", nil),
        ("STOP", "stop"), ("ruun", "run"),
    ])
    func `finds the verb that was meant`(word: String, verb: String?) {
        #expect(closest(to: word, among: Catalog.specs.map(\.word)) == verb)
    }

    @Test func `suggests what other tools call differently`() {
        #expect(Desk().type("ps").remarks.contains("did you mean drover ls?"))
        #expect(Desk().type("qiut").remarks.contains("did you mean drover down?"))
    }
}

@Suite struct HelpTests {
    @Test func `every verb has a page with examples that parse`() throws {
        for command in Catalog.all {
            let spec = command.spec
            let answer = Desk().type(spec.word, "--help")
            #expect(answer.exit == .ok)
            #expect(answer.output.contains("drover \(spec.word)"))
            #expect(!spec.examples.isEmpty, "\(spec.word) has no example")
            #expect(!spec.summary.hasSuffix("."))
            #expect(Desk().type("help", spec.word).output == answer.output)
        }
    }

    @Test func `option names are not used twice`() {
        for spec in Catalog.specs {
            let names = spec.allOptions.map(\.name) + spec.allOptions.compactMap { $0.short.map { String($0) } }
            #expect(Set(names).count == names.count, "\(spec.word) has an option twice")
        }
    }

    @Test func `breaks paragraphs between words`() {
        #expect(Help.wrapped("one two three\n\nfour", to: 8) == "one two\nthree\n\nfour")
    }

    @Test func `names every verb`() {
        let overview = Desk().type("help").output
        for spec in Catalog.specs { #expect(overview.contains("  \(spec.word) ")) }
        #expect(Desk().type("--help").output == overview)
        #expect(Desk().type("--version").output == "drover \(DroverVersion.current)\n")
    }
}
