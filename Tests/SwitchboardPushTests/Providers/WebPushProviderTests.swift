import Crypto
import Foundation
import PushTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("WebPushProvider against a local push service", .timeLimit(.minutes(1)))
struct WebPushProviderTests {
    private let browser = BrowserSubscription()
    private let key = SigningKey(P256.Signing.PrivateKey())

    private func endpoint(_ server: LocalPushServer, _ path: String = "/push/secret") -> PushEndpoint {
        .sample(.webPush, target: "https://push.test:\(server.port)\(path)", parameters: browser.parameters)
    }

    private func provider(_ http: any OutboundHTTP, port: Int) throws -> WebPushProvider {
        let host = try #require(HostPattern("push.test:\(port)"))
        return WebPushProvider(.init(key: key, subject: "mailto:ops@example.org", hosts: [host]), http: http)
    }

    @Test("An invite: encrypted for the subscription, signed for the service, urgent, until the ring deadline")
    func invite() async throws {
        try await withServer { http, server in
            let message = PushMessage.sample(endpoint(server), expiresIn: .milliseconds(44_200))
            #expect(try await provider(http, port: server.port).send(message, within: .seconds(5)) == .taken)
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/push/secret")
            #expect(request.headers["ttl"] == "45")
            #expect(request.headers["urgency"] == "high")
            #expect(request.headers["topic"] == sampleCollapseKey)
            #expect(request.headers["content-encoding"] == "aes128gcm")
            #expect(request.body.count <= 4096)

            let payload = try object(browser.decrypt(request.body))
            #expect(payload["type"] as? String == "invite")
            #expect(payload["conversation"] as? String == "\(sampleCall)")
            #expect(payload["caller"] as? String == "alice")
            let expires = try #require(payload["expiresAtMs"] as? Double)
            #expect(abs(expires - Date().timeIntervalSince1970 * 1000 - 44_200) < 5_000)
        }
    }

    @Test("VAPID (RFC 8292): signed by the key that is named, for this service only, for less than a day")
    func vapid() async throws {
        try await withServer { http, server in
            let provider = try provider(http, port: server.port)
            for _ in 0..<2 { _ = await provider.send(.sample(endpoint(server)), within: .seconds(5)) }
            let fields = try #require(server.requests.first?.headers["authorization"])
            let parts = try #require(fields.wholeMatch(of: /vapid t=([^,]+), k=(.+)/))
            #expect(String(parts.2) == key.publicKey)
            let token = try await TokenReading.es256(String(parts.1), key: TokenReading.key(String(parts.2)))
            #expect(token.header["alg"] == "ES256")
            #expect(token.header["typ"] == "JWT")
            #expect(token.claims["aud"] == "https://push.test:\(server.port)")
            #expect(token.claims["sub"] == "mailto:ops@example.org")
            let expires = try #require(token.claims["exp"].flatMap(Double.init))
            let left = expires - Date().timeIntervalSince1970
            #expect(left > 3600 && left <= 24 * 3600)
            #expect(server.requests[1].headers["authorization"] == fields, "kept for the next push")
        }
    }

    @Test("A cancel has the invite's topic, so that it takes its place")
    func cancel() async throws {
        try await withServer { http, server in
            let message = PushMessage.sample(endpoint(server), .cancel(.cancelled), expiresIn: .seconds(60))
            #expect(try await provider(http, port: server.port).send(message, within: .seconds(5)) == .taken)
            let request = try #require(server.requests.first)
            #expect(request.headers["topic"] == sampleCollapseKey)
            let payload = try object(browser.decrypt(request.body))
            #expect(payload["type"] as? String == "cancel")
            #expect(payload["reason"] as? String == "cancelled")
            #expect(payload["caller"] == nil)
        }
    }

    static let answers: [(Int, [String: String], String, ProviderAnswer)] = [
        (200, [:], "", .taken), (202, [:], "", .taken),
        (404, [:], "", .endpointGone(reason: "404")),
        (410, [:], #"{"message":"expired"}"#, .endpointGone(reason: "410 expired")),
        (429, ["retry-after": "3"], "", .postponed(after: .seconds(3), reason: "429")),
        (500, [:], "", .postponed(after: nil, reason: "500")),
        (503, ["retry-after": "soon"], "", .postponed(after: nil, reason: "503")),
        (400, [:], #"{"reason":"BadWebPushTopic"}"#, .refused(reason: "400 BadWebPushTopic")),
        (403, [:], "text of any kind", .refused(reason: "403")),
        (400, [:], #"{"message":"no /push/secret here"}"#, .refused(reason: "400")),
        (413, [:], "", .refused(reason: "413")),
        (307, [:], "", .refused(reason: "307 (redirects are not followed)")),
    ]

    @Test("What the service's answers mean", arguments: answers)
    func answer(status: Int, headers: [String: String], body: String, expected: ProviderAnswer) async throws {
        let http = ScriptedHTTP(status, body, headers: headers)
        let endpoint = PushEndpoint.sample(
            .webPush, target: "https://push.test:1/push/secret", parameters: browser.parameters)
        #expect(try await provider(http, port: 1).send(.sample(endpoint), within: .seconds(1)) == expected)
    }

    @Test("A service that can't be reached is asked again; a target off the list never is")
    func unreachable() async throws {
        let failing = ScriptedHTTP(.failure(.failed("push.test cannot be reached")))
        let good = PushEndpoint.sample(.webPush, target: "https://push.test:1/x", parameters: browser.parameters)
        #expect(
            try await provider(failing, port: 1).send(.sample(good), within: .seconds(1))
                == .postponed(after: nil, reason: "push.test cannot be reached"))
        let special = ScriptedHTTP(.failure(.refused(.special(host: "push.test", meaning: "private"))))
        guard case .refused = try await provider(special, port: 1).send(.sample(good), within: .seconds(1)) else {
            Issue.record("a private address")
            return
        }
        let unused = ScriptedHTTP(201)
        for target in ["https://evil.test/x", "http://push.test:1/x", "https://push.test/x"] {
            let endpoint = PushEndpoint.sample(.webPush, target: target, parameters: browser.parameters)
            guard case .refused = try await provider(unused, port: 1).send(.sample(endpoint), within: .seconds(1))
            else {
                Issue.record("\(target) was sent to")
                continue
            }
        }
        #expect(unused.requests.isEmpty)
    }
}
