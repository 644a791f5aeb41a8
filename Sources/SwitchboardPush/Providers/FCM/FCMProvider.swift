import Foundation
public import SwitchboardCore

/// Firebase Cloud Messaging by its HTTP v1 interface. Data messages only: the app decides what it shows.
public struct FCMProvider: PushProvider {
    public struct Configuration: Sendable {
        public var account: ServiceAccount
        /// Google's, unless somebody stands in for it.
        public var service: TargetURL

        public init(account: ServiceAccount, service: TargetURL) {
            self.account = account
            self.service = service
        }
    }

    public let kind = PushProviderKind.fcm
    private let configuration: Configuration
    private let tokens: AccessTokens
    private let http: any OutboundHTTP

    public init(_ configuration: Configuration, http: any OutboundHTTP) {
        self.configuration = configuration
        self.http = http
        tokens = AccessTokens(configuration.account, http: http)
    }

    private struct Content: Encodable {
        struct Message: Encodable {
            var token: String
            /// Values are text only, so the payload is one.
            var data: [String: String]
            var android: Android
        }
        struct Android: Encodable {
            var collapseKey: String
            var priority = "HIGH"
            var ttl: String

            enum CodingKeys: String, CodingKey {
                case collapseKey = "collapse_key"
                case priority, ttl
            }
        }
        var message: Message
    }

    public func send(_ message: PushMessage, within timeout: Duration) async -> ProviderAnswer {
        let started = ContinuousClock.now
        let token: String
        do throws(AccessTokens.Failure) {
            token = try await tokens.token(within: timeout)
        } catch {
            return error.answer
        }
        guard let url = try? configuration.service.at("/v1/projects/\(configuration.account.projectID)/messages:send")
        else { return .refused(reason: "the project's id cannot be used") }
        let content = Content(
            message: .init(
                token: message.endpoint.target,
                data: ["switchboard": PushPayload(message, now: Date()).json],
                android: .init(collapseKey: message.collapseKey, ttl: "\(message.secondsLeft)s")))
        let request = OutboundRequest(
            url, headers: [("authorization", "Bearer \(token)"), ("content-type", "application/json")],
            body: Array(JSONText.of(content).utf8))
        do throws(OutboundError) {
            let left = max(timeout - (ContinuousClock.now - started), .milliseconds(100))
            let response = try await http.post(request, within: left)
            return await answer(response, device: message.endpoint.target, token: token)
        } catch {
            return ProviderAnswer(error)
        }
    }

    private struct Failure: Decodable {
        struct Detail: Decodable { var errorCode: String? }
        struct Problem: Decodable {
            var status: String?
            var details: [Detail]?
        }
        var error: Problem
    }

    private func answer(_ response: OutboundResponse, device: String, token: String) async -> ProviderAnswer {
        let problem = (try? JSONDecoder().decode(Failure.self, from: Data(response.body)))?.error
        let code = problem?.details?.compactMap(\.errorCode).first
        let reason = ProviderReason.clean(code ?? problem?.status, hiding: device)
        // Not every 404: a project that does not exist is one too, and no reason to forget all endpoints.
        if code == "UNREGISTERED" { return .endpointGone(reason: "\(response.status) UNREGISTERED") }
        if response.status == 401, code != "THIRD_PARTY_AUTH_ERROR" {
            await tokens.refused(token)
            return .postponed(after: nil, reason: "401 \(reason ?? "the access token was refused")")
        }
        return ProviderAnswer(response, reason: reason)
    }
}
