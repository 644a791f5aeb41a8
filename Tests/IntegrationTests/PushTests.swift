import Foundation
import LocalCluster
import PushTestSupport
import SwiftProtobuf
import SwitchboardProtocol
import Testing

@Suite("Pushes (real node, SQLite, a push service on loopback)", .timeLimit(.minutes(3)))
struct PushTests {
    /// A push service, and a node that may reach it.
    private struct Stage {
        let node: RunningNode
        let service: LocalPushServer
        let home: TemporaryDirectory
        let publicKey: String

        /// `Authorization`, as a page of the demo has it.
        func demoToken(_ user: String) async throws -> String {
            struct Answer: Decodable { var token: String }
            let answer = try #require(await node.post("/demo/token", #"{"user":"\#(user)"}"#))
            return try JSONDecoder().decode(Answer.self, from: Data(answer.body.utf8)).token
        }

        func ask(
            _ method: String, _ path: String, token: String, body: String = ""
        ) async throws -> (status: Int, body: [String: Any]) {
            let request =
                "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(node.port)\r\nConnection: close\r\n"
                + "Authorization: Bearer \(token)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let answer = try #require(await LoopbackRequest.send(request, port: node.port))
            let status = try #require(Int(answer.split(separator: " ")[1]))
            let text = answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
            let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return (status, object ?? [:])
        }

        /// - Returns: the endpoint's id.
        func register(_ browser: BrowserSubscription, path: String, token: String) async throws -> String {
            let body = """
                {"provider":"web_push","target":"https://127.0.0.1:\(service.port)\(path)","parameters":\(browser.parameters)}
                """
            let (status, answer) = try await ask("PUT", "/v1/push/endpoints", token: token, body: body)
            #expect(status == 200, "\(answer)")
            return try #require(answer["id"] as? String)
        }

        func endpoints(token: String) async throws -> [String] {
            let (_, answer) = try await ask("GET", "/v1/push/endpoints", token: token)
            return (answer["endpoints"] as? [[String: String]] ?? []).compactMap { $0["id"] }
        }

        func pushes(at path: String) -> [LocalPushServer.Request] { service.requests.filter { $0.path == path } }
    }

    private func withStage(
        respond: @escaping LocalPushServer.Responder = { _ in .init(201) }, _ body: (Stage) async throws -> Void
    ) async throws {
        let service = try await LocalPushServer.start(respond: respond)
        let home = try TemporaryDirectory(label: "push")
        let keys = try await CommandRun.run(["push", "vapid-keys", "--out", home.file("vapid.pem")], in: home)
        #expect(keys.exit == .code(0), "\(keys.output)")
        try TestKeys.root.write(toFile: home.file("root.pem"), atomically: true, encoding: .utf8)
        let file = """
            {"push": {"allowLoopback": true, "trustRootsFile": "\(home.file("root.pem"))",
             "webPush": {"keyFile": "\(home.file("vapid.pem"))", "subject": "mailto:ops@example.org",
                         "hosts": "127.0.0.1:\(service.port)"}}}
            """
        try await RunningNode.with(.init(file: file, arguments: ["--demo"])) { node in
            let publicKey = keys.output.trimmingCharacters(in: .whitespacesAndNewlines)
            try await body(Stage(node: node, service: service, home: home, publicKey: publicKey))
        }
        await service.stop()
    }

    private func wait(_ what: String, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool)
        async throws
    {
        try await waitUntil(what, within: limit, condition)
    }

