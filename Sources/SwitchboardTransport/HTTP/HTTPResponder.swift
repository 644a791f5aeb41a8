/// Answers HTTP requests.
///
/// Called on the cooperative thread pool, for many connections at once, never twice at once for one connection. It must always
/// answer; a connection waits for it without a limit of its own.
public protocol HTTPResponder: Sendable {
    func respond(to request: HTTPRequest) async -> HTTPResponse
}

/// Answers 404 to everything.
public struct EmptyResponder: HTTPResponder {
    public init() {}

    public func respond(to request: HTTPRequest) async -> HTTPResponse { .notFound }
}
