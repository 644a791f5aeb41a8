/// Answers requests for the WebSocket's path that did not become a WebSocket; passes all others on.
struct FrontResponder: HTTPResponder {
    let path: String
    let registry: ConnectionRegistry
    let next: any HTTPResponder

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard request.path == path else { return await next.respond(to: request) }
        do throws(UpgradeRequest.Refusal) {
            _ = try UpgradeRequest.check(
                method: request.method, header: { request.headers.all($0) }, hasRoom: registry.hasRoom)
        } catch {
            return error.response
        }
        // Nothing is wrong with it but its place: NIO upgrades the first request of a TCP connection only.
        return .error(
            status: 400, name: "upgrade_comes_first",
            message: "The WebSocket handshake must be the first request of a TCP connection; connect again.")
    }
}
