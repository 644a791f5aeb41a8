import Foundation
import LocalCluster
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("Tokens at the door and on the way (real node, SQLite)", .timeLimit(.minutes(3)))
struct TokenTests {
    private func expectRefused(
        _ node: RunningNode, _ token: String, _ code: CloseCode, _ name: ErrorName,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let socket = try await WebSocketClient.connect(port: node.port)
        try await socket.send(.hello(token: token))
        try await expectClosed(socket, code, name, sourceLocation: sourceLocation)
        #expect(try socket.messages().count == 1, "nothing but the error", sourceLocation: sourceLocation)
    }

    @Test("Forged, unsigned, shortened, empty, premature, nameless, huge: bad_token, 4500")
    func badToken() async throws {
        try await besideOngoingCall { node in
            let good = try await TestToken.make("eve")
            let bad = [
                "", "nonsense", "a.b.c", String(good.dropLast(4)), TestToken.unsigned("eve"),
                try await TestToken.make("eve", secret: "another secret, just as long 012345"),
                try await TestToken.make("eve", notBefore: Date(timeIntervalSinceNow: 600)),
                try await TestToken.make("eve", expires: nil),
                try await TestToken.make(""), try await TestToken.make("nul\0inside"),
                try await TestToken.make(String(repeating: "e", count: 129)),
                good + String(repeating: "A", count: 9000),
            ]
            for token in bad { try await expectRefused(node, token, .badToken, .badToken) }
        }
    }

    @Test("An expired token: token_expired, 4003; a new one is welcome")
    func expired() async throws {
        try await besideOngoingCall { node in
            let stale = try await TestToken.make("late", expires: Date(timeIntervalSinceNow: -1))
            try await expectRefused(node, stale, .tokenExpired, .tokenExpired)
            try await Device.connect(node, "late").isAnswered()
        }
    }

    @Test("A token that runs out closes its connection with 4003, unless it was refreshed")
    func runsOut() async throws {
        try await besideOngoingCall { node in
            let expires = Date(timeIntervalSinceNow: 3)
            let leaving = try await Device.connect(
                node, "leaving", token: try await TestToken.make("leaving", expires: expires))
            let staying = try await Device.connect(
                node, "staying", token: try await TestToken.make("staying", expires: expires))
            try await staying.socket.send(.refresh(token: try await TestToken.make("staying")))
            try await staying.isAnswered()
            try await expectClosed(leaving.socket, .tokenExpired, .tokenExpired)
            #expect(Date() >= expires)
            // The same moment has passed for the other.
            try await staying.isAnswered()
            #expect(staying.socket.closeCode == nil)
        }
    }

    @Test("A refresh for somebody else, or with a bad token, closes with 4500")
    func badRefresh() async throws {
        try await besideOngoingCall { node in
            let other = try await Device.connect(node, "refresher")
            try await other.socket.send(.refresh(token: try await TestToken.make("somebody else")))
            try await expectClosed(other.socket, .badToken, .badToken)

            let forged = try await Device.connect(node, "refresher")
            try await forged.socket.send(.refresh(token: "nonsense"))
            try await expectClosed(forged.socket, .badToken, .badToken)
        }
    }

    @Test("Tokens do not appear in the node's log")
    func notLogged() async throws {
        let node = try await RunningNode.shared()
        let token = try await TestToken.make("discreet")
        try await Device.connect(node, "discreet", token: token).isAnswered()
        try await expectRefused(node, token + "x", .badToken, .badToken)
        #expect(!node.log.contains(token.suffix(20)))
        #expect(!node.log.contains(RunningNode.tokenSecret))
    }
}
