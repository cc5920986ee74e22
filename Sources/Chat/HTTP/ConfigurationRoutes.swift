import Bytes
import HTTP
import Reactor
import Settings

// The configuration (chat-runtime §1.8, §4.4 to §4.11).
extension ChatHTTP {
    func mountConfiguration(on router: Router) {
        router.on(.get, "/api/config") { [self] exchange in
            answer(exchange) { () throws(TurnError) in
                try file().state(secrets(for: exchange)) { [self] in respond(exchange, $0.json) }
            }
        }
        router.on(.post, "/api/config/apply", bodyLimit: Self.bodyLimit) { [self] exchange in
            mutate(exchange) { configuration, done throws(TurnError) in
                let request = try self.request(exchange)
                // Neither is a mistake of the request, whatever else is wrong.
                do throws(ConfigurationFailure) { _ = try request.requiredChange() } catch {
                    return done(.failure(error))
                }
                configuration.apply(request, self.secrets(for: exchange), then: done)
            }
        }
        // Its body is not read (§1.8).
        router.on(.post, "/api/config/reset", bodyLimit: Self.bodyLimit) { [self] exchange in
            mutate(exchange) { configuration, done in configuration.reset(self.secrets(for: exchange), then: done) }
        }
        router.on(.post, "/api/config/restart", bodyLimit: Self.bodyLimit) { [self] exchange in
            mutate(exchange) { configuration, done throws(TurnError) in
                let isEmpty = exchange.request.body.allSatisfy { $0 == 0x20 || (9...13).contains($0) }
                let request = isEmpty ? ConfigurationRequest(change: nil) : try self.request(exchange)
                configuration.restart(request, self.secrets(for: exchange), then: done)
            }
        }
    }

    private typealias Done = @Loop (Result<ConfigurationMutation, ConfigurationFailure>) -> Void

    private func mutate(
        _ exchange: HTTPExchange, _ body: (ChatConfiguration, @escaping Done) throws(TurnError) -> Void
    ) {
        answer(exchange) { () throws(TurnError) in
            guard !service.isDraining else { throw .shuttingDown }
            try body(try file()) { [self] result in
                switch result {
                case .success(let mutation): respond(exchange, mutation.json)
                case .failure(let failure):
                    exchange.respond(.json(failure.json, status: HTTPStatus(failure.status)))
                }
            }
        }
    }

    private func file() throws(TurnError) -> ChatConfiguration {
        guard let configuration else {
            throw TurnError(.serviceUnavailable, "this daemon has no configuration file")
        }
        return configuration
    }

    private func request(_ exchange: HTTPExchange) throws(TurnError) -> ConfigurationRequest {
        let fields = try JSON.requestBody(exchange.request.body)
        do throws(ConfigurationFailure) {
            return try ConfigurationRequest(json: .object(fields))
        } catch {
            throw TurnError(ChatErrorCode(rawValue: error.code) ?? .invalidRequest, error.message)
        }
    }

    /// Who sees secrets: a caller on this machine, as long as no token is configured (§4.11). What comes through a proxy
    /// may be from anywhere.
    private func secrets(for exchange: HTTPExchange) -> SecretVisibility {
        let headers = exchange.request.headers
        let isForwarded = headers["x-forwarded-for"] != nil || headers["forwarded"] != nil
        let address = exchange.remoteAddress
        let isLocal = address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
        return options.token == nil && isLocal && !isForwarded ? .clear : .masked
    }
}
