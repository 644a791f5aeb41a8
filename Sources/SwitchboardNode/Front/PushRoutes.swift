import Foundation
import NIOConcurrencyHelpers
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardPush
import SwitchboardTransport

/// `/v1/push/…` on the clients' port: where devices say how they can be woken. The same tokens as in `hello`.
struct PushRoutes: Sendable {
    /// Bytes of a registration.
    static let maximumBody = 4096
    static let maximumEndpointsPerUser = 16
    static let requestsPerMinute = 30

    private let verifier: TokenVerifier
    private let demo: DemoGate
    private let origins: OriginRule
    private let rules: EndpointRules
    private let publicKey: String?
    private let outbox: any PushOutbox
    private let rates = NIOLockedValueBox(UserRates(perMinute: Self.requestsPerMinute))

    init(
        _ configuration: PushConfiguration, origins: [String], verifier: TokenVerifier, demo: DemoGate,
        outbox: any PushOutbox
    ) {
        self.verifier = verifier
        self.demo = demo
        self.outbox = outbox
        self.origins = OriginRule(allowed: Set(origins))
        rules = EndpointRules(configuration)
        publicKey = configuration.webPush?.key.publicKey
    }

    private struct Configuration: Encodable {
        struct WebPush: Encodable { var publicKey: String }
        var webPush: WebPush?
    }

    private struct Endpoint: Encodable {
        var id: String
        var provider: String
        var target: String

        init(_ endpoint: PushEndpoint) {
            id = endpoint.id.text
            provider = endpoint.provider.rawValue
            target = endpoint.target
        }
    }

    private struct List: Encodable { var endpoints: [Endpoint] }

    func install(in router: inout HTTPRouter) {
        router.options(under: "/v1/push/config") { origins.preflight($0) }
        router.options(under: "/v1/push/endpoints") { origins.preflight($0) }
        router.get("/v1/push/config") { request in
            await origins.answer(request) { _ in
                Self.json(Configuration(webPush: publicKey.map { .init(publicKey: $0) }))
            }
        }
        router.get("/v1/push/endpoints") { request in
            await authorized(request) { user, _ throws(PushOutboxError) in
                Self.json(List(endpoints: try await outbox.endpoints(of: user).map(Endpoint.init)))
            }
        }
        router.put("/v1/push/endpoints") { request in
            await authorized(request) { user, request throws(PushOutboxError) in
                try await register(request, user: user)
            }
        }
        router.delete(under: "/v1/push/endpoints/") { request in
            await authorized(request) { user, request throws(PushOutboxError) in
                let id = PushEndpointID(String(request.path.dropFirst("/v1/push/endpoints/".count)))
                return try await outbox.remove(id, of: user) ? HTTPResponse(status: 204) : .notFound
            }
        }
    }

    private func register(_ request: HTTPRequest, user: UserID) async throws(PushOutboxError) -> HTTPResponse {
        guard request.body.count <= Self.maximumBody else {
            return .error(
                status: 413, name: "body_too_large",
                message:
                    "A registration has at most \(Self.maximumBody) bytes; send what the provider gave, and no more.")
        }
        let endpoint: PushEndpoint
        do throws(RegistrationRefusal) {
            endpoint = try rules.endpoint(from: request.body, user: user)
        } catch {
            return .error(status: 400, name: error.name, message: error.description)
        }
        try await outbox.register(endpoint, maximumPerUser: Self.maximumEndpointsPerUser)
        return Self.json(Endpoint(endpoint))
    }

    // MARK: Who asks

    private typealias Handler = @Sendable (UserID, HTTPRequest) async throws(PushOutboxError) -> HTTPResponse

    private func authorized(_ request: HTTPRequest, _ handler: Handler) async -> HTTPResponse {
        await origins.answer(request) { request in
            switch await user(of: request) {
            case .failure(let refusal): return refusal.response
            case .success(let user):
                let (isAdmitted, seconds) = rates.withLockedValue { $0.admit(user, now: .now) }
                guard isAdmitted else { return Self.tooMany(seconds) }
                do throws(PushOutboxError) {
                    return try await handler(user, request)
                } catch {
                    return Self.response(error)
                }
            }
        }
    }

    private struct Refusal: Error { var response: HTTPResponse }

    private func user(of request: HTTPRequest) async -> Result<UserID, Refusal> {
        let value = request.headers["authorization"] ?? ""
        guard value.prefix(7).lowercased() == "bearer " else { return .failure(Self.unauthorized(.badToken)) }
        do throws(TokenVerifier.Failure) {
            let (token, isDemo) = try await verifier.verify(String(value.dropFirst(7)))
            guard isDemo else { return .success(token.user) }
            let verdict = demo.check(
                host: request.headers["host"] ?? "", origin: request.headers["origin"],
                hasForwardedHeaders: request.hasForwardedHeaders)
            guard case .refused(let reason) = verdict else { return .success(token.user) }
            return .failure(
                Refusal(
                    response: .error(status: 403, name: ErrorName.demoRefused.rawValue, message: reason)))
        } catch {
            return .failure(Self.unauthorized(error == .expired ? .tokenExpired : .badToken))
        }
    }

    private static func unauthorized(_ name: ErrorName) -> Refusal {
        var response = HTTPResponse.error(
            status: 401, name: name.rawValue, message: "Send Authorization: Bearer TOKEN. " + name.advice)
        response.headers["www-authenticate"] = "Bearer"
        return Refusal(response: response)
    }

    // MARK: Answers

    private static func tooMany(_ seconds: Int) -> HTTPResponse {
        var response = HTTPResponse.error(
            status: 429, name: ErrorName.overloaded.rawValue,
            message: "Too many requests of this user; register an endpoint once, not at every start of a page.")
        response.headers["retry-after"] = "\(seconds)"
        return response
    }

    private static func response(_ error: PushOutboxError) -> HTTPResponse {
        switch error {
        case .tooManyEndpoints(let most):
            return .error(
                status: 409, name: "too_many_endpoints",
                message: "A user has at most \(most) endpoints; remove one that is not used any more.")
        case .unavailable:
            var response = HTTPResponse.error(
                status: 503, name: ErrorName.storeUnavailable.rawValue,
                message: "The database does not answer; try again later.")
            response.headers["retry-after"] = "2"
            return response
        }
    }

    private static func json(_ value: some Encodable) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(value) else { return .notFound }
        return .json(String(decoding: body, as: UTF8.self))
    }
}
