import Bytes
import Fleet
import HTTP
import Reactor
import Wire

// Health, readiness, metrics (control-plane §3.4), and what `drover doctor` asks.
extension HubHTTP {
    func mountHealth() {
        router.on(.get, "/healthz") { exchange in
            exchange.respond(.json(["status": "ok", "timestamp": .string(WallTime.now.iso8601)]))
        }
        router.on(.get, "/readyz") { [self] exchange in
            let isReady = hub.health?.isJournalWritable ?? false
            exchange.respond(
                .json(
                    ["status": isReady ? "ok" : "error", "timestamp": .string(WallTime.now.iso8601)],
                    status: isReady ? 200 : 503))
        }
        router.on(.get, "/metrics") { [self] exchange in
            let text = hub.metrics.text(fleet: hub.fleet, sockets: hub.sockets.count, readers: hub.feed.count)
            exchange.respond(
                HTTPResponse(200, headers: [("Content-Type", "text/plain; version=0.0.4")], body: Array(text.utf8)))
        }
        router.on(.get, "/api/doctor") { [self] exchange in
            guard let health = hub.health else { return respond(exchange, ["checks": []]) }
            health.checks { [self] checks in
                respond(
                    exchange,
                    [
                        "checks": .array(checks.map(\.json)), "ok": .bool(checks.allSatisfy(\.isOK)),
                        "daemon": hub.settings.daemonInfo.json,
                    ])
            }
        }
        router.on(.post, "/api/shutdown") { [self] exchange in
            respond(exchange, FleetResponses.ok, status: 202)
            // The answer leaves first.
            _ = LoopTimer(after: 20) { [hub] in hub.health?.shutDown() }
        }
    }
}
