import Foundation
import SwitchboardProtocol
import SwitchboardTransport

/// `POST /demo/token` and `GET /demo/config`: what the demo page needs and nobody else.
struct DemoRoutes: Sendable {
    let gate: DemoGate
    let verifier: TokenVerifier
    static let lifetime: TimeInterval = 12 * 3600

    private struct Wish: Decodable { var user: String }
    private struct Answer: Encodable {
        var token: String
        var user: String
    }

    func install(in router: inout HTTPRouter) {
        router.get("/demo/config") { _ in .json("{\"demo\":\(gate.mode != .off)}") }
        router.post("/demo/token") { await token($0) }
    }

    private func token(_ request: HTTPRequest) async -> HTTPResponse {
        let verdict = gate.check(
            host: request.headers["host"] ?? "", origin: request.headers["origin"],
            hasForwardedHeaders: request.hasForwardedHeaders)
        if case .refused(let reason) = verdict {
            return .error(status: 403, name: ErrorName.demoRefused.rawValue, message: reason)
        }
        guard let wish = try? JSONDecoder().decode(Wish.self, from: Data(request.body)),
            let user = UserID(wish.user)
        else {
            return .error(
                status: 400, name: ErrorName.invalidIdentifier.rawValue,
                message: "The body must be {\"user\": NAME}. " + ErrorName.invalidIdentifier.advice)
        }
        guard
            let token = try? await verifier.make(
                user: user.text, expires: Date(timeIntervalSinceNow: Self.lifetime), isDemo: true),
            let body = try? JSONEncoder().encode(Answer(token: token, user: user.text))
        else {
            return .error(
                status: 500, name: ErrorName.serverError.rawValue,
                message: "Demo tokens need auth.secretFile; a public key can't sign.")
        }
        return .json(String(decoding: body, as: UTF8.self))
    }
}
