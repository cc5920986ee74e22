import Bytes
import Fleet
import HTTP
import Reactor
import Wire

// The unified view, terminal bytes and the event stream (docs/protocols/fleet-api.md).
extension HubHTTP {
    func mountFleet() {
        router.on(.get, "/api/fleet") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in
                let query = try self.query { () throws(InvalidBody) in try FleetQuery(exchange.request.queryParameters)
                }
                respond(exchange, FleetResponses.fleet(hub.fleet, query, daemon: hub.settings.daemonInfo))
            }
        }
        router.on(.get, "/api/fleet/:id") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in respond(exchange, try session(exchange).detailJSON) }
        }
        router.on(.get, "/api/fleet/:id/why") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in
                let view = try session(exchange)
                respond(exchange, FleetResponses.why(view, reported: hub.evidence(view.id)))
            }
        }
        router.on(.get, "/api/fleet/:id/output") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in try output(exchange) }
        }
        router.on(.get, "/api/fleet/:id/recording") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in try recording(exchange) }
        }
        router.on(.get, "/api/events") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in try events(exchange) }
        }
    }

    private func output(_ exchange: HTTPExchange) throws(ErrorEnvelope) {
        let view = try session(exchange)
        let query = try self.query { () throws(InvalidBody) in try OutputQuery(exchange.request.queryParameters) }
        hub.archive.length(of: .output, of: view.id) { [hub] length in
            var end = length ?? 0
            // What is recorded but not shown yet belongs to the events that follow.
            if let view = hub.fleet[view.id], view.isLive { end = min(end, view.terminalBytes) }
            let range = query.range(in: end)
            let headers = [
                ("Content-Type", "application/octet-stream"), ("X-Drover-Offset", "\(range.lowerBound)"),
                ("X-Drover-End", "\(end)"), ("Cache-Control", "no-store"),
            ]
            _ = RecordingDownload(
                .output, of: view.id, range: range, from: hub.archive, to: exchange, headers: headers)
        }
    }

    private func recording(_ exchange: HTTPExchange) throws(ErrorEnvelope) {
        let view = try session(exchange)
        hub.archive.length(of: .cast, of: view.id) { [self] length in
            guard let length else {
                respond(exchange, ErrorEnvelope(.notFound, "this session has no recording"))
                return
            }
            let name = view.config.name ?? String(view.id.rawValue.prefix(8))
            let headers = [
                ("Content-Type", "application/x-asciicast"),
                ("Content-Disposition", "attachment; filename=\"\(name).cast\""), ("Cache-Control", "no-store"),
            ]
            _ = RecordingDownload(
                .cast, of: view.id, range: 0..<length, from: hub.archive, to: exchange, headers: headers)
        }
    }

    private func events(_ exchange: HTTPExchange) throws(ErrorEnvelope) {
        let request = exchange.request
        let query = try self.query { () throws(InvalidBody) in
            try JournalQuery(request.queryParameters, lastEventID: request.headers["last-event-id"])
        }
        var session: SessionID?
        if let text = query.session { session = try ErrorEnvelope.resolve(hub.fleet.lookup(text)) }
        guard request.headers.list("accept", contains: "application/json") else {
            hub.feed.open(exchange, query, session: session, latest: hub.fleet.cursor)
            return
        }
        hub.journal.read(since: query.since ?? 0, limit: query.limit) { [self] result in
            switch result {
            case .failure(let error): respond(exchange, ErrorEnvelope(.journal(error)))
            case .success(let page):
                let shown = page.events.filter { query.includes($0, session: session) }
                let cursor = page.events.last?.rowid ?? query.since ?? 0
                respond(exchange, FleetResponses.journal(shown, cursor: cursor, more: page.more))
            }
        }
    }
}
