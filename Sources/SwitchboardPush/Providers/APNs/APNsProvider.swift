import Foundation
public import SwitchboardCore

/// Apple's push service, by its HTTP/2 interface, with tokens rather than certificates.
public struct APNsProvider: PushProvider {
    public struct Configuration: Sendable {
        /// The `.p8` file of the developer account.
        public var key: SigningKey
        public var keyID: String
        public var teamID: String
        /// Bundle ids of the apps that may register.
        public var topics: Set<String>
        public var production: TargetURL
        public var sandbox: TargetURL

        public init(
            key: SigningKey, keyID: String, teamID: String, topics: Set<String>, production: TargetURL,
            sandbox: TargetURL
        ) {
            self.key = key
            self.keyID = keyID
            self.teamID = teamID
            self.topics = topics
            self.production = production
            self.sandbox = sandbox
        }
    }

    public let kind = PushProviderKind.apns
    private let configuration: Configuration
    private let tokens: APNsTokens
    private let http: any OutboundHTTP

    public init(_ configuration: Configuration, http: any OutboundHTTP) {
        self.configuration = configuration
        self.http = http
        tokens = APNsTokens(key: configuration.key, keyID: configuration.keyID, teamID: configuration.teamID)
    }

    public func send(_ message: PushMessage, within timeout: Duration) async -> ProviderAnswer {
        let now = Date()
        let endpoint: APNsEndpoint
        do throws(KeyError) {
            endpoint = try APNsEndpoint(parameters: message.endpoint.parameters.utf8)
        } catch {
            return .refused(reason: error.description)
        }
        let notification = APNsNotification(message, endpoint, now: now)
        let service = endpoint.environment == .production ? configuration.production : configuration.sandbox
        guard let url = try? service.at("/3/device/\(notification.token)"),
            let token = try? await tokens.token(now: now)
        else { return .refused(reason: "the device token or the signing key cannot be used") }
        let request = OutboundRequest(
            url, headers: [("authorization", "bearer \(token)")] + notification.headers,
            body: Array(notification.body.utf8))
        do throws(OutboundError) {
            let response = try await http.post(request, within: timeout)
            return await answer(response, device: notification.token, token: token, now: now)
        } catch {
            return ProviderAnswer(error)
        }
    }

    private func answer(
        _ response: OutboundResponse, device: String, token: String, now: Date
    ) async -> ProviderAnswer {
        struct Failure: Decodable { var reason: String }
        let failure = try? JSONDecoder().decode(Failure.self, from: Data(response.body))
        let reason = ProviderReason.clean(failure?.reason, hiding: device)
        switch failure?.reason {
        case "Unregistered", "ExpiredToken":
            return .endpointGone(reason: "\(response.status) \(reason ?? "")")
        case "ExpiredProviderToken":
            await tokens.refused(token, now: now)
            return .postponed(after: nil, reason: "\(response.status) ExpiredProviderToken")
        case _ where response.status == 410: return .endpointGone(reason: "410")
        default: return ProviderAnswer(response, reason: reason, now: now)
        }
    }
}
