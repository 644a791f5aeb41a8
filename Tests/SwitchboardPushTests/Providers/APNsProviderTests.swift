import Crypto
import Foundation
import PushTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("APNsProvider against a local HTTP/2 server", .timeLimit(.minutes(1)))
struct APNsProviderTests {
    private static let voipToken = String(repeating: "ab", count: 32)
    private static let ordinaryToken = String(repeating: "cd", count: 32)
    private let key = P256.Signing.PrivateKey()

    private func provider(_ http: any OutboundHTTP, port: Int, sandbox: Int = 2) throws -> APNsProvider {
        try APNsProvider(
            .init(
                key: SigningKey(key), keyID: "KEY0123456", teamID: "TEAM012345", topics: ["com.example.app"],
                production: TargetURL("https://push.test:\(port)"),
                sandbox: TargetURL("https://push.test:\(sandbox)")), http: http)
    }

    private func endpoint(voip: Bool, environment: String = "production") -> PushEndpoint {
        let further = voip ? #","voip":true,"ordinaryToken":"\#(Self.ordinaryToken)""# : ""
        return .sample(
            .apns, target: Self.voipToken,
            parameters: #"{"topic":"com.example.app","environment":"\#(environment)"\#(further)}"#)
    }

    private func server(_ status: Int = 200, _ body: String = "") async throws -> LocalPushServer {
        // Apple's servers speak HTTP/2 only.
        try await LocalPushServer.start(protocols: ["h2"]) { _ in .init(status, body) }
    }

    @Test("An invite to PushKit's token: a VoIP push over HTTP/2, to be dropped at the ring deadline")
    func voipInvite() async throws {
        try await withServer(try await server()) { http, server in
            let answer = try await provider(http, port: server.port)
                .send(.sample(endpoint(voip: true), expiresIn: .seconds(45)), within: .seconds(5))
            #expect(answer == .taken)
            let request = try #require(server.requests.first)
            #expect(request.httpVersion == 2)
            #expect(request.method == "POST")
            #expect(request.path == "/3/device/\(Self.voipToken)")
            #expect(request.headers["apns-push-type"] == "voip")
            #expect(request.headers["apns-topic"] == "com.example.app.voip")
            #expect(request.headers["apns-priority"] == "10")
            #expect(request.headers["apns-collapse-id"] == sampleCollapseKey)
            let expires = try #require(request.headers["apns-expiration"].flatMap(Double.init))
            #expect(abs(expires - Date().timeIntervalSince1970 - 45) < 5)
            let body = try object(request.text)
            let payload = try #require(body["switchboard"] as? [String: Any])
            #expect(payload["type"] as? String == "invite")
            #expect(payload["caller"] as? String == "alice")
            #expect(request.body.count <= 5120)
        }
    }

    @Test("A cancel is never a VoIP push: in the background, to the device's ordinary token")
    func voipCancel() async throws {
        try await withServer(try await server()) { http, server in
            let message = PushMessage.sample(endpoint(voip: true), .cancel(.cancelled), expiresIn: .seconds(60))
            #expect(try await provider(http, port: server.port).send(message, within: .seconds(5)) == .taken)
            let request = try #require(server.requests.first)
            #expect(request.path == "/3/device/\(Self.ordinaryToken)")
            #expect(request.headers["apns-push-type"] == "background")
            #expect(request.headers["apns-topic"] == "com.example.app")
            #expect(request.headers["apns-priority"] == "5")
            #expect(request.headers["apns-collapse-id"] == sampleCollapseKey)
            let aps = try #require(object(request.text)["aps"] as? [String: Any])
            #expect(aps["content-available"] as? Int == 1)
            #expect(aps["alert"] == nil)
            #expect(aps["sound"] == nil)
        }
    }

    @Test("Without PushKit: an alert that sounds, and a silent one that takes its place")
    func alerts() async throws {
        try await withServer(try await server()) { http, server in
            let provider = try provider(http, port: server.port)
            _ = await provider.send(.sample(endpoint(voip: false)), within: .seconds(5))
            let cancel = ClaimedPush.Kind.cancel(.answeredElsewhere)
            _ = await provider.send(.sample(endpoint(voip: false), cancel), within: .seconds(5))
            #expect(server.requests.count == 2)
            for request in server.requests {
                #expect(request.path == "/3/device/\(Self.voipToken)")
                #expect(request.headers["apns-push-type"] == "alert")
                #expect(request.headers["apns-topic"] == "com.example.app")
                #expect(request.headers["apns-collapse-id"] == sampleCollapseKey)
            }
            let invite = try #require(object(server.requests[0].text)["aps"] as? [String: Any])
            #expect(invite["sound"] as? String == "default")
            #expect((invite["alert"] as? [String: String])?["title"] == "Incoming video call")
            #expect((invite["alert"] as? [String: String])?["body"] == "alice")
            #expect(invite["interruption-level"] as? String == "time-sensitive")
            let over = try #require(object(server.requests[1].text)["aps"] as? [String: Any])
            #expect(over["sound"] == nil)
            #expect((over["alert"] as? [String: String])?["title"] == "Answered on another device")
        }
    }

    @Test("The token: ES256 with key and team, kept for the next push")
    func token() async throws {
        try await withServer(try await server()) { http, server in
            let provider = try provider(http, port: server.port)
            for _ in 0..<3 { _ = await provider.send(.sample(endpoint(voip: true)), within: .seconds(5)) }
            let values = Set(server.requests.compactMap { $0.headers["authorization"] })
            #expect(values.count == 1)
            #expect(server.connections == 1)
            let value = try #require(values.first)
            #expect(value.hasPrefix("bearer "))
            let token = try await TokenReading.es256(String(value.dropFirst(7)), key: key.publicKey)
            #expect(token.header["alg"] == "ES256")
            #expect(token.header["kid"] == "KEY0123456")
            #expect(token.claims["iss"] == "TEAM012345")
            let issued = try #require(token.claims["iat"].flatMap(Double.init))
            #expect(abs(issued - Date().timeIntervalSince1970) < 60)
            #expect(token.claims["exp"] == nil)
        }
    }

    @Test("Tokens are changed after 40 minutes, and at Apple's word, but never within 20 minutes")
    func tokenAge() async throws {
        let tokens = APNsTokens(key: SigningKey(key), keyID: "K", teamID: "T")
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        let first = try await tokens.token(now: start)
        #expect(try await tokens.token(now: start + 39 * 60) == first)
        await tokens.refused(first, now: start + 19 * 60)
        #expect(try await tokens.token(now: start + 19 * 60) == first)
        await tokens.refused(first, now: start + 21 * 60)
        let second = try await tokens.token(now: start + 21 * 60)
        #expect(second != first)
        await tokens.refused(first, now: start + 60 * 60)
        #expect(try await tokens.token(now: start + 22 * 60) == second, "news of an older token")
        #expect(try await tokens.token(now: start + 62 * 60) != second)
    }

    @Test("Endpoints of the sandbox go to the sandbox")
    func sandbox() async throws {
        try await withServer(try await server()) { http, server in
            let provider = try provider(http, port: 1, sandbox: server.port)
            let answer = await provider.send(
                .sample(endpoint(voip: true, environment: "sandbox")), within: .seconds(5))
            #expect(answer == .taken)
            #expect(server.requests.count == 1)
        }
    }

    static let answers: [(Int, String, ProviderAnswer)] = [
        (200, "", .taken),
        (410, #"{"reason":"Unregistered","timestamp":1}"#, .endpointGone(reason: "410 Unregistered")),
        (410, #"{"reason":"ExpiredToken"}"#, .endpointGone(reason: "410 ExpiredToken")),
        (410, "", .endpointGone(reason: "410")),
        (400, #"{"reason":"BadDeviceToken"}"#, .refused(reason: "400 BadDeviceToken")),
        (403, #"{"reason":"InvalidProviderToken"}"#, .refused(reason: "403 InvalidProviderToken")),
        (403, #"{"reason":"ExpiredProviderToken"}"#, .postponed(after: nil, reason: "403 ExpiredProviderToken")),
        (404, #"{"reason":"BadPath"}"#, .refused(reason: "404 BadPath")),
        (413, #"{"reason":"PayloadTooLarge"}"#, .refused(reason: "413 PayloadTooLarge")),
        (429, #"{"reason":"TooManyRequests"}"#, .postponed(after: nil, reason: "429 TooManyRequests")),
        (500, #"{"reason":"InternalServerError"}"#, .postponed(after: nil, reason: "500 InternalServerError")),
        (503, "", .postponed(after: nil, reason: "503")),
    ]

    @Test("What Apple's answers mean", arguments: answers)
    func answer(status: Int, body: String, expected: ProviderAnswer) async throws {
        let provider = try provider(ScriptedHTTP(status, body), port: 1)
        #expect(await provider.send(.sample(endpoint(voip: true)), within: .seconds(1)) == expected)
    }
}
