import Foundation
import PushTestSupport
import SwitchboardCore
import Testing

@testable import SwitchboardPush

@Suite("FCMProvider against a local server for tokens and messages", .timeLimit(.minutes(1)))
struct FCMProviderTests {
    private static let device = "fGZk0V_3Q1u:APA91bExample-Token_0123456789"
    private let endpoint = PushEndpoint.sample(.fcm, target: device)

    private func account(port: Int) throws -> ServiceAccount {
        let file: [String: String] = [
            "type": "service_account", "project_id": "calls-123", "private_key_id": "key-7",
            "private_key": TestKeys.accountKey, "client_email": "push@calls-123.iam.gserviceaccount.com",
            "token_uri": "https://push.test:\(port)/token",
        ]
        return try ServiceAccount(json: JSONEncoder().encode(file))
    }

    private func provider(_ http: any OutboundHTTP, port: Int) throws -> FCMProvider {
        try FCMProvider(
            .init(account: account(port: port), service: TargetURL("https://push.test:\(port)")), http: http)
    }

    private static func token(_ name: String, lifetime: Int = 3600) -> LocalPushServer.Answer {
        .init(200, #"{"access_token":"\#(name)","expires_in":\#(lifetime),"token_type":"Bearer"}"#)
    }

    private func server(
        lifetime: Int = 3600,
        _ message: @escaping @Sendable (LocalPushServer.Request) -> LocalPushServer.Answer = { _ in
            .init(200, #"{"name":"projects/calls-123/messages/1"}"#)
        }
    ) async throws -> LocalPushServer {
        try await LocalPushServer.start { request in
            request.path == "/token" ? Self.token("access-1", lifetime: lifetime) : message(request)
        }
    }

    @Test("The assertion (RFC 7523): signed by the service account, for the token's address, for an hour at most")
    func assertion() async throws {
        try await withServer(try await server()) { http, server in
            #expect(try await provider(http, port: server.port).send(.sample(endpoint), within: .seconds(5)) == .taken)
            let request = try #require(server.requests.first { $0.path == "/token" })
            #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
            let form = try #require(
                request.text.wholeMatch(of: /grant_type=([^&]+)&assertion=([A-Za-z0-9._-]+)/))
            #expect(String(form.1).removingPercentEncoding == "urn:ietf:params:oauth:grant-type:jwt-bearer")
            let token = try await TokenReading.accountAssertion(String(form.2))
            #expect(token.header["alg"] == "RS256")
            #expect(token.header["kid"] == "key-7")
            #expect(token.claims["iss"] == "push@calls-123.iam.gserviceaccount.com")
            #expect(token.claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging")
            #expect(token.claims["aud"] == "https://push.test:\(server.port)/token")
            let issued = try #require(token.claims["iat"].flatMap(Double.init))
            let expires = try #require(token.claims["exp"].flatMap(Double.init))
            #expect(expires - issued == 3600)
        }
    }

    @Test("A message: data only, high priority, collapsing, until the ring deadline")
    func message() async throws {
        try await withServer(try await server()) { http, server in
            let message = PushMessage.sample(endpoint, expiresIn: .seconds(45))
            #expect(try await provider(http, port: server.port).send(message, within: .seconds(5)) == .taken)
            let request = try #require(server.requests.last)
            #expect(request.path == "/v1/projects/calls-123/messages:send")
            #expect(request.headers["authorization"] == "Bearer access-1")
            let sent = try #require(object(request.text)["message"] as? [String: Any])
            #expect(sent["token"] as? String == Self.device)
            #expect(sent["notification"] == nil)
            let android = try #require(sent["android"] as? [String: String])
            #expect(android == ["collapse_key": sampleCollapseKey, "priority": "HIGH", "ttl": "45s"])
            let data = try #require(sent["data"] as? [String: String])
            let payload = try object(try #require(data["switchboard"]))
            #expect(payload["type"] as? String == "invite")
            #expect(payload["caller"] as? String == "alice")
        }
    }

    @Test("The access token is fetched once, for many pushes at once, and kept")
    func oneToken() async throws {
        try await withServer(try await server()) { http, server in
            let provider = try provider(http, port: server.port)
            await withTaskGroup(of: ProviderAnswer.self) { group in
                for _ in 0..<20 { group.addTask { await provider.send(.sample(endpoint), within: .seconds(5)) } }
                for await answer in group { #expect(answer == .taken) }
            }
            _ = await provider.send(.sample(endpoint), within: .seconds(5))
            #expect(server.requests.filter { $0.path == "/token" }.count == 1)
            #expect(server.requests.count == 22)
        }
    }

    @Test("A token that is nearly over, and one that was refused, are replaced")
    func renewal() async throws {
        try await withServer(try await server(lifetime: 301)) { http, server in
            let provider = try provider(http, port: server.port)
            #expect(await provider.send(.sample(endpoint), within: .seconds(5)) == .taken)
            // It is renewed five minutes before its end, so one second later.
            await eventually("a second token is fetched") {
                _ = await provider.send(.sample(endpoint), within: .seconds(5))
                return server.requests.filter { $0.path == "/token" }.count > 1
            }
        }
        let refusing = try await server { _ in .init(401, #"{"error":{"status":"UNAUTHENTICATED"}}"#) }
        try await withServer(refusing) { http, server in
            let provider = try provider(http, port: server.port)
            for _ in 0..<2 {
                #expect(
                    await provider.send(.sample(endpoint), within: .seconds(5))
                        == .postponed(after: nil, reason: "401 UNAUTHENTICATED"))
            }
            #expect(server.requests.filter { $0.path == "/token" }.count == 2)
        }
    }

    @Test("Without a token nothing is sent, and the reason is the token service's")
    func noToken() async throws {
        for (status, expected) in [
            (400, ProviderAnswer.refused(reason: "400 no access token: invalid_grant")),
            (503, .postponed(after: nil, reason: "503 no access token: invalid_grant")),
        ] {
            let http = ScriptedHTTP(status, #"{"error":"invalid_grant"}"#)
            #expect(try await provider(http, port: 1).send(.sample(endpoint), within: .seconds(1)) == expected)
            #expect(http.requests.map(\.url.path) == ["/token"])
        }
    }

    static let answers: [(Int, [String: String], String, ProviderAnswer)] = [
        (404, [:], details("NOT_FOUND", "UNREGISTERED"), .endpointGone(reason: "404 UNREGISTERED")),
        // The project does not exist: no reason to forget everybody's endpoints.
        (404, [:], details("NOT_FOUND", nil), .refused(reason: "404 NOT_FOUND")),
        (400, [:], details("INVALID_ARGUMENT", "INVALID_ARGUMENT"), .refused(reason: "400 INVALID_ARGUMENT")),
        (403, [:], details("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), .refused(reason: "403 SENDER_ID_MISMATCH")),
        (
            429, ["retry-after": "60"], details("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
            .postponed(after: .seconds(60), reason: "429 QUOTA_EXCEEDED")
        ),
        (503, [:], details("UNAVAILABLE", "UNAVAILABLE"), .postponed(after: nil, reason: "503 UNAVAILABLE")),
        (500, [:], "", .postponed(after: nil, reason: "500")),
    ]

    private static func details(_ status: String, _ code: String?) -> String {
        let detail = code.map {
            #"[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"\#($0)"}]"#
        }
        return #"{"error":{"code":1,"message":"m","status":"\#(status)","details":\#(detail ?? "[]")}}"#
    }

    @Test("What Google's answers mean", arguments: answers)
    func answer(status: Int, headers: [String: String], body: String, expected: ProviderAnswer) async throws {
        let http = ScriptedHTTP(
            .success(OutboundResponse(status: 200, body: Array(Self.token("t").body.utf8))),
            .success(OutboundResponse(status: status, headers: headers, body: Array(body.utf8))))
        #expect(try await provider(http, port: 1).send(.sample(endpoint), within: .seconds(1)) == expected)
    }

    @Test("A file that is no service account is refused in words, and a good one shows no key")
    func file() throws {
        for text in ["", "{}", #"{"project_id":"p","client_email":"e","private_key":"none"}"#] {
            #expect(throws: KeyError.self) { try ServiceAccount(json: text.utf8) }
        }
        var dumped = ""
        dump(try account(port: 1), to: &dumped)
        #expect(!dumped.contains("PRIVATE"))
        #expect(!"\(try account(port: 1))".contains("PRIVATE"))
    }
}
