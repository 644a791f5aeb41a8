import SwitchboardTransport

/// Which web pages may speak to the node over HTTP: those of its own origin, and of origins that were configured (CORS, Fetch
/// §3.2). Apps send no `Origin` and are not concerned.
struct OriginRule: Sendable {
    /// As browsers write them: `https://app.example.org`.
    let allowed: Set<String>

    /// - Parameter host: the request's `Host`.
    func allows(_ origin: String?, host: String) -> Bool {
        guard let origin = origin?.lowercased() else { return true }
        return origin == "http://\(host.lowercased())" || origin == "https://\(host.lowercased())"
            || allowed.contains(origin)
    }

    /// Answers what a browser asks before it lets a page send its request.
    func preflight(_ request: HTTPRequest) -> HTTPResponse {
        guard let origin = request.headers["origin"], allows(origin, host: request.headers["host"] ?? "") else {
            return Self.refusal
        }
        return permit(
            origin,
            HTTPResponse(
                status: 204,
                headers: [
                    "access-control-allow-methods": "GET, PUT, DELETE",
                    "access-control-allow-headers": "authorization, content-type", "access-control-max-age": "600",
                ]))
    }

    /// Answers for a page of any allowed origin to read it.
    func answer(
        _ request: HTTPRequest, _ handler: @Sendable (HTTPRequest) async -> HTTPResponse
    ) async -> HTTPResponse {
        let origin = request.headers["origin"]
        guard allows(origin, host: request.headers["host"] ?? "") else { return Self.refusal }
        let response = await handler(request)
        return origin.map { permit($0, response) } ?? response
    }

    private func permit(_ origin: String, _ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers["access-control-allow-origin"] = origin
        response.headers["vary"] = "origin"
        return response
    }

    private static let refusal = HTTPResponse.error(
        status: 403, name: "origin_refused",
        message: "Pages of this origin may not use this server; its operator lists such origins in push.origins.")
}
