import Crypto
import Foundation
public import SwitchboardCore
public import SwitchboardProtocol

/// Checks what a client registers, and makes an endpoint of it. Pure.
public struct EndpointRules: Sendable {
    private let webPushHosts: [HostPattern]?
    private let apnsTopics: Set<String>?
    private let takesFCM: Bool
    private let takesWebhook: Bool

    public init(_ configuration: PushConfiguration) {
        webPushHosts = configuration.webPush?.hosts
        apnsTopics = configuration.apns?.topics
        takesFCM = configuration.fcm != nil
        takesWebhook = configuration.webhook != nil
    }

    private struct Wish: Decodable {
        var provider: String?
        var target: String?
    }

    /// - Parameter body: `{"provider":…,"target":…,"parameters":{…}}`.
    /// - Throws: `RegistrationRefusal`.
    public func endpoint(from body: [UInt8], user: UserID) throws(RegistrationRefusal) -> PushEndpoint {
        let data = Data(body)
        guard let wish = try? JSONDecoder().decode(Wish.self, from: data), let name = wish.provider,
            let target = wish.target
        else {
            throw .malformed("The body must be {\"provider\": NAME, \"target\": TEXT, \"parameters\": {…}}.")
        }
        guard let provider = PushProviderKind(rawValue: name) else { throw .unknownProvider(String(name.prefix(64))) }
        let (checked, parameters) = try check(target, Self.parameters(in: data), for: provider)
        return PushEndpoint(
            id: Self.id(of: provider, checked), user: user, provider: provider, target: checked,
            parameters: parameters)
    }

    /// A digest: it may stand in logs, and says nothing to whoever does not know the target. 144 bits, 24 characters.
    static func id(of provider: PushProviderKind, _ target: String) -> PushEndpointID {
        let digest = SHA256.hash(data: Array("\(provider.rawValue)\0\(target)".utf8))
        return PushEndpointID(Base64URL.encode(Array(digest.prefix(18))))
    }

    /// The JSON of the member `parameters`, for each provider to read what it knows.
    private static func parameters(in body: Data) -> Data {
        let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any]
        let parameters = object?["parameters"] as? [String: Any] ?? [:]
        return (try? JSONSerialization.data(withJSONObject: parameters)) ?? Data("{}".utf8)
    }

    // MARK: By provider

    private func check(
        _ target: String, _ parameters: Data, for provider: PushProviderKind
    ) throws(RegistrationRefusal) -> (target: String, parameters: String) {
        switch provider {
        case .webPush: try webPush(target, parameters)
        case .apns: try apns(target, parameters)
        case .fcm: try fcm(target)
        case .webhook: try webhook(target)
        }
    }

    private func webPush(
        _ target: String, _ parameters: Data
    ) throws(RegistrationRefusal) -> (target: String, parameters: String) {
        guard let webPushHosts else { throw .notConfigured("web_push") }
        let url: TargetURL
        do throws(TargetRefusal) {
            url = try TargetURL(target)
            try webPushHosts.check(url)
        } catch {
            if case .malformed = error { throw .malformed("target: \(error).") }
            throw .targetNotAllowed("target: \(error). The operator's push.webPush.hosts says which are.")
        }
        do throws(KeyError) {
            return (url.text, try WebPushSubscription(parameters: parameters).parameters)
        } catch {
            throw .malformed("\(error).")
        }
    }

    private func apns(
        _ target: String, _ parameters: Data
    ) throws(RegistrationRefusal) -> (target: String, parameters: String) {
        guard let apnsTopics else { throw .notConfigured("apns") }
        let token = target.lowercased()
        guard APNsEndpoint.isToken(token) else {
            throw .malformed("target must be the device token in hexadecimal digits.")
        }
        let endpoint: APNsEndpoint
        do throws(KeyError) {
            endpoint = try APNsEndpoint(parameters: parameters)
        } catch {
            throw .malformed("\(error).")
        }
        guard apnsTopics.contains(endpoint.topic) else {
            throw .targetNotAllowed(
                "topic is none that this server sends to; the operator's push.apns.topics lists them.")
        }
        return (token, endpoint.parameters)
    }

    private func fcm(_ target: String) throws(RegistrationRefusal) -> (target: String, parameters: String) {
        guard takesFCM else { throw .notConfigured("fcm") }
        let isToken = target.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard (20...2048).contains(target.utf8.count), isToken else {
            throw .malformed("target must be the registration token that FirebaseMessaging gives.")
        }
        return (target, "{}")
    }

    private func webhook(_ target: String) throws(RegistrationRefusal) -> (target: String, parameters: String) {
        guard takesWebhook else { throw .notConfigured("webhook") }
        // The same rule as for ids: it goes into the database and comes back to the application.
        guard DeviceID(target) != nil else {
            throw .malformed(
                "target must be the application's name of the device: 1 to 128 bytes, no control characters.")
        }
        return (target, "{}")
    }
}
