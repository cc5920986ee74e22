extension EngineServer {
    private func verify(_ request: EngineRequest, upgrades: Bool) throws(EngineRefusal) -> EngineSession? {
        guard let name = request.query("transport"), let transport = EngineTransport(rawValue: name),
            options.transports.contains(transport)
        else { throw .unknownTransport }
        if let origin = request.header("origin"), let allowsOrigin = options.allowsOrigin, !allowsOrigin(origin) {
            throw .originNotAllowed
        }
        if upgrades, transport != .websocket { throw .badRequest }
        if let sid = request.query("sid"), !sid.isEmpty {
            guard let id = SocketID(sid), let session = byID[id] else { throw .unknownSession }
            if upgrades {
                guard options.allowUpgrades else { throw .badRequest }
            } else {
                guard session.transport == transport else { throw .badRequest }
            }
            return session
        }
        guard !isClosed else { throw .badRequest }
        guard request.method == "GET" else { throw .badHandshakeMethod }
        guard transport == .polling || upgrades else { throw .badRequest }
        guard request.query("EIO") == "4" else { throw .unsupportedProtocolVersion }
        return nil
    }

    /// Answers a request that is not a WebSocket upgrade, now or later. The body has arrived whole.
    ///
    /// `respond` is called once at most and must not call back into the server. When the answer is still out as this
    /// returns, the result lets the host say that the client's connection went away.
    public func handlePolling(
        _ request: EngineRequest, at now: Instant, respond: @escaping (EngineResponse) -> Void
    ) -> EnginePoll? {
        advance(to: now)
        if request.method == "POST" {
            beginPost(request, at: now, respond: respond)?.received(request.body, at: now)
            return nil
        }
        let respond = withCORS(request, respond)
        if request.method == "OPTIONS", options.allowsOrigin != nil {
            respond(preflightResponse(request))
            return nil
        }
        do throws(EngineRefusal) {
            if let session = try verify(request, upgrades: false) {
                guard request.method == "GET" else { throw .badRequest }
                return session.poll(respond)
            }
        } catch {
            respond(error.response)
            return nil
        }
        let session = open(request, link: nil)
        byID[session.id] = session
        _ = session.poll(respond)
        announce(session)
        return nil
    }

    /// Takes the head of a POST whose body is still on its way, so that two at a time are noticed. `nil` when it has
    /// been answered already.
    public func beginPost(
        _ request: EngineRequest, at now: Instant, respond: @escaping (EngineResponse) -> Void
    ) -> EnginePost? {
        advance(to: now)
        let respond = withCORS(request, respond)
        do throws(EngineRefusal) {
            guard let session = try verify(request, upgrades: false) else { throw .badRequest }
            return session.beginPost(request, respond)
        } catch {
            respond(error.response)
            return nil
        }
    }

    /// Why a WebSocket upgrade is refused, with the answer to give; `nil` when the host may answer 101.
    public func refusal(ofWebSocket request: EngineRequest) -> EngineRefusal? {
        do throws(EngineRefusal) {
            _ = try verify(request, upgrades: true)
            return nil
        } catch {
            return error
        }
    }

    /// Starts a session, or the upgrade of one, over a connection that has been answered with 101.
    public func openWebSocket(_ request: EngineRequest, link: any EngineLink, at now: Instant) -> EngineWebSocket {
        advance(to: now)
        do throws(EngineRefusal) {
            if let session = try verify(request, upgrades: true) {
                session.beginUpgrade(to: link)
                return EngineWebSocket(session: session, link: ObjectIdentifier(link))
            }
        } catch {
            link.close(code: 1002, reason: error.message)
            return EngineWebSocket(session: nil, link: ObjectIdentifier(link))
        }
        let session = open(request, link: link)
        announce(session)
        return EngineWebSocket(session: session, link: ObjectIdentifier(link))
    }

    // MARK: - Cross-origin requests

    private func withCORS(
        _ request: EngineRequest, _ respond: @escaping (EngineResponse) -> Void
    ) -> (EngineResponse) -> Void {
        guard let origin = request.header("origin"), options.allowsOrigin?(origin) == true else { return respond }
        return { response in
            var response = response
            response.headers += [
                ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"),
                ("Vary", "Origin"),
            ]
            respond(response)
        }
    }

    private func preflightResponse(_ request: EngineRequest) -> EngineResponse {
        var response = EngineResponse(status: 204)
        response.headers = [("Access-Control-Allow-Methods", "GET,POST")]
        if let headers = request.header("access-control-request-headers") {
            response.headers.append(("Access-Control-Allow-Headers", headers))
        }
        return response
    }
}
