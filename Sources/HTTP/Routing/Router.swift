import Bytes
import Reactor

/// Finds the handler of a request by method and path pattern.
///
/// A pattern is a path whose segments may be `:name`, which takes one segment, and whose last may be `*`, which takes the
/// rest. Literal segments win over parameters. A path that is known with other methods is 405 with `Allow`.
@Loop
public final class Router {
    public typealias Handler = @Loop (HTTPExchange) -> Void

    private final class Node {
        var literals: [String: Node] = [:]
        var parameter: Node?
        var handlers: [(method: HTTPMethod, route: Route)] = []
        var rest: [(method: HTTPMethod, route: Route)] = []
    }

    private struct Route {
        var pattern: String
        /// Names of the parameters, in order: another pattern may call the same segment by another name.
        var names: [String] = []
        var bodyLimit: Int?
        var handler: Handler
    }

    public enum Match {
        case found(handler: Handler, pattern: String, parameters: [(name: String, value: String)], bodyLimit: Int?)
        case wrongMethod(allowed: [HTTPMethod])
        case unknown
    }

    private var heads: [String: Handler] = [:]
    private let root = Node()
    /// Whole paths without parameters: one look-up for what is asked most.
    private var exact: [String: [(method: HTTPMethod, route: Route)]] = [:]

    public init() {}

    /// - Parameter bodyLimit: In bytes, where it is not the server's own.
    public func on(_ method: HTTPMethod, _ pattern: String, bodyLimit: Int? = nil, _ handler: @escaping Handler) {
        var route = Route(pattern: pattern, bodyLimit: bodyLimit, handler: handler)
        let segments = pattern.split(separator: "/", omittingEmptySubsequences: true)
        var node = root
        for segment in segments {
            if segment == "*" {
                node.rest.append((method, route))
                return
            } else if segment.hasPrefix(":") {
                route.names.append(String(segment.dropFirst()))
                let next = node.parameter ?? Node()
                node.parameter = next
                node = next
            } else {
                let next = node.literals[String(segment)] ?? Node()
                node.literals[String(segment)] = next
                node = next
            }
        }
        node.handlers.append((method, route))
        if !pattern.contains(":") { exact[pattern, default: []].append((method, route)) }
    }

    /// Registers who is told of a request to exactly this path before its body is read.
    public func onHead(_ path: String, _ handler: @escaping Handler) { heads[path] = handler }

    public func readHead(_ exchange: HTTPExchange) { heads[exchange.request.path]?(exchange) }

    /// Finds the route of a request, once however often it is asked for.
    public func match(_ request: HTTPRequest) -> Match {
        if let route = request.route { return route }
        let match = match(request.method, request.path)
        request.route = match
        return match
    }

    public func match(_ method: HTTPMethod, _ path: String) -> Match {
        if let routes = exact[path] { return choose(routes, method, []) }
        let segments = path.split(separator: "/", omittingEmptySubsequences: true)
        var parameters: [String] = []
        var node = root
        var fallback: [(method: HTTPMethod, route: Route)] = root.rest
        for segment in segments {
            if let next = node.literals[String(segment)] {
                node = next
            } else if let next = node.parameter {
                parameters.append(percentDecoded(segment))
                node = next
            } else {
                return fallback.isEmpty ? .unknown : choose(fallback, method, parameters)
            }
            if !node.rest.isEmpty { fallback = node.rest }
        }
        if node.handlers.isEmpty { return fallback.isEmpty ? .unknown : choose(fallback, method, parameters) }
        return choose(node.handlers, method, parameters)
    }

    private func choose(
        _ routes: [(method: HTTPMethod, route: Route)], _ method: HTTPMethod,
        _ parameters: [String]
    ) -> Match {
        // HEAD is GET without the body, which the connection leaves out.
        for candidate in routes where candidate.method == method {
            let route = candidate.route
            return .found(
                handler: route.handler, pattern: route.pattern,
                parameters: zip(route.names, parameters).map { (name: $0, value: $1) }, bodyLimit: route.bodyLimit)
        }
        return method == .head ? choose(routes, .get, parameters) : .wrongMethod(allowed: routes.map(\.method))
    }
}

extension HTTPExchange {
    /// Fills in what the route's pattern took from the path.
    public func setParameters(_ parameters: [(name: String, value: String)]) {
        for parameter in parameters { request.parameters[parameter.name] = parameter.value }
    }
}
