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
                let query = try self.query { () throws(InvalidBody) in try FleetQuery(exchange.request.queryParameters) }
                respond(exchange, FleetResponses.fleet(hub.fleet, query, daemon: hub.settings.daemonInfo))
            }
        }
        router.on(.get, "/api/fleet/:id") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in respond(exchange, try session(exchange).detailJSON) }
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
        hub.archive.output(of: view.id, from: query.from, limit: query.limit) { output in
            // A session that has not written anything yet has no recording, and nothing is what it wrote.
            let output = output ?? RecordedOutput(bytes: [], offset: 0, end: 0)
            exchange.respond(
                HTTPResponse(
                    200,
                    headers: [
                        ("Content-Type", "application/octet-stream"), ("X-Drover-Offset", "\(output.offset)"),
                        ("X-Drover-End", "\(output.end)"), ("Cache-Control", "no-store"),
                    ], body: output.bytes))
        }
    }

    private func recording(_ exchange: HTTPExchange) throws(ErrorEnvelope) {
        let view = try session(exchange)
        hub.archive.cast(of: view.id) { [self] cast in
            guard let cast else {
                respond(exchange, ErrorEnvelope(.notFound, "this session has no recording"))
                return
            }
            let name = view.config.name ?? String(view.id.rawValue.prefix(8))
            exchange.respond(
                HTTPResponse(
                    200,
                    headers: [
                        ("Content-Type", "application/x-asciicast"),
                        ("Content-Disposition", "attachment; filename=\"\(name).cast\""), ("Cache-Control", "no-store"),
                    ], body: cast))
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
