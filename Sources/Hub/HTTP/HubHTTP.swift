import Bytes
import Fleet
import HTTP
import Reactor
import Wire

/// The HTTP side of the hub: who may talk to it, what is where, and how errors look (control-plane §3.1).
@Loop
public final class HubHTTP {
    let hub: Hub
    let router = Router()
    let origins: OriginRules
    private lazy var page = StaticFiles(
        root: hub.settings.webRoot,
        headers: [("Content-Security-Policy", Self.contentSecurityPolicy), ("Referrer-Policy", "no-referrer")],
        unknown: { [weak self] exchange in self?.respondUnknown(exchange) })
    /// Parts of the address space with contracts of their own.
    private var surfaces: [Surface] = []
    private var requestNumber: UInt64 = 0
    /// Makes request ids of this process unlike those of others.
    private let requestSeed = randomID()

    /// Sent with every file of the page: its scripts and styles come from here, and from nowhere else.
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

    public init(_ hub: Hub) {
        self.hub = hub
        origins = OriginRules(hosts: hub.settings.hosts, allowedOrigins: hub.settings.allowedOrigins)
        mountHealth()
        mountSessions()
        mountFleet()
        hub.sockets.endpoint.mount(on: router, at: "/socket.io/")
        router.on(.get, "/") { [weak self] in self?.page.serve("/", $0) }
        for folder in ["app", "vendor"] {
            router.on(.get, "/\(folder)/*") { [weak self] in self?.page.serve($0.request.path, $0) }
        }
        router.on(.get, "/favicon.ico") { $0.respond(HTTPResponse(204)) }
    }

    private struct Surface {
        let surface: any HTTPSurface
        let origins: OriginRules
    }

    /// Serves another part of the address space, with its own rules of who may come in, and its own words.
    public func add(_ surface: any HTTPSurface, origins: OriginRules) {
        surface.mount(on: router)
        surfaces.append(Surface(surface: surface, origins: origins))
    }

    private func surface(of request: HTTPRequest) -> Surface? { surfaces.first { $0.surface.owns(request.path) } }

    /// The server; the caller listens with it.
    public func makeServer() -> HTTPServer {
        var options = HTTPServerOptions()
        options.commonHeaders = [("X-Content-Type-Options", "nosniff")]
        let server = HTTPServer(options: options) { [self] exchange in handle(exchange) }
        server.headHandler = { [self] exchange in
            // A stranger's request is refused when it is complete.
            if case .allowed = origins.judge(exchange.request) { router.readHead(exchange) }
        }
        server.refusal = { [weak self] request, status, message in
            self?.surface(of: request)?.surface.refusal(status, message)
        }
        server.bodyLimit = { [router] request in
            if case .found(_, _, _, let limit?) = router.match(request) { return limit }
            return options.maxBodySize
        }
        return server
    }

    // MARK: - Every request

    private func handle(_ exchange: HTTPExchange) {
        let request = exchange.request
        if let surface = surface(of: request) { return handle(exchange, on: surface) }
        switch origins.judge(request) {
        case .allowed(let foreignOrigin):
            if let foreignOrigin { exchange.addHeaders(Self.crossOriginHeaders(foreignOrigin)) }
        case .foreignHost:
            respond(exchange, ErrorEnvelope(.forbidden, "this host name is not one of the daemon's"))
            return
        case .foreignOrigin:
            refuseOrigin(exchange)
            return
        }
        if request.method == .options, request.headers["access-control-request-method"] != nil,
            !request.path.hasPrefix("/socket.io")
        {
            exchange.respond(HTTPResponse(204, headers: Self.preflightHeaders))
            return
        }
        switch router.match(request) {
        case .found(_, let pattern, _, _) where surfaces.contains(where: { $0.surface.owns(pattern) }):
            // Another spelling of a surface's path, which the router would pass by its rules of who may come in.
            hub.metrics.requests["unmatched", default: 0] += 1
            respondUnknown(exchange)
        case .found(let handler, let pattern, let parameters, _):
            hub.metrics.requests[pattern, default: 0] += 1
            exchange.setParameters(parameters)
            handler(exchange)
        case .wrongMethod(let allowed):
            hub.metrics.requests["unmatched", default: 0] += 1
            exchange.addHeaders([("Allow", Router.allow(allowed)), ("X-Request-Id", requestID(exchange))])
            respond(exchange, ErrorEnvelope(.methodNotAllowed, "this address takes \(Router.allow(allowed))"))
        case .unknown:
            hub.metrics.requests["unmatched", default: 0] += 1
            respondUnknown(exchange)
        }
    }

