import Foundation
import HTTPTestSupport
import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("Who may call whom (real node, SQLite)", .timeLimit(.minutes(3)))
struct CallPolicyTests {
    /// Calls and waits for the outcome: `ringing` if the callee got the invite, else the reason of the end.
    private func call(_ node: RunningNode, _ caller: Device, _ callee: Device) async throws -> String {
        let id = ConversationID.random()
        try await caller.sendAccepted(.invite(callee.user), in: id)
        try await caller.waits("hears what becomes of the call, or the callee gets it") {
            try callee.kinds(in: id).contains("invite") || $0.deliveries(in: id).contains { $0.message.kind == "ended" }
        }
        guard let end = try caller.deliveries(in: id).first(where: { $0.message.kind == "ended" }) else {
            return "rings"
        }
        try await callee.isAnswered()
        #expect(try callee.deliveries(in: id).isEmpty, "nobody hears of a call that is not allowed")
        return end.message.ended.reason
    }

    @Test("By a claim in the token; a refreshed token counts at once")
    func claim() async throws {
        let file = #"{"callPolicy": {"kind": "claim", "claim": "mayCall"}}"#
        try await RunningNode.with(.init(file: file)) { node in
            let bob = try await Device.connect(node, "team/bob")
            func caller(_ name: String, _ permission: [String]?) async throws -> Device {
                try await Device.connect(node, name, token: try await TestToken.make(name, mayCall: permission))
            }
            #expect(try await call(node, try await caller("a", ["team/*"]), bob) == "rings")
            #expect(try await call(node, try await caller("b", ["*"]), bob) == "rings")
            #expect(try await call(node, try await caller("c", ["team/carol"]), bob) == "not_allowed")
            let dave = try await caller("d", nil)
            #expect(try await call(node, dave, bob) == "not_allowed")
            try await dave.socket.send(.refresh(token: try await TestToken.make("d", mayCall: ["team/bob"])))
            try await dave.isAnswered()
            // Tokens are checked beside the connection, so the new one may count a moment later.
            try await waitUntil("the new token counts", within: .seconds(10)) {
                try await call(node, dave, bob) == "rings"
            }
        }
    }

    @Test("By a hook: allowed, refused, and refused without an answer; the log tells, without secrets")
    func hook() async throws {
        let hook = try await HookServer.start { request, _ in
            let body = String(decoding: request.body, as: UTF8.self)
            return body.contains(#""callee":"bob""#) ? .verdict("allow") : .verdict("refuse")
        }
        let home = try TemporaryDirectory(label: "hook")
        let secret = "the secret that signs the questions"
        try secret.write(toFile: home.file("hook"), atomically: true, encoding: .utf8)
        let file = """
            {"callPolicy": {"kind": "hook", "hook": {"url": "\(hook.url)", "secretFile": "\(home.file("hook"))",
             "timeoutMs": 500}}}
            """
        try await RunningNode.with(.init(file: file)) { node in
            let alice = try await Device.connect(node, "alice")
            let bob = try await Device.connect(node, "bob")
            let carol = try await Device.connect(node, "carol")
            #expect(try await call(node, alice, bob) == "rings")
            #expect(try await call(node, alice, carol) == "not_allowed")
            #expect(hook.current.requests.allSatisfy { $0.header("switchboard-signature") != nil })

            try await hook.stop()
            #expect(try await call(node, alice, bob) == "not_allowed")
            #expect(node.log.contains("the call hook gave no verdict"))
            for text in [secret, "alice"] { #expect(!node.log.contains(text)) }
            let metrics = try await node.metrics()
            func value(_ name: String) -> Double? { metrics.first { $0.name == "switchboard_" + name }?.value }
            #expect(value("policy_questions_total") == 3)
            #expect(value("policy_failures_total") == 1)
        }
    }

    @Test("A silent verdict looks to the caller as if it rang and nobody answered")
    func silent() async throws {
        let hook = try await HookServer.start { _, _ in .verdict("silent") }
        let home = try TemporaryDirectory(label: "hook")
        try "the secret that signs the questions".write(toFile: home.file("hook"), atomically: true, encoding: .utf8)
        let file = """
            {"callPolicy": {"kind": "hook", "hook": {"url": "\(hook.url)", "secretFile": "\(home.file("hook"))"}},
             "call": {"ringTimeoutMs": 1000}}
            """
        try await RunningNode.with(.init(file: file)) { node in
            let alice = try await Device.connect(node, "alice")
            let bob = try await Device.connect(node, "bob")
            let id = ConversationID.random()
            try await alice.sendAccepted(.invite("bob"), in: id)
            try await alice.waitsForKinds(["ringing", "ended"], in: id)
            #expect(try alice.kinds(in: id) == ["ringing", "ended"])
            #expect(try alice.deliveries(in: id).last?.message.ended.reason == "no_answer")
            try await bob.isAnswered()
            #expect(try bob.deliveries(in: id).isEmpty)
        }
        try await hook.stop()
    }
}
