import Bytes
import Fleet
import HTTP
import Reactor
import Wire

// Runner sessions (control-plane §3.2).
extension HubHTTP {
    /// Typed or pasted at once; JSON needs up to six bytes for one.
    private static let inputBodyLimit = 1 << 20

    func mountSessions() {
        let base = "/api/runner/sessions"
        router.on(.post, base) { [self] exchange in answer(exchange) { () throws(ErrorEnvelope) in try start(exchange) }
        }
        router.on(.get, base) { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in
                let query = try self.query { () throws(InvalidBody) in
                    try SessionsQuery(exchange.request.queryParameters)
                }
                respond(exchange, FleetResponses.sessions(hub.fleet, query, isOwner: { _ in true }))
            }
        }
        router.on(.get, "\(base)/:id") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in
                respond(exchange, try session(exchange).runtimeStateJSON(forOwner: true))
            }
        }
        router.on(.post, "\(base)/:id/input", bodyLimit: Self.inputBodyLimit) { [self] exchange in
            command(exchange) { view, body, done throws(InvalidBody) in
                let input = try InputBody(body: body)
                // An agent that answers for another one would give it rights that only a person may give.
                if self.isAgent(exchange), !view.pendingApprovals.isEmpty { return done(.failure(.inputIsForPeople)) }
                self.hub.runner.input(Array(input.data.utf8), to: view.id, completion: done)
            }
        }
        router.on(.post, "\(base)/:id/stop") { [self] exchange in
            command(exchange) { view, body, done throws(InvalidBody) in
                let stop = try StopBody(body: body)
                self.hub.runner.stop(view.id, graceful: stop.graceful, completion: done)
            }
        }
        router.on(.post, "\(base)/:id/resize") { [self] exchange in
            command(exchange) { view, body, done throws(InvalidBody) in
                let resize = try ResizeBody(body: body)
                self.hub.runner.resize(view.id, to: resize.size, completion: done)
            }
        }
        router.on(.post, "\(base)/:id/signal") { [self] exchange in
            command(exchange) { view, body, done throws(InvalidBody) in
                let signal = try SignalBody(body: body)
                self.hub.runner.signal(view.id, signal.signal, completion: done)
            }
        }
        router.on(.post, "\(base)/:id/pause") { [self] exchange in
            command(exchange) { view, _, done in self.hub.runner.pause(view.id, completion: done) }
        }
        router.on(.post, "\(base)/:id/resume") { [self] exchange in
            command(exchange) { view, _, done in self.hub.runner.resume(view.id, completion: done) }
        }
        router.on(.get, "\(base)/:id/approvals") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in
                respond(exchange, FleetResponses.approvals(try session(exchange)))
            }
        }
        router.on(.post, "\(base)/:id/approvals/:approvalId") { [self] exchange in
            let approval = ApprovalID(exchange.request.parameters["approvalId"] ?? "")
            resolve(exchange, approval)
        }
        router.on(.get, "\(base)/:id/events") { [self] exchange in
            answer(exchange) { () throws(ErrorEnvelope) in
                let view = try session(exchange)
                let query = try self.query { () throws(InvalidBody) in
                    try SessionEventsQuery(exchange.request.queryParameters)
                }
                // After a restart, or an hour after the end, the ring is gone, and says so.
                let ring = hub.rings[view.id] ?? EventRing(lastSequence: view.lastSequence)
                let slice = ring.after(query.afterSequence, limit: query.limit)
                exchange.respond(
                    .json(bytes: FleetResponses.events(slice), headers: [("X-Request-Id", requestID(exchange))]))
            }
        }
    }

    // MARK: - Start

    private func start(_ exchange: HTTPExchange) throws(ErrorEnvelope) {
        let body = try body(exchange)
        let start = try query { () throws(InvalidBody) in try StartSession(body: body) }
        let missing = start.missingCredentials { hub.settings.environmentNames.contains($0) }
        guard missing.isEmpty else { throw start.authMissing(missing) }
        guard hub.canRun(start.providerID) else { throw ErrorEnvelope(.providerNotSupported(start.providerID)) }
        guard !hub.isDraining else { throw ErrorEnvelope(.noRunnerAvailable, "the daemon is shutting down") }
        let owner = OrgID("local")
        guard hub.fleet.liveCount(of: owner) + hub.admitting.count < hub.settings.maxSessions else {
            throw ErrorEnvelope(.sessionLimitExceeded(limit: hub.settings.maxSessions))
        }
        let config = start.config(
            sessionID: SessionID(randomBytes: randomID()), orgID: owner, userID: UserID("local"),
            home: hub.settings.userHome)
        hub.admit(config) { [self] result in
            switch result {
            case .success: respond(exchange, FleetResponses.started(config), status: 201)
            case .failure(let error): respond(exchange, ErrorEnvelope(error))
            }
        }
    }

    /// Whether the request comes from a program that acts for an agent, by its own word.
    private func isAgent(_ exchange: HTTPExchange) -> Bool {
        exchange.request.headers["x-drover-actor"]?.hasPrefix("agent:") ?? false
    }

    // MARK: - Commands

    /// Finds the session, reads the body, refuses what an ended session cannot take, and answers when it is done.
    private func command(
        _ exchange: HTTPExchange,
        _ carryOut:
            @escaping (SessionView, JSON, @escaping (Result<Void, RunnerError>) -> Void) throws(InvalidBody) -> Void
    ) {
        answer(exchange) { () throws(ErrorEnvelope) in
            let body: JSON = exchange.request.body.isEmpty ? [:] : try body(exchange)
            let view = try session(exchange)
            guard view.isLive else { throw ErrorEnvelope(.invalidState(view.state)) }
            guard !view.config.origin.isReported else { throw ErrorEnvelope(reported: view) }
            do throws(InvalidBody) {
                try carryOut(view, body, settle(exchange, of: view.id))
            } catch {
                throw ErrorEnvelope(error)
            }
        }
    }

    private func resolve(_ exchange: HTTPExchange, _ approval: ApprovalID) {
        answer(exchange) { () throws(ErrorEnvelope) in
            let body = try body(exchange)
            let view = try session(exchange)
            let decision = try query { () throws(InvalidBody) in try ApprovalBody(body: body) }
            guard !self.isAgent(exchange) else {
                throw ErrorEnvelope(.forbidden, "approvals are answered by people, not by agents")
            }
            guard let known = view.approvals.first(where: { $0.approvalID == approval }) else {
                throw ErrorEnvelope(.approvalNotFound)
            }
            // The first answer stands; the same one again is fine, also when the session has ended since.
            if let resolution = known.resolution {
                guard resolution.decision == decision.decision else {
                    throw ErrorEnvelope(.approvalConflict(recorded: resolution.decision))
                }
                respond(exchange, FleetResponses.ok)
                return
            }
            hub.runner.resolveApproval(
                decision.resolution(of: approval, by: "local"), of: view.id, completion: settle(exchange, of: view.id))
        }
    }
}
