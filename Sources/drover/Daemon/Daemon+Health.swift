import Glibc
import Hub
import Reactor

extension Daemon: DaemonHealth {
    var isJournalWritable: Bool { journal.isWritable && !isEnding }

    func checks(then completion: @escaping @Loop ([HealthCheck]) -> Void) {
        var checks = [
            HealthCheck(
                name: "journal", isOK: journal.isWritable,
                detail: journal.isWritable ? "takes events, at row \(hub.fleet.cursor)" : "cannot be written",
                fix: journal.isWritable ? nil : "make room on the disk of \(options.home)")
        ]
        checks.append(
            HealthCheck(
                name: "web page", isOK: access(hub.settings.webRoot + "/index.html", R_OK) == 0,
                detail: hub.settings.webRoot, fix: "install the page's files, or name their folder with --web-root"))
        checks.append(
            HealthCheck(
                name: "page libraries", isOK: access(hub.settings.webRoot + "/vendor", R_OK | X_OK) == 0,
                detail: hub.settings.webRoot + "/vendor", fix: "run make setup in Drover's folder"))
        checks.append(
            HealthCheck(
                name: "sessions", isOK: true,
                detail: "\(runner.sessionCount) running, \(hub.fleet.sessions.count) known"))
        completion(
            checks.map { check in
                var check = check
                if check.isOK { check.fix = nil }
                return check
            })
    }

    func shutDown() { end() }
}
