/// A responder made of routes. The first route that fits the path and the method answers; what fits none goes to `fallback`.
///
/// ```swift
/// var router = HTTPRouter()
/// router.get("/health/live") { _ in .text("ok\n") }
/// router.get(under: "/conversations/") { request in … }
/// router.fallback = StaticFiles(root: directory)
/// ```
public struct HTTPRouter: HTTPResponder {
    public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    private enum Pattern: Sendable {
        case exactly(String)
        case under(String)

        func matches(_ path: String) -> Bool {
            switch self {
            case .exactly(let text): path == text
            case .under(let prefix): path.hasPrefix(prefix)
            }
        }
    }

    private struct Route: Sendable {
        var methods: [String]
        var pattern: Pattern
        var handler: Handler
    }

    private var routes: [Route] = []
    /// Asked for every path without a route.
    public var fallback: any HTTPResponder = EmptyResponder()

    public init() {}

    /// `GET` and `HEAD` of exactly this path.
    public mutating func get(_ path: String, _ handler: @escaping Handler) {
        routes.append(Route(methods: ["GET", "HEAD"], pattern: .exactly(path), handler: handler))
    }

    /// `GET` and `HEAD` of every path that begins with this prefix.
    public mutating func get(under prefix: String, _ handler: @escaping Handler) {
        routes.append(Route(methods: ["GET", "HEAD"], pattern: .under(prefix), handler: handler))
    }

    /// `POST` to exactly this path.
    public mutating func post(_ path: String, _ handler: @escaping Handler) {
        routes.append(Route(methods: ["POST"], pattern: .exactly(path), handler: handler))
    }

    /// `PUT` to exactly this path.
    public mutating func put(_ path: String, _ handler: @escaping Handler) {
        routes.append(Route(methods: ["PUT"], pattern: .exactly(path), handler: handler))
    }

    /// `DELETE` of every path that begins with this prefix.
    public mutating func delete(under prefix: String, _ handler: @escaping Handler) {
        routes.append(Route(methods: ["DELETE"], pattern: .under(prefix), handler: handler))
    }

    /// `OPTIONS` of every path that begins with this prefix: what browsers ask before a request of a page of another origin.
    public mutating func options(under prefix: String, _ handler: @escaping Handler) {
        routes.append(Route(methods: ["OPTIONS"], pattern: .under(prefix), handler: handler))
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        let fitting = routes.filter { $0.pattern.matches(request.path) }
        if let route = fitting.first(where: { $0.methods.contains(request.method) }) {
            return await route.handler(request)
        }
        guard fitting.isEmpty else { return .methodNotAllowed(fitting.flatMap(\.methods)) }
        return await fallback.respond(to: request)
    }
}
