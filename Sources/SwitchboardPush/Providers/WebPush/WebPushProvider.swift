import Foundation
public import SwitchboardCore

/// Web Push (RFC 8030): browsers' push services, each subscription at a URL of its own.
public struct WebPushProvider: PushProvider {
    public struct Configuration: Sendable {
        /// The VAPID key; subscriptions are bound to its public half.
        public var key: SigningKey
        /// Whom push services may ask about this sender: `mailto:…` or `https://…`.
        public var subject: String
        public var hosts: [HostPattern]

        public init(key: SigningKey, subject: String, hosts: [HostPattern] = .webPushServices) {
            self.key = key
            self.subject = subject
            self.hosts = hosts
        }
    }

    public let kind = PushProviderKind.webPush
    private let hosts: [HostPattern]
    private let tokens: VAPIDTokens
    private let http: any OutboundHTTP

    public init(_ configuration: Configuration, http: any OutboundHTTP) {
        hosts = configuration.hosts
        tokens = VAPIDTokens(key: configuration.key, subject: configuration.subject)
        self.http = http
    }

    public func send(_ message: PushMessage, within timeout: Duration) async -> ProviderAnswer {
        let now = Date()
        let url: TargetURL
        let body: [UInt8]
        do throws(TargetRefusal) {
            url = try TargetURL(message.endpoint.target)
            // Once more: the list may have become shorter since the endpoint was registered.
            try hosts.check(url)
        } catch {
            return .refused(reason: error.description)
        }
        do throws(KeyError) {
            let subscription = try WebPushSubscription(parameters: message.endpoint.parameters.utf8)
            let payload = PushPayload(message, now: now).json
            body = try WebPushEncryption().encrypt(Array(payload.utf8), for: subscription)
        } catch {
            return .refused(reason: error.description)
        }
        guard let authorization = try? await tokens.authorization(for: url.origin, now: now) else {
            return .refused(reason: "the VAPID token cannot be signed")
        }
        let request = OutboundRequest(
            url,
            headers: [
                ("authorization", authorization), ("content-encoding", "aes128gcm"),
                ("content-type", "application/octet-stream"), ("ttl", "\(message.secondsLeft)"), ("urgency", "high"),
                ("topic", message.collapseKey),
            ], body: body)
        do throws(OutboundError) {
            return answer(try await http.post(request, within: timeout), target: url.path, now: now)
        } catch {
            return ProviderAnswer(error)
        }
    }

    private func answer(_ response: OutboundResponse, target: String, now: Date) -> ProviderAnswer {
        let reason = ProviderReason.clean(Self.reason(response.body), hiding: target)
        if response.status == 404 || response.status == 410 {
            // RFC 8030 §7.3: the subscription has expired or was taken back.
            return .endpointGone(reason: "\(response.status)" + (reason.map { " \($0)" } ?? ""))
        }
        return ProviderAnswer(response, reason: reason, now: now)
    }

    /// Mozilla says `message`, Apple `reason`; others write text, which isn't kept.
    private static func reason(_ body: [UInt8]) -> String? {
        struct Fields: Decodable {
            var reason: String?
            var message: String?
        }
        let fields = try? JSONDecoder().decode(Fields.self, from: Data(body))
        return fields?.reason ?? fields?.message
    }
}
