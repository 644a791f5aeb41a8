import Crypto
import Foundation
import PushTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("EndpointRules")
struct EndpointRulesTests {
    private static let device = String(repeating: "AB", count: 32)
    private let bob = UserID(trusted: "bob")

    private func rules(_ change: (inout PushConfiguration) throws -> Void = { _ in }) throws -> EndpointRules {
        let key = SigningKey(P256.Signing.PrivateKey())
        var configuration = PushConfiguration()
        configuration.webPush = .init(key: key, subject: "mailto:a@b.c")
        configuration.apns = .init(
            key: key, keyID: "K", teamID: "T", topics: ["com.example.app"], production: try TargetURL("https://a.b"),
            sandbox: try TargetURL("https://a.b"))
        let account: [String: String] = [
            "project_id": "p", "client_email": "e", "private_key": TestKeys.accountKey,
        ]
        configuration.fcm = .init(
            account: try ServiceAccount(json: JSONEncoder().encode(account)), service: try TargetURL("https://a.b"))
        configuration.webhook = .init(url: try TargetURL("https://a.b"), secret: Concealed([1]))
        try change(&configuration)
        return EndpointRules(configuration)
    }

    private func refusal(_ body: String, _ rules: EndpointRules? = nil) throws -> RegistrationRefusal? {
        let rules = try rules ?? self.rules()
        do throws(RegistrationRefusal) {
            _ = try rules.endpoint(from: Array(body.utf8), user: bob)
            return nil
        } catch {
            return error
        }
    }

    private func accept(_ body: String) throws -> PushEndpoint {
        try rules().endpoint(from: Array(body.utf8), user: bob)
    }

    @Test("A browser's subscription, as it comes out of the browser")
    func webPush() throws {
        let keys = BrowserSubscription().keys
        let body = """
            {"provider": "web_push", "target": "https://FCM.googleapis.com:443/fcm/send/abc",
             "parameters": {"p256dh": "\(keys["p256dh"] ?? "")", "auth": "\(keys["auth"] ?? "")==", "other": 1}}
            """
        let endpoint = try accept(body)
        #expect(endpoint.user == bob)
        #expect(endpoint.provider == .webPush)
        #expect(endpoint.target == "https://fcm.googleapis.com/fcm/send/abc")
        #expect(try object(endpoint.parameters) as? [String: String] == keys, "only what is known is kept")
        #expect(endpoint.id.text.count == 24)
        #expect(try accept(body).id == endpoint.id)
        #expect(try accept(body.replacing("abc", with: "abd")).id != endpoint.id)
    }

    @Test("Targets off the list are refused by that name, targets that are none by another")
    func targets() throws {
        let keys = BrowserSubscription().parameters
        func body(_ target: String) -> String {
            #"{"provider":"web_push","target":"\#(target)","parameters":\#(keys)}"#
        }
        for target in ["https://evil.example/x", "https://127.0.0.1/x", "https://fcm.googleapis.com:8443/"] {
            #expect(try refusal(body(target))?.name == "target_not_allowed", "\(target)")
        }
        for target in ["http://fcm.googleapis.com/x", "", "x", "https://a@fcm.googleapis.com/"] {
            #expect(try refusal(body(target))?.name == "invalid_endpoint", "\(target)")
        }
        let noKeys = #"{"provider":"web_push","target":"https://fcm.googleapis.com/x"}"#
        #expect(try refusal(noKeys)?.description.contains("p256dh") == true)
    }

    @Test("Apple's tokens: topics of this server only; with voip the other token too")
    func apns() throws {
        func body(_ parameters: String, target: String = Self.device) -> String {
            #"{"provider":"apns","target":"\#(target)","parameters":\#(parameters)}"#
        }
        let plain = try accept(body(#"{"topic":"com.example.app"}"#))
        #expect(plain.target == Self.device.lowercased())
        #expect(plain.parameters == #"{"environment":"production","topic":"com.example.app","voip":false}"#)
        let voip = try accept(
            body(
                #"{"topic":"com.example.app","environment":"sandbox","voip":true,"ordinaryToken":"\#(Self.device)"}"#))
        #expect(try object(voip.parameters)["ordinaryToken"] as? String == Self.device.lowercased())

        #expect(try refusal(body(#"{"topic":"com.example.other"}"#))?.name == "target_not_allowed")
        #expect(try refusal(body("{}"))?.description.contains("topic") == true)
        #expect(
            try refusal(body(#"{"topic":"com.example.app","voip":true}"#))?.description.contains("ordinaryToken")
                == true)
        #expect(try refusal(body(#"{"topic":"com.example.app","environment":"x"}"#))?.name == "invalid_endpoint")
        for target in ["", "xyz", "abc", "../../x"] {
            #expect(
                try refusal(body(#"{"topic":"com.example.app"}"#, target: target))?.name == "invalid_endpoint",
                "\(target)")
        }
    }

    @Test("Google's tokens, and whatever the application calls its devices")
    func others() throws {
        #expect(try accept(#"{"provider":"fcm","target":"fGZk0V_3Q1u:APA91bExample-Token"}"#).parameters == "{}")
        for target in ["", "short", "with blank in the middle of it", "slash/slash/slash/slash/slash"] {
            #expect(try refusal(#"{"provider":"fcm","target":"\#(target)"}"#)?.name == "invalid_endpoint")
        }
        #expect(try accept(#"{"provider":"webhook","target":"Bob's tablet"}"#).target == "Bob's tablet")
        #expect(try refusal(#"{"provider":"webhook","target":"a\u0000b"}"#)?.name == "invalid_endpoint")
        #expect(try refusal(#"{"provider":"webhook","target":""}"#)?.name == "invalid_endpoint")
    }

    @Test("Bodies that are none, providers that do not exist or are not configured")
    func bodies() throws {
        for body in ["", "[]", "{", #"{"provider":"fcm"}"#, #"{"provider":1,"target":"x"}"#] {
            #expect(try refusal(body)?.name == "invalid_endpoint", "\(body)")
        }
        #expect(try refusal(#"{"provider":"pigeon","target":"x"}"#)?.name == "unknown_provider")
        let none = EndpointRules(PushConfiguration())
        for provider in PushProviderKind.allCases {
            #expect(
                try refusal(#"{"provider":"\#(provider.rawValue)","target":"x"}"#, none)?.name
                    == "provider_not_configured"
            )
        }
    }
}
