import Integrations

/// Whether agents report here, and why they do not: what `drover hooks status` finds, in a line each.
struct HookChecks {
    let context: Context

    func all() -> [Check] {
        guard let reporter = try? ReporterProgram.path(in: context) else {
            return [
                Check(
                    "hooks", .broken, "drover-hook is not beside this program, so no agent can report",
                    fix: "make install")
            ]
        }
        let environment = context.environment
        let files = AgentFiles(home: environment.userDirectory) { environment[$0] }
        let survey = HookSurvey(files, reporter, nil, context)
        let here = WatchedAgent.allCases.filter {
            PathKind(files.folder(of: $0)) == .directory || programPath($0.rawValue, in: environment) != nil
        }
        let statuses = here.map { survey.inspection.status(of: $0) }
        guard statuses.contains(where: \.isInstalled) else {
            return here.isEmpty
                ? [] : [Check("hooks", .notice, "no agent reports to Drover", fix: "drover hooks install")]
        }
        // With hooks in place, silence has a reason.
        return statuses.map(check) + survey.common.compactMap(check)
    }

    private func check(_ status: HookStatus) -> Check {
        let name = "hooks of \(status.agent.rawValue)"
        guard status.isInstalled else {
            return Check(
                name, .notice, "\(status.agent.name) does not report",
                fix: "drover hooks install --agent \(status.agent.rawValue)")
        }
        guard let worst = status.findings.max(by: { rank($0.weight) < rank($1.weight) }), worst.weight != .fine else {
            return Check(name, .fine, status.path)
        }
        return Check(name, worst.weight == .broken ? .broken : .notice, worst.sentence, fix: worst.fix)
    }

    private func check(_ finding: HookStatus.Finding) -> Check? {
        switch finding.weight {
        case .fine: return nil
        // That the daemon does not run is said elsewhere.
        case .broken where finding.code == "daemon_away": return nil
        case .notice, .broken: return Check("reports", .notice, finding.sentence, fix: finding.fix)
        }
    }

    private func rank(_ weight: HookStatus.Finding.Weight) -> Int {
        switch weight {
        case .fine: return 0
        case .notice: return 1
        case .broken: return 2
        }
    }
}