    @Test("Who is not connected is woken within a second, and told when the call is over, under the same topic")
    func wakes() async throws {
        try await withStage { stage in
            let browser = BrowserSubscription()
            let token = try await stage.demoToken("bob")
            _ = try await stage.register(browser, path: "/bob", token: token)
            let alice = try await Device.connect(stage.node, "alice")
            let call = ConversationID.random()

            try await alice.sendAccepted(.invite("bob"), in: call)
            let accepted = ContinuousClock.now
            try await wait("the push service has the invite", within: .seconds(1)) {
                !stage.pushes(at: "/bob").isEmpty
            }
            #expect(ContinuousClock.now - accepted < .seconds(1))
            let invite = try #require(stage.pushes(at: "/bob").first)
            let topic = call.description.replacing("-", with: "")
            #expect(invite.headers["topic"] == topic)
            #expect(invite.headers["urgency"] == "high")
            let ttl = try #require(invite.headers["ttl"].flatMap { Int($0) })
            #expect((50...60).contains(ttl), "until the ring deadline")
            let payload = try #require(Self.object(browser.decrypt(invite.body)))
            #expect(payload["type"] as? String == "invite")
            #expect(payload["conversation"] as? String == call.description)
            #expect(payload["caller"] as? String == "alice")
            #expect(payload["audio"] as? Bool == true)
            #expect(payload["video"] as? Bool == true)
            let fields = try #require(invite.headers["authorization"]?.wholeMatch(of: /vapid t=([^,]+), k=(.+)/))
            #expect(String(fields.2) == stage.publicKey)
            let vapid = try await TokenReading.es256(String(fields.1), key: TokenReading.key(stage.publicKey))
            #expect(vapid.claims["aud"] == "https://127.0.0.1:\(stage.service.port)")

            try await alice.sendAccepted(.cancel(), in: call)
            try await wait("the push service has the cancel") { stage.pushes(at: "/bob").count > 1 }
            let cancel = stage.pushes(at: "/bob")[1]
            #expect(cancel.headers["topic"] == topic)
            let over = try #require(Self.object(browser.decrypt(cancel.body)))
            #expect(over["type"] as? String == "cancel")
            #expect(over["conversation"] as? String == call.description)
            #expect(over["reason"] as? String == "cancelled")
            #expect(stage.pushes(at: "/bob").count == 2)
        }
    }

    @Test("A woken device names the call, picks it up, and the other endpoints are told that it was answered elsewhere")
    func answered() async throws {
        try await withStage { stage in
            let (phone, laptop) = (BrowserSubscription(), BrowserSubscription())
            let token = try await TestToken.make("bob")
            _ = try await stage.register(phone, path: "/phone", token: token)
            _ = try await stage.register(laptop, path: "/laptop", token: token)
            let alice = try await Device.connect(stage.node, "alice")
            let call = ConversationID.random()
            for message in [.invite("bob"), .offer()] as [WireMessage] { try await alice.send(message, in: call) }
            try await wait("both endpoints have the invite") {
                stage.pushes(at: "/phone").count == 1 && stage.pushes(at: "/laptop").count == 1
            }
            let bob = try await Device.connect(stage.node, "bob", knowing: [call: 0])
            try await bob.waitsForKinds(["invite", "offer"], in: call)
            for message in [.ringing(), .answer(), .accept()] as [WireMessage] { try await bob.send(message, in: call) }
            try await alice.waitsForKinds(["ringing", "selected", "answer"], in: call)
            try await wait("the laptop is told") { stage.pushes(at: "/laptop").count == 2 }
            let over = try #require(Self.object(laptop.decrypt(stage.pushes(at: "/laptop")[1].body)))
            #expect(over["type"] as? String == "cancel")
            #expect(over["reason"] as? String == "answered_elsewhere")
        }
    }

    @Test("A call that is cancelled before it was heard of pushes nobody")
    func cancelledAtOnce() async throws {
        try await withStage { stage in
            let token = try await TestToken.make("bob")
            _ = try await stage.register(BrowserSubscription(), path: "/bob", token: token)
            let alice = try await Device.connect(stage.node, "alice")
            let (dead, next) = (ConversationID.random(), ConversationID.random())
            // In one frame of the socket, so that the node finds both together.
            try await alice.send(.cancel(), in: dead)
            try await alice.sendAccepted(.invite("bob"), in: next)
            try await wait("the next call is pushed") { !stage.pushes(at: "/bob").isEmpty }
            let topics = stage.pushes(at: "/bob").compactMap { $0.headers["topic"] }
            #expect(topics == [next.description.replacing("-", with: "")])
        }
    }

