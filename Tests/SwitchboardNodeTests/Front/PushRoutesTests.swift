import Crypto
import Foundation
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardPush
import SwitchboardTestKit
import SwitchboardTransport
import Testing

@testable import SwitchboardNode

@Suite("PushRoutes")
struct PushRoutesTests {
    private let outbox = MemoryPushOutbox()
    private let verifier: TokenVerifier
    private let router: HTTPRouter
    private let key = SigningKey(P256.Signing.PrivateKey())

    init() async throws {
        verifier = try await TokenVerifier(.secret(Secret(text: "a secret of more than enough bytes")))
        var configuration = PushConfiguration()
        configuration.webPush = .init(key: key, subject: "mailto:a@b.c")
        configuration.webhook = .init(url: try TargetURL("https://a.b"), secret: Concealed([1]))
        router = Self.router(configuration, verifier, outbox)
    }

    private static func router(
        _ configuration: PushConfiguration, _ verifier: TokenVerifier, _ outbox: any PushOutbox
    ) -> HTTPRouter {
        var router = HTTPRouter()
        PushRoutes(
            configuration, origins: ["https://app.example.org"], verifier: verifier, demo: DemoGate(mode: .asked),
            outbox: outbox
        ).install(in: &router)
        return router
    }

    private func request(
        _ method: String, _ path: String, user: String? = "bob", body: String = "", headers: [(String, String)] = [],
        isDemo: Bool = false, host: String = "calls.example.org"
    ) async throws -> HTTPRequest {
        var fields: HTTPHeaderFields = ["host": host]
        if let user {
            let token = try await verifier.make(
                user: user, expires: Date(timeIntervalSinceNow: 60), isDemo: isDemo)
            fields["authorization"] = "Bearer \(token)"
        }
        for (name, value) in headers { fields[name] = value }
        return HTTPRequest(method: method, path: path, headers: fields, body: Array(body.utf8))
    }

    private func ask(_ request: HTTPRequest) async throws -> (status: Int, body: [String: Any], HTTPHeaderFields) {
        let response = await router.respond(to: request)
        let body = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
        return (response.status, body ?? [:], response.headers)
    }

    private func register(_ target: String, user: String = "bob") async throws -> (status: Int, body: [String: Any]) {
        let body = #"{"provider":"webhook","target":"\#(target)"}"#
        let (status, answer, _) = try await ask(request("PUT", "/v1/push/endpoints", user: user, body: body))
        return (status, answer)
    }

    @Test("The configuration names the key for browsers, to everybody")
    func configuration() async throws {
        let (status, body, _) = try await ask(request("GET", "/v1/push/config", user: nil))
        #expect(status == 200)
        #expect((body["webPush"] as? [String: String]) == ["publicKey": key.publicKey])
        let none = await Self.router(PushConfiguration(), verifier, outbox)
            .respond(to: try await request("GET", "/v1/push/config", user: nil))
        #expect(String(decoding: none.body, as: UTF8.self) == "{}")
    }

    @Test("An endpoint is registered, listed, registered again, and removed")
    func life() async throws {
        let (status, made) = try await register("tablet")
        #expect(status == 200)
        let id = try #require(made["id"] as? String)
        #expect(made["provider"] as? String == "webhook")
        #expect(try await register("tablet").body["id"] as? String == id)
        let (_, list, _) = try await ask(request("GET", "/v1/push/endpoints"))
        #expect(list["endpoints"] as? [[String: String]] == [["id": id, "provider": "webhook", "target": "tablet"]])
        #expect(try await outbox.endpoints(of: UserID(trusted: "bob")).count == 1)

        let (strangers, _, _) = try await ask(request("DELETE", "/v1/push/endpoints/\(id)", user: "eve"))
        #expect(strangers == 404)
        let (removed, _, _) = try await ask(request("DELETE", "/v1/push/endpoints/\(id)"))
        #expect(removed == 204)
        let (again, _, _) = try await ask(request("DELETE", "/v1/push/endpoints/\(id)"))
        #expect(again == 404)
    }

