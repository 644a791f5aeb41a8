import Crypto
import Foundation
import PushTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("WebhookProvider against a local server", .timeLimit(.minutes(1)))
struct WebhookProviderTests {
    private let secret = Array("a secret of more than enough bytes".utf8)
    private let endpoint = PushEndpoint.sample(.webhook, target: "bobs-tablet")

    private func provider(_ http: any OutboundHTTP, port: Int) throws -> WebhookProvider {
        try WebhookProvider(
            .init(url: TargetURL("https://push.test:\(port)/calls?v=1"), secret: Concealed(secret)), http: http)
    }

    /// As a receiver does it.
    private func isGenuine(_ request: LocalPushServer.Request, secret: [UInt8], now: Double) throws -> Bool {
        let header = try #require(request.headers["switchboard-signature"])
        let parts = try #require(header.wholeMatch(of: /t=([0-9]+),v1=([0-9a-f]{64})/))
        guard let time = Double(parts.1), abs(now - time) <= 300 else { return false }
        let expected = HMAC<SHA256>.authenticationCode(
            for: Array("\(parts.1).".utf8) + request.body, using: SymmetricKey(data: secret))
        return expected.map { String(format: "%02x", $0) }.joined() == String(parts.2)
    }

    @Test("Signed, and says for whom it is; the id stays the same when it is sent again")
    func signed() async throws {
        try await withServer { http, server in
            let provider = try provider(http, port: server.port)
            for _ in 0..<2 { #expect(await provider.send(.sample(endpoint), within: .seconds(5)) == .taken) }
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/calls?v=1")
            #expect(request.headers["content-type"] == "application/json")
            let body = try object(request.text)
            #expect(body["user"] as? String == "bob")
            #expect(body["target"] as? String == "bobs-tablet")
            #expect(body["collapseKey"] as? String == sampleCollapseKey)
            #expect((body["push"] as? [String: Any])?["type"] as? String == "invite")
            #expect(try object(server.requests[1].text)["id"] as? String == body["id"] as? String)
            let cancel = PushMessage.sample(endpoint, .cancel(.cancelled))
            #expect(await provider.send(cancel, within: .seconds(5)) == .taken)
            #expect(try object(server.requests[2].text)["id"] as? String != body["id"] as? String)

            let now = Date().timeIntervalSince1970
            #expect(try isGenuine(request, secret: secret, now: now))
            #expect(try !isGenuine(request, secret: Array("another".utf8), now: now))
            #expect(try !isGenuine(request, secret: secret, now: now + 301), "replayed later")
            var changed = request
            changed.body[0] ^= 1
            #expect(try !isGenuine(changed, secret: secret, now: now))
        }
    }

    @Test("A signature, as a receiver's author would check his code with")
    func vector() {
        #expect(
            WebhookSignature.header(for: Array("{}".utf8), secret: Array("secret".utf8), time: 1_700_000_000)
                == "t=1700000000,v1=" + Self.vectorCode)
    }
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
    private static let vectorCode = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"

    @Test("410 means that the device is gone; 404 is more likely a wrong address")
    func answers() async throws {
        for (status, expected) in [
            (204, ProviderAnswer.taken), (410, .endpointGone(reason: "410")), (404, .refused(reason: "404")),
            (401, .refused(reason: "401")), (502, .postponed(after: nil, reason: "502")),
        ] {
            #expect(
                try await provider(ScriptedHTTP(status), port: 1).send(.sample(endpoint), within: .seconds(1))
                    == expected)
        }
    }

    @Test("The secret shows nowhere")
    func discreet() throws {
        let configuration = try WebhookProvider.Configuration(url: TargetURL("https://a.b/"), secret: Concealed(secret))
        var dumped = "\(configuration)"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("\(secret[0]), \(secret[1])"))
        #expect(!dumped.contains("a secret of"))
    }
}

@Suite("RetryAfter")
struct RetryAfterTests {
    private let now = Date(timeIntervalSince1970: 784_111_777)  // Sun, 06 Nov 1994 08:49:37 GMT

    @Test(
        "Seconds or a date; anything else is as if nothing was said",
        arguments: [
            ("3", .seconds(3)), (" 0 ", .zero), ("Sun, 06 Nov 1994 08:49:47 GMT", .seconds(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", .zero), ("99999999", .seconds(86_400)), ("-1", nil), ("soon", nil),
            ("", nil), ("1.5", nil),
        ] as [(String, Duration?)])
    func read(text: String, expected: Duration?) {
        #expect(RetryAfter.read(text, now: now) == expected)
    }

    @Test("No header")
    func none() { #expect(RetryAfter.read(nil, now: now) == nil) }
}
