/// One complete HTTP request, as a responder sees it.
public struct HTTPRequest: Sendable {
    /// As sent: `GET`, `HEAD`, `POST`, …
    public var method: String
    /// The path without its query, percent-decoded; always begins with a slash. It may hold `..`: whoever maps it to files must
    /// check.
    public var path: String
    /// What follows the first `?`, percent-encoded as sent; empty if there is none.
    public var query: String
    public var headers: HTTPHeaderFields
    /// At most `HTTPLimits.maxBodyBytes`.
    public var body: [UInt8]
    /// The address of the TCP peer without its port (a balancer's, if there is one); empty if unknown.
    public var remoteAddress: String

    public init(
        method: String, path: String, query: String = "", headers: HTTPHeaderFields = [:], body: [UInt8] = [],
        remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The value of a query's first field of this name, percent-decoded; nil if there is none.
    public func query(_ name: String) -> String? {
        for field in query.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == name else { continue }
            return parts.count > 1 ? PercentEncoding.decode(parts[1]) : ""
        }
        return nil
    }

    /// True if a proxy says that it forwards for somebody else, so that `remoteAddress` is not the client's.
    public var hasForwardedHeaders: Bool {
        headers["forwarded"] != nil || headers["x-forwarded-for"] != nil
    }
}