    @Test("Keys of a subscription are not in the list")
    func noKeys() async throws {
        let subscription = P256.KeyAgreement.PrivateKey().publicKey.x963Representation
        let body = """
            {"provider":"web_push","target":"https://fcm.googleapis.com/x",
             "parameters":{"p256dh":"\(Base64URL.encode(subscription))","auth":"AAAAAAAAAAAAAAAAAAAAAA"}}
            """
        let (status, _, _) = try await ask(request("PUT", "/v1/push/endpoints", body: body))
        #expect(status == 200)
        let response = await router.respond(to: try await request("GET", "/v1/push/endpoints"))
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.contains("https://fcm.googleapis.com/x"))
        #expect(!text.contains("p256dh"))
        #expect(!text.contains("AAAAAAAAAAAAAAAAAAAAAA"))
    }

    @Test("Seventeen endpoints are one too many; another user's do not count")
    func tooMany() async throws {
        for number in 0..<16 { #expect(try await register("d\(number)").status == 200) }
        let (status, body) = try await register("d16")
        #expect(status == 409)
        #expect(body["error"] as? String == "too_many_endpoints")
        #expect(try await register("d3").status == 200, "one that is there already")
        #expect(try await register("e0", user: "carol").status == 200)
    }

    @Test("Without a token, with a bad one, with one that has expired")
    func tokens() async throws {
        let path = "/v1/push/endpoints"
        let (none, body, headers) = try await ask(request("GET", path, user: nil))
        #expect(none == 401)
        #expect(body["error"] as? String == "bad_token")
        #expect(headers["www-authenticate"] == "Bearer")
        for value in ["Bearer x", "Basic abc", "Bearer"] {
            let (status, _, _) = try await ask(
                request("GET", path, user: nil, headers: [("authorization", value)]))
            #expect(status == 401, "\(value)")
        }
        let expired = try await verifier.make(user: "bob", expires: Date(timeIntervalSinceNow: -60), isDemo: false)
        let (old, reason, _) = try await ask(
            request("GET", path, user: nil, headers: [("authorization", "Bearer \(expired)")]))
        #expect(old == 401)
        #expect(reason["error"] as? String == "token_expired")
    }

    @Test("Demo tokens count for localhost only, as everywhere")
    func demoTokens() async throws {
        let path = "/v1/push/endpoints"
        let (refused, body, _) = try await ask(request("GET", path, isDemo: true))
        #expect(refused == 403)
        #expect(body["error"] as? String == "demo_refused")
        let (allowed, _, _) = try await ask(request("GET", path, isDemo: true, host: "localhost:8080"))
        #expect(allowed == 200)
    }

    @Test("What is wrong with a registration is named, and told what to do about")
    func refusals() async throws {
        let cases = [
            ("", 400, "invalid_endpoint"), (#"{"provider":"fcm","target":"x"}"#, 400, "provider_not_configured"),
            (#"{"provider":"pigeon","target":"x"}"#, 400, "unknown_provider"),
            (#"{"provider":"web_push","target":"https://10.0.0.1/"}"#, 400, "target_not_allowed"),
            (#"{"provider":"webhook","target":"\#(String(repeating: "x", count: 4096))"}"#, 413, "body_too_large"),
        ]
        for (body, expected, name) in cases {
            let (status, answer, _) = try await ask(request("PUT", "/v1/push/endpoints", body: body))
            #expect(status == expected)
            #expect(answer["error"] as? String == name)
            #expect((answer["message"] as? String)?.isEmpty == false)
        }
    }

    @Test("A user who asks all the time is asked to wait; others are not")
    func rates() async throws {
        for _ in 0..<PushRoutes.requestsPerMinute {
            let (status, _, _) = try await ask(request("GET", "/v1/push/endpoints"))
            #expect(status == 200)
        }
        let (status, body, headers) = try await ask(request("GET", "/v1/push/endpoints"))
        #expect(status == 429)
        #expect(body["error"] as? String == "overloaded")
        #expect((1...60).contains(headers["retry-after"].flatMap { Int($0) } ?? 0))
        let (other, _, _) = try await ask(request("GET", "/v1/push/endpoints", user: "carol"))
        #expect(other == 200)
    }

    @Test("Pages of this origin and of configured ones may ask; others may not, nor may they read")
    func origins() async throws {
        for origin in ["https://calls.example.org", "https://app.example.org", "https://APP.example.org"] {
            let (status, _, headers) = try await ask(
                request("GET", "/v1/push/endpoints", headers: [("origin", origin)]))
            #expect(status == 200, "\(origin)")
            #expect(headers["access-control-allow-origin"] == origin)
            #expect(headers["vary"] == "origin")
            let (asked, _, allowed) = try await ask(
                request("OPTIONS", "/v1/push/endpoints", user: nil, headers: [("origin", origin)]))
            #expect(asked == 204)
            #expect(allowed["access-control-allow-methods"]?.contains("PUT") == true)
            #expect(allowed["access-control-allow-headers"]?.contains("authorization") == true)
        }
        for origin in [
            "https://evil.example", "null", "https://app.example.org.evil.example", "http://app.example.org",
        ] {
            for (method, path) in [
                ("GET", "/v1/push/endpoints"), ("GET", "/v1/push/config"), ("OPTIONS", "/v1/push/endpoints/x"),
            ] {
                let (status, body, headers) = try await ask(request(method, path, headers: [("origin", origin)]))
                #expect(status == 403, "\(origin)")
                #expect(body["error"] as? String == "origin_refused")
                #expect(headers["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test("Paths and methods that are none")
    func elsewhere() async throws {
        for (method, path, expected) in [
            ("GET", "/v1/push", 404), ("GET", "/v1/push/x", 404), ("POST", "/v1/push/endpoints", 405),
            ("GET", "/v1/push/endpoints/x", 405), ("PUT", "/v1/push/config", 405),
        ] {
            #expect(try await ask(request(method, path)).status == expected, "\(method) \(path)")
        }
    }

    @Test("A database that does not answer is said to be it")
    func unavailable() async throws {
        struct NoOutbox: PushOutbox {
            func register(_ endpoint: PushEndpoint, maximumPerUser: Int) async throws(PushOutboxError) { throw error }
            func remove(_ id: PushEndpointID, of user: UserID) async throws(PushOutboxError) -> Bool { throw error }
            func endpoints(of user: UserID) async throws(PushOutboxError) -> [PushEndpoint] { throw error }
            func claim(
                limit: Int, lease: Duration, by node: Incarnation
            ) async throws(PushOutboxError) -> [ClaimedPush] { throw error }
            func settle(_ settlements: [PushSettlement], by node: Incarnation) async throws(PushOutboxError) {}
            func nextDue() async throws(PushOutboxError) -> Duration? { throw error }
            func deadLetters(limit: Int) async throws(PushOutboxError) -> [DeadPush] { throw error }
            private var error: PushOutboxError { .unavailable(reason: "down") }
        }
        let response = await Self.router(PushConfiguration(), verifier, NoOutbox())
            .respond(to: try await request("GET", "/v1/push/endpoints"))
        #expect(response.status == 503)
        #expect(response.headers["retry-after"] != nil)
        #expect(String(decoding: response.body, as: UTF8.self).contains("store_unavailable"))
        let letters = await DeadLetters.respond(
            to: try await request("GET", "/push/dead-letters"), from: NoOutbox())
        #expect(letters.status == 503)
    }
}

@Suite("UserRates")
struct UserRatesTests {
    @Test("So many a minute, each user by himself; with the minute it begins anew")
    func window() {
        var rates = UserRates(perMinute: 2)
        let start = ContinuousClock.now
        let (bob, carol) = (UserID(trusted: "bob"), UserID(trusted: "carol"))
        #expect(rates.admit(bob, now: start).isAdmitted)
        #expect(rates.admit(bob, now: start + .seconds(1)).isAdmitted)
        let refused = rates.admit(bob, now: start + .seconds(20))
        #expect(!refused.isAdmitted)
        #expect(refused.retryAfterSeconds == 40)
        #expect(rates.admit(carol, now: start + .seconds(20)).isAdmitted)
        #expect(rates.admit(bob, now: start + .seconds(60)).isAdmitted)
    }
}
