import Crypto
import Foundation
public import SwitchboardCore
import SwitchboardProtocol

/// Posts pushes to the application's own server, signed, for services that have no provider here.
public struct WebhookProvider: PushProvider {
    public struct Configuration: Sendable {
        public var url: TargetURL
        /// 32 bytes or more; shared with the application's server.
        public var secret: Concealed<[UInt8]>

        public init(url: TargetURL, secret: Concealed<[UInt8]>) {
            self.url = url
            self.secret = secret
        }
    }

    public let kind = PushProviderKind.webhook
    private let configuration: Configuration
    private let http: any OutboundHTTP

    public init(_ configuration: Configuration, http: any OutboundHTTP) {
        self.configuration = configuration
        self.http = http
    }

    private struct Content: Encodable {
        /// The same when it is sent again.
        var id: String
        /// The callee.
        var user: String
        /// What the application has registered.
        var target: String
        var collapseKey: String
        var push: PushPayload
    }

    public func send(_ message: PushMessage, within timeout: Duration) async -> ProviderAnswer {
        let now = Date()
        let body = JSONText.of(
            Content(
                id: "\(message.collapseKey)-\(message.isInvite ? "invite" : "cancel")-\(message.endpoint.id.text)",
                user: message.endpoint.user.text, target: message.endpoint.target,
                collapseKey: message.collapseKey, push: PushPayload(message, now: now)))
        let signature = WebhookSignature.header(
            for: Array(body.utf8), secret: configuration.secret.value, time: Int(now.timeIntervalSince1970))
        let request = OutboundRequest(
            configuration.url,
            headers: [("content-type", "application/json"), ("switchboard-signature", signature)],
            body: Array(body.utf8))
        do throws(OutboundError) {
            let response = try await http.post(request, within: timeout)
            // 404 is more likely a wrong address than a device that is gone; 410 can't be meant otherwise.
            return response.status == 410 ? .endpointGone(reason: "410") : ProviderAnswer(response, now: now)
        } catch {
            return ProviderAnswer(error)
        }
    }
}

/// `t=UNIX SECONDS,v1=HEX`: HMAC-SHA256 (RFC 2104) over the time, a dot, and the body. The receiver refuses what is older than
/// five minutes, so that nobody can replay it later.
public enum WebhookSignature {
    public static func header(for body: [UInt8], secret: [UInt8], time: Int) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(time).".utf8) + body, using: SymmetricKey(data: secret))
        let hex = code.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        return "t=\(time),v1=\(hex)"
    }
}
