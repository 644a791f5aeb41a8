import Crypto
import Foundation
import LocalCluster
import PushTestSupport
import SwiftProtobuf
import SwitchboardProbe
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("Pushes of a node that is killed are sent by the others")
    struct PushOutlivesLeaderTests {
        @Test("the invite that nobody had taken, and later the cancel, under the same topic", .timeLimit(.minutes(5)))
        func leaderKilled() async throws {
            let service = try await LocalPushServer.start { _ in .init(503) }
            let home = try TemporaryDirectory(label: "cluster-push")
            try P256.Signing.PrivateKey().pemRepresentation
                .write(toFile: home.file("vapid.pem"), atomically: true, encoding: .utf8)
            try TestKeys.root.write(toFile: home.file("root.pem"), atomically: true, encoding: .utf8)
            var options = LocalClusterOptions()
            options.nodeEnvironment = [
                "PUSH_ALLOW_LOOPBACK": "true", "PUSH_TRUST_ROOTS_FILE": home.file("root.pem"),
                "PUSH_WEB_PUSH_KEY_FILE": home.file("vapid.pem"), "PUSH_WEB_PUSH_SUBJECT": "mailto:ops@example.org",
                "PUSH_WEB_PUSH_HOSTS": "127.0.0.1:\(service.port)",
            ]
            let cluster = try LocalCluster(topology: .free(nodes: 3, zooKeepers: 3), options: options)
            try await cluster.up()
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await Testbed.run(on: cluster) { try await Self.run($0, service) })
            } catch {
                outcome = .failure(error)
            }
            try await cluster.down()
            await service.stop()
            try outcome.get()
        }

        private static func run(_ bed: Testbed, _ service: LocalPushServer) async throws {
            let browser = BrowserSubscription()
            let caller = try await bed.device("alice", "phone", port: bed.cluster.topology.balancerPort)
            try await caller.connect()
            try await register(browser, of: bed.user("bob"), at: service, bed)
            let call = bed.newCall()
            let invitation = WireMessage.with {
                $0.invite.callee = bed.user("bob")
                $0.invite.media = .with { $0.audio = true }
            }
            try await caller.send(invitation, in: call)
            try await waitUntil("it was tried", within: .seconds(10)) { !service.requests.isEmpty }

            let victim = try await bed.leader(of: call).node
            try await bed.cluster.kill(victim)
            let before = service.requests.count
            service.respond { _ in .init(201) }
            // After the claim of the killed node, at the latest.
            try await waitUntil("another node has sent the invite", within: .seconds(25)) {
                service.requests.count > before
            }
            let invite = try #require(service.requests.last)
            #expect(try browser.decrypt(invite.body).contains(#""type":"invite""#))

            try await caller.send(.with { $0.cancel = WireCancel() }, in: call)
            try await waitUntil("the cancel has come", within: .seconds(25)) {
                try service.requests.dropFirst(before).contains {
                    try browser.decrypt($0.body).contains(#""type":"cancel""#)
                }
            }
            let topics = Set(service.requests.compactMap { $0.headers["topic"] })
            #expect(topics == [call.description.replacing("-", with: "")])
        }

        private static func register(
            _ browser: BrowserSubscription, of user: String, at service: LocalPushServer, _ bed: Testbed
        ) async throws {
            let token = try await TokenMaker(secretFile: bed.cluster.tokenSecretFile).token(for: user)
            let body = """
                {"provider":"web_push","target":"https://127.0.0.1:\(service.port)/bob","parameters":\(browser.parameters)}
                """
            let port = try bed.cluster.clientPort(of: "n2")
            let answer = await LoopbackRequest.send(
                "PUT /v1/push/endpoints HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
                    + "Authorization: Bearer \(token)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", port: port)
            try #require(answer?.hasPrefix("HTTP/1.1 200") == true, "\(answer ?? "no answer")")
        }
    }
}