    private func handle(_ exchange: HTTPExchange, on owner: Surface) {
        let request = exchange.request
        let surface = owner.surface
        switch owner.origins.judge(request) {
        case .allowed(let foreignOrigin):
            if let foreignOrigin { exchange.addHeaders(surface.crossOriginHeaders(foreignOrigin)) }
        case .foreignHost:
            return exchange.respond(surface.refusal(403, "this host name is not one of the daemon's"))
        case .foreignOrigin:
            return exchange.respond(surface.refusal(403, "pages of this origin may not use the daemon"))
        }
        if request.method == .options, request.headers["access-control-request-method"] != nil {
            return exchange.respond(HTTPResponse(204, headers: surface.preflightHeaders))
        }
        if let answer = surface.screen(exchange) { return exchange.respond(answer) }
        switch router.match(request) {
        case .found(let handler, let pattern, let parameters, _):
            hub.metrics.requests[pattern, default: 0] += 1
            exchange.setParameters(parameters)
            handler(exchange)
        case .wrongMethod(let allowed):
            hub.metrics.requests["unmatched", default: 0] += 1
            var answer = surface.refusal(405, "this address takes \(Router.allow(allowed))")
            answer.headers.append(("Allow", Router.allow(allowed)))
            exchange.respond(answer)
        case .unknown:
            hub.metrics.requests["unmatched", default: 0] += 1
            exchange.respond(surface.refusal(404, "there is nothing at this address"))
        }
    }

    /// As Engine.IO refuses an origin, on its paths (control-plane §4.1).
    private func refuseOrigin(_ exchange: HTTPExchange) {
        let message = "CORS origin not allowed"
        if exchange.request.isUpgrade {
            var response = HTTPResponse.text(message, status: 400)
            response.closesConnection = true
            exchange.respond(response)
        } else if exchange.request.path.hasPrefix("/socket.io") {
            exchange.respond(.json(["code": 4, "message": .string(message)], status: 403))
        } else {
            respond(exchange, ErrorEnvelope(.forbidden, "pages of this origin may not use the daemon"))
        }
    }

    private static func crossOriginHeaders(_ origin: String) -> [(name: String, value: String)] {
        [
            ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin"),
            ("Access-Control-Expose-Headers", "Idempotency-Key, Idempotency-Status, X-Drover-Offset, X-Drover-End"),
        ]
    }

    private static let preflightHeaders: [(name: String, value: String)] = [
        ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
        ("Access-Control-Allow-Headers", "Content-Type, Authorization, x-cache-bypass, x-csrf-token"),
        ("Access-Control-Max-Age", "600"),
    ]

    // MARK: - Answers

    private func respondUnknown(_ exchange: HTTPExchange) {
        let id = requestID(exchange)
        exchange.respond(
            .json(ErrorEnvelope.unknownRoute(requestID: id), status: 404, headers: [("X-Request-Id", id)]))
    }

    func respond(_ exchange: HTTPExchange, _ json: JSON, status: HTTPStatus = 200) {
        exchange.respond(.json(json, status: status, headers: [("X-Request-Id", requestID(exchange))]))
    }

    func respond(_ exchange: HTTPExchange, _ error: ErrorEnvelope) {
        let id = requestID(exchange)
        exchange.respond(
            .json(error.json(requestID: id), status: HTTPStatus(error.status), headers: [("X-Request-Id", id)]))
    }

    /// Runs a handler whose failures are answers.
    func answer(_ exchange: HTTPExchange, _ body: () throws(ErrorEnvelope) -> Void) {
        do throws(ErrorEnvelope) { try body() } catch { respond(exchange, error) }
    }

    /// The answer to a request that a runner carries out.
    func settle(_ exchange: HTTPExchange, of session: SessionID) -> (Result<Void, RunnerError>) -> Void {
        { [self] result in
            switch result {
            case .success: hub.whenDurable(session) { [self] in respond(exchange, FleetResponses.ok) }
            case .failure(let error): respond(exchange, ErrorEnvelope(error))
            }
        }
    }

    func body(_ exchange: HTTPExchange) throws(ErrorEnvelope) -> JSON {
        do { return try JSON(parsing: exchange.request.body) } catch { throw .malformedJSON }
    }

    func session(_ exchange: HTTPExchange) throws(ErrorEnvelope) -> SessionView {
        let id = try ErrorEnvelope.resolve(hub.fleet.lookup(exchange.request.parameters["id"] ?? ""))
        guard let view = hub.fleet[id] else { throw ErrorEnvelope(.sessionNotFound, "there is no such session") }
        return view
    }

    func query<Query>(_ make: () throws(InvalidBody) -> Query) throws(ErrorEnvelope) -> Query {
        do { return try make() } catch { throw ErrorEnvelope(error) }
    }

    /// The client's own id for the request, or one of ours.
    func requestID(_ exchange: HTTPExchange) -> String {
        if let given = exchange.request.headers["x-request-id"], !given.isEmpty, given.utf8.count <= 200 {
            return given
        }
        requestNumber += 1
        var bytes = requestSeed
        for index in 0..<8 { bytes[15 - index] ^= UInt8(truncatingIfNeeded: requestNumber >> (8 * UInt64(index))) }
        return UUIDText.text(randomBytes: bytes)
    }
}

extension HTTPRequest {
    var queryParameters: QueryParameters { queryItems.map { (name: $0.0, value: $0.1) } }
}
