import Bytes
import Client

/// Finds out what is wrong, with the daemon or without.
struct DoctorCommand: Command {
    static let spec = CommandSpec(
        word: "doctor",
        summary: "Find out what is wrong",
        discussion:
            "It looks at this machine, and asks the daemon how it is when one runs. Exits 1 when something is broken.",
        examples: [.init("drover doctor", "look at everything"), .init("drover doctor --json", "for a bug report")])

    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let checks =
            LocalChecks(context).all() + daemonChecks(context) + RuntimeChecks(context: context).all()
            + HookChecks(context: context).all()
        let isWell = !checks.contains { $0.outcome == .broken }
        if asJSON {
            context.console.print([
                "ok": .bool(isWell), "version": .string(DroverVersion.current), "checks": .array(checks.map(\.json)),
            ])
        } else {
            tell(checks, isWell, on: context.console)
        }
        return isWell ? .ok : .failure
    }

    /// What the daemon says of itself, or why it says nothing.
    private func daemonChecks(_ context: Context) -> [Check] {
        let url = (try? context.daemonAddress().url) ?? "?"
        do throws(CommandFailure) {
            let client = try context.makeClient()
            client.http.connectTimeout = .seconds(2)
            client.http.timeout = .seconds(10)
            let report = try context.ask(client, "examining") { client throws(ClientError) in
                try client.get("/api/doctor")
            }
            let own = report["checks"]?.array?.compactMap { Check(json: $0) } ?? []
            return [Check("daemon", .fine, "answers at \(url)")] + own
        } catch {
            if error.exit == .daemonNotRunning {
                return [Check("daemon", .notice, "not running (nobody answers at \(url))", fix: "drover up")]
            }
            return [Check("daemon", .broken, error.sentence, fix: error.hints.first)]
        }
    }

    private func tell(_ checks: [Check], _ isWell: Bool, on console: Console) {
        let width = checks.map(\.name.count).max() ?? 0
        for check in checks {
            let sign: String
            switch check.outcome {
            case .fine: sign = console.styled(console.isUTF8 ? "✓" : "+", .good)
            case .notice: sign = console.styled(console.isUTF8 ? "–" : "-", .attention)
            case .broken: sign = console.styled(console.isUTF8 ? "✗" : "x", .bad)
            }
            let padding = String(repeating: " ", count: width - check.name.count)
            console.print("\(sign) \(check.name)\(padding)  \(harmless(check.detail))")
            if let fix = check.fix, check.outcome != .fine {
                console.print(
                    "  " + String(repeating: " ", count: width) + "  "
                        + console.styled("\(console.isUTF8 ? "→" : ">") \(harmless(fix))", .accent))
            }
        }
        console.print("")
        let notices = checks.filter { $0.outcome == .notice }.count
        if !isWell {
            let broken = checks.filter { $0.outcome == .broken }.count
            console.print(console.styled(broken == 1 ? "One thing is broken." : "\(broken) things are broken.", .bad))
        } else if notices > 0 {
            console.print("Nothing is broken.")
        } else {
            console.print(console.styled("All is well.", .good))
        }
    }
}

/// One thing that was looked at.
struct Check: Equatable {
    enum Outcome: Equatable {
        case fine
        /// Worth knowing, and no reason to worry.
        case notice
        case broken
    }

    var name: String
    var outcome: Outcome
    var detail: String
    var fix: String?

    init(_ name: String, _ outcome: Outcome, _ detail: String, fix: String? = nil) {
        self.name = name
        self.outcome = outcome
        self.detail = detail
        self.fix = fix
    }

    /// As the daemon writes it: `{name, ok, detail, fix?}`.
    init?(json: JSON) {
        guard let name = json["name"]?.string, let isFine = json["ok"]?.bool else { return nil }
        self.init(
            name, isFine ? .fine : json["severity"]?.string == "notice" ? .notice : .broken,
            json["detail"]?.string ?? "", fix: json["fix"]?.string)
    }

    var json: JSON {
        .omittingNil([
            "name": .string(name), "ok": .bool(outcome != .broken),
            "severity": outcome == .notice ? "notice" : nil, "detail": .string(detail),
            "fix": outcome == .fine ? nil : fix.map { .string($0) },
        ])
    }
}
