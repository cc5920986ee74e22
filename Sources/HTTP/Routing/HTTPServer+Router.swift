import Reactor

extension HTTPServer {
    /// A server that answers through a router; what the router does not know is 404 or 405.
    public convenience init(
        options: HTTPServerOptions = HTTPServerOptions(), router: Router, unknown: (@Loop (HTTPExchange) -> Void)? = nil
    ) {
        self.init(options: options) { exchange in
            switch router.match(exchange.request) {
            case .found(let handler, _, let parameters, _):
                exchange.setParameters(parameters)
                handler(exchange)
            case .wrongMethod(let allowed): exchange.respondWrongMethod(allowed)
            case .unknown:
                if let unknown { unknown(exchange) } else { exchange.respondUnknown() }
            }
        }
        headHandler = { router.readHead($0) }
        let limit = self.options.maxBodySize
        bodyLimit = { request in
            if case .found(_, _, _, let bodyLimit) = router.match(request) { return bodyLimit ?? limit }
            return limit
        }
    }
}

extension Router {
    /// The field `Allow` for these methods; where there is GET there is HEAD.
    public static func allow(_ methods: [HTTPMethod]) -> String {
        var names: [String] = []
        for method in methods where method != .other && !names.contains(method.rawValue) {
            names.append(method.rawValue)
        }
        if names.contains("GET"), !names.contains("HEAD") { names.append("HEAD") }
        return names.joined(separator: ", ")
    }
}

extension HTTPExchange {
    /// 404: no such path.
    public func respondUnknown() {
        respond(.json(["error": ["code": "NOT_FOUND", "message": "there is nothing at this address"]], status: 404))
    }

    /// 405: the path exists, with other methods.
    public func respondWrongMethod(_ allowed: [HTTPMethod]) {
        let names = Router.allow(allowed)
        respond(
            .json(
                ["error": ["code": "METHOD_NOT_ALLOWED", "message": .string("this address takes \(names)")]],
                status: 405, headers: [("Allow", names)]))
    }
}
