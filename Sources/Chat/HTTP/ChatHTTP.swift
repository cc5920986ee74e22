import Bytes
import Fleet
import HTTP
import Reactor

/// The routes of the chat runtime (chat-runtime §1).
@Loop
public final class ChatHTTP {
    public struct Options: Sendable {
        public var version: String
        public var startedAt: Timestamp
        /// `server.auth_token`: then every route but the health asks for it (§1.6).
        public var token: String?

        public init(version: String, startedAt: Timestamp, token: String? = nil) {
            self.version = version
            self.startedAt = startedAt
            self.token = token
        }
    }

    /// Pages that may use the chat beside the daemon's own: those of the desktop shell, and of its development (§1.5).
    public static let knownOrigins = [
        "tauri://localhost", "http://tauri.localhost", "https://tauri.localhost", "http://127.0.0.1:1420",
        "http://localhost:1420",
    ]

    /// Of a request's body (§1.4).
    static let bodyLimit = 2 << 20

    let service: ChatService
    let configuration: ChatConfiguration?
    let options: Options
    private let healthTail: [UInt8]

    private static let roots = [
        "/api/health", "/api/sessions", "/api/chat", "/api/config", "/api/skills", "/api/upgrade",
    ]

    /// - Parameter configuration: The configuration file; without one its routes answer 503.
    public init(_ service: ChatService, configuration: ChatConfiguration?, options: Options) {
        self.service = service
        self.configuration = configuration
        self.options = options
        let started = PreciseTime(options.startedAt).rfc3339Microseconds(zone: "+00:00")
        healthTail = Array(
            ",\"version\":\(JSON.string(options.version).text),\"started_at\":\"\(started)\",\"agent\":".utf8)
    }

    // MARK: - Answers

    func respond(_ exchange: HTTPExchange, _ json: JSON) {
        exchange.respond(.json(json, headers: [("Cache-Control", "no-store")]))
    }

    func respond(_ exchange: HTTPExchange, _ error: TurnError) { exchange.respond(Self.response(error)) }

    /// Runs a handler whose failures are answers.
    func answer(_ exchange: HTTPExchange, _ body: () throws(TurnError) -> Void) {
        do throws(TurnError) { try body() } catch { respond(exchange, error) }
    }

    static func response(_ error: TurnError) -> HTTPResponse {
        .json(
            ["code": .string(error.code.rawValue), "message": .string(error.message)],
            status: HTTPStatus(error.code.status))
    }

    /// The id in the path. Escapes that are none, or that are no text, are a mistake of the request (§1.4).
    func sessionID(_ exchange: HTTPExchange) throws(TurnError) -> String {
        guard PathEscapes.areSound(exchange.request.path) else {
            throw TurnError(.invalidRequest, "the path has a percent escape that is none")
        }
        return exchange.request.parameters["id"] ?? ""
    }

    static let noSession = TurnError(.notFound, "there is no such session")

    // MARK: - Health

    private func health(_ exchange: HTTPExchange) {
        var body: [UInt8] = []
        body.reserveCapacity(160)
        body.append(literal: "{\"status\":\"ok\",\"now\":\"")
        body.append(contentsOf: ChatTime.now.rfc3339Microseconds(zone: "+00:00").utf8)
        body.append(literal: "\"")
        body.append(contentsOf: healthTail)
        if case .success = service.agent {
            body.append(literal: "\"ready\"}")
        } else {
            body.append(literal: "\"degraded\"}")
        }
        exchange.respond(.json(bytes: body))
    }

    // MARK: - Skills, upgrade

    private func skills(_ exchange: HTTPExchange) throws(TurnError) {
        let tools = try service.agent.get().tools
        service.readers.run({ tools.skills() }) { [self] skills in
            respond(exchange, .array(skills.sorted { $0.id < $1.id }.map(\.json)))
        }
    }

    private func skill(_ exchange: HTTPExchange) throws(TurnError) {
        let id = try sessionID(exchange)
        let unknown = TurnError(.notFound, "there is no such skill")
        guard SessionIDRules.accepts(id) else { throw unknown }
        let tools = try service.agent.get().tools
        service.readers.run({ tools.skill(id).map { Found($0.skill, $0.body) } }) { [self] found in
            guard let found else { return respond(exchange, unknown) }
            respond(exchange, ["meta": found.skill.json, "body": .string(found.body)])
        }
    }

    private struct Found: Sendable {
        let skill: ChatSkill
        let body: String
        init(_ skill: ChatSkill, _ body: String) { (self.skill, self.body) = (skill, body) }
    }