    @Test("An endpoint that the service calls gone is removed; others are not")
    func gone() async throws {
        let respond: LocalPushServer.Responder = { .init($0.path == "/gone" ? 410 : 201) }
        try await withStage(respond: respond) { stage in
            let token = try await TestToken.make("bob")
            let gone = try await stage.register(BrowserSubscription(), path: "/gone", token: token)
            let kept = try await stage.register(BrowserSubscription(), path: "/kept", token: token)
            #expect(try await stage.endpoints(token: token).sorted() == [gone, kept].sorted())
            let alice = try await Device.connect(stage.node, "alice")
            try await alice.sendAccepted(.invite("bob"), in: .random())
            // Asked seldom: the node answers a user so many times a minute only.
            try await waitUntil("the endpoint is removed", within: .seconds(20), pollEvery: .milliseconds(500)) {
                try await stage.endpoints(token: token) == [kept]
            }
        }
    }

    @Test("A service that fails at first gets the push again; one that refuses is on the list of what was given up")
    func failing() async throws {
        let respond: LocalPushServer.Responder = { request in
            switch request.path {
            case "/refused": return .init(400, #"{"reason":"BadJwtToken"}"#)
            default: return .init(503)
            }
        }
        try await withStage(respond: respond) { stage in
            let token = try await TestToken.make("bob")
            _ = try await stage.register(BrowserSubscription(), path: "/refused", token: token)
            _ = try await stage.register(BrowserSubscription(), path: "/later", token: token)
            let alice = try await Device.connect(stage.node, "alice")
            let call = ConversationID.random()
            try await alice.sendAccepted(.invite("bob"), in: call)
            try await wait("it is tried again") { stage.pushes(at: "/later").count >= 3 }
            stage.service.respond { _ in .init(201) }
            func metric(_ name: String) async throws -> Double? {
                try await stage.node.metrics().first { $0.name == name && $0.labels == #"{provider="web_push"}"# }?
                    .value
            }
            try await wait("it is taken") { try await metric("switchboard_push_taken_total") == 1 }
            #expect(try await metric("switchboard_push_dead_total") == 1)
            #expect(try await metric("switchboard_push_postponed_total") ?? 0 >= 3)
            #expect(try await metric("switchboard_push_waiting") == 0)

            let letters = try await CommandRun.run(
                ["push", "dead-letters", "--internal-port", "\(stage.node.internalPort)"], in: stage.home)
            #expect(letters.exit == .code(0))
            #expect(letters.output.contains("\(call)"))
            #expect(letters.output.contains("400 BadJwtToken"))
            let logged = stage.node.log
            #expect(logged.contains("push given up"))
            for secret in ["/refused", "/later", "eyJ"] { #expect(!logged.contains(secret), "\(secret)") }
        }
    }

    @Test("Removed endpoints are not pushed to; endpoints and pushes survive a restart of the node")
    func restart() async throws {
        let respond: LocalPushServer.Responder = { _ in .init(503) }
        try await withStage(respond: respond) { stage in
            let token = try await TestToken.make("bob")
            let removed = try await stage.register(BrowserSubscription(), path: "/removed", token: token)
            _ = try await stage.register(BrowserSubscription(), path: "/kept", token: token)
            let (status, _) = try await stage.ask("DELETE", "/v1/push/endpoints/\(removed)", token: token)
            #expect(status == 204)
            let alice = try await Device.connect(stage.node, "alice")
            try await alice.sendAccepted(.invite("bob"), in: .random())
            try await wait("it is tried") { !stage.pushes(at: "/kept").isEmpty }
            try await stage.node.process.kill()
            let before = stage.pushes(at: "/kept").count
            stage.service.respond { _ in .init(201) }
            let again = try await stage.node.startAgain()
            // Within the lease that the dead process held at most.
            try await wait("it is sent by the next process", within: .seconds(20)) {
                stage.pushes(at: "/kept").count > before
            }
            try await again.process.kill()
            #expect(stage.pushes(at: "/removed").isEmpty)
        }
    }

    @Test("A node that nobody configured has a key for the demo's pages")
    func demo() async throws {
        let node = try await RunningNode.sharedDemo()
        let answer = try #require(await LoopbackRequest.get("/v1/push/config", port: node.port))
        #expect(answer.status == 200)
        #expect(answer.body.contains("publicKey"))
        let plain = try #require(
            await LoopbackRequest.get("/v1/push/config", port: try await RunningNode.shared().port))
        #expect(plain.body == "{}")
    }

    private static func object(_ text: String) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }
}