    /// Drover comes by the package manager, not by itself (§8.3).
    private func upgrade(_ exchange: HTTPExchange) {
        respond(
            exchange,
            [
                "supported": false, "current_version": .string(options.version), "latest_version": nil,
                "latest_tag_name": nil, "upgrade_available": false, "install_prefix": nil, "current_release_root": nil,
                "repository": nil, "latest_release_url": nil, "download_url": nil,
                "reason": "this program is updated the way it was installed",
            ])
    }
}

// MARK: - Surface

extension ChatHTTP: @Loop HTTPSurface {
    public func owns(_ path: String) -> Bool {
        guard path.utf8.starts(with: "/api/".utf8) else { return false }
        return Self.roots.contains { root in
            path.utf8.starts(with: root.utf8)
                && (path.utf8.count == root.utf8.count
                    || path.utf8.dropFirst(root.utf8.count).first == UInt8(ascii: "/"))
        }
    }

    public func mount(on router: Router) {
        router.on(.get, "/api/health") { [self] in health($0) }
        mountSessions(on: router)
        router.on(.post, "/api/chat", bodyLimit: Self.bodyLimit) { [self] exchange in
            answer(exchange) { () throws(TurnError) in
                try service.chat(try ChatRequest(body: exchange.request.body), on: exchange)
            }
        }
        mountConfiguration(on: router)
        router.on(.get, "/api/skills") { [self] exchange in
            answer(exchange) { () throws(TurnError) in try skills(exchange) }
        }
        router.on(.get, "/api/skills/:id") { [self] exchange in
            answer(exchange) { () throws(TurnError) in try skill(exchange) }
        }
        router.on(.get, "/api/upgrade") { [self] in upgrade($0) }
    }

    public func screen(_ exchange: HTTPExchange) -> HTTPResponse? {
        let path = exchange.request.path
        if let token = options.token, path != "/api/health" {
            let header = exchange.request.headers["authorization"]
            guard let given = Self.bearer(header) else {
                var response = Self.response(TurnError(.unauthorized, "this daemon asks for its token"))
                response.headers.append(("WWW-Authenticate", "Bearer"))
                return response
            }
            guard Self.isSame(given, token) else {
                return Self.response(TurnError(.forbidden, "this is not the daemon's token"))
            }
        }
        // The router takes `/api/sessions/` for `/api/sessions`; this contract does not (§1.1).
        if path.utf8.last == UInt8(ascii: "/") || Self.hasEmptySegment(path) {
            return refusal(404, "there is nothing at this address")
        }
        return nil
    }

    public func refusal(_ status: HTTPStatus, _ message: String) -> HTTPResponse {
        let code: ChatErrorCode
        switch status.code {
        case 401: code = .unauthorized
        case 403: code = .forbidden
        case 404: code = .notFound
        case 405: code = .methodNotAllowed
        case 413: code = .payloadTooLarge
        case 500...: code = .internalError
        default: code = .invalidRequest
        }
        return .json(["code": .string(code.rawValue), "message": .string(message)], status: status)
    }

    public var preflightHeaders: [(name: String, value: String)] {
        [
            ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
            ("Access-Control-Allow-Headers", "authorization, content-type"), ("Access-Control-Max-Age", "600"),
        ]
    }

    public func crossOriginHeaders(_ origin: String) -> [(name: String, value: String)] {
        [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
    }

    private static func hasEmptySegment(_ path: String) -> Bool {
        var previous: UInt8 = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/"), previous == byte { return true }
            previous = byte
        }
        return false
    }

    private static func bearer(_ header: String?) -> String? {
        guard let header else { return nil }
        let words = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return String(words[1])
    }

    /// Takes as long whatever the difference is.
    private static func isSame(_ given: String, _ token: String) -> Bool {
        let given = Array(given.utf8)
        let token = Array(token.utf8)
        var difference = UInt8(given.count == token.count ? 0 : 1)
        for index in token.indices { difference |= token[index] ^ (index < given.count ? given[index] : ~token[index]) }
        return difference == 0
    }
}

/// What a path may say with `%`.
enum PathEscapes {
    /// Whether every escape is two hexadecimal digits, and all of them together are UTF-8.
    static func areSound(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        guard bytes.contains(UInt8(ascii: "%")) else { return true }
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                decoded.append(bytes[index])
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = bytes[index + 1].hexDigitValue,
                let low = bytes[index + 2].hexDigitValue
            else { return false }
            decoded.append(UInt8(high << 4 | low))
            index += 3
        }
        return (try? UTF8Span(validating: decoded.span)) != nil
    }
}
