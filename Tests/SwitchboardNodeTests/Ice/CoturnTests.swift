import Foundation
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("TURN credentials, as a real coturn takes them", .timeLimit(.minutes(2)))
struct CoturnTests {
    private static let secret = "the-secret-of-nodes-and-turn-servers"

    private var now: Double { Date().timeIntervalSince1970 * 1000 }

    private func mint(
        _ user: String, lifetime: Duration = .seconds(3600), at wall: Double? = nil, secret: String = Self.secret,
        others: [String] = []
    ) throws -> WireIceServer {
        let access = IceServer.Access.timeLimited(
            first: Secret(text: secret), others: others.map { Secret(text: $0) })
        let source = TurnCredentialSource([IceServer(urls: ["turn:t"], access: access)], lifetime: lifetime)
        return source.iceServers(for: try #require(UserID(user)), wallMilliseconds: wall ?? now).servers[0]
    }

    private func allocate(_ server: TurnServer, _ username: String, _ password: String) async throws
        -> TurnClient.Answer
    {
        try await TurnClient(port: server.port, username: username, password: password).allocate()
    }

    private func isGranted(_ answer: TurnClient.Answer) -> Bool {
        if case .granted(let port?) = answer { port >= 49_152 } else { false }
    }

    @Test("What a node makes is good for an allocation, whatever the user is called; forged and expired ones are not")
    func allocations() async throws {
        let server = try await TurnServer.start(secrets: [Self.secret])
        for user in [
            "alice", "1:2:3", ":", "zoë/À 😀", "a\"b'c\\d$(e)%00", String(repeating: "é", count: 64),
            String(repeating: "x", count: 128),
        ] {
            let made = try mint(user)
            #expect(isGranted(try await allocate(server, made.username, made.credential)), "\(user)")
        }

        let good = try mint("alice")
        let expired = try mint("alice", at: now - 3_605_000)
        let later = good.username.replacing(/^\d+/, with: "9999999999")
        let other = try mint("bob")
        let stranger = try mint("alice", secret: "another secret, just as long")
        for (username, password) in [
            (expired.username, expired.credential), (later, good.credential), (other.username, good.credential),
            (stranger.username, stranger.credential), (good.username, ""), ("alice", good.credential),
        ] {
            #expect(try await allocate(server, username, password) == .refused(401), "\(username)")
        }
        try await server.stop()
    }

    @Test("Names made from odd users do not pass for those of others")
    func binding() async throws {
        let server = try await TurnServer.start(secrets: [Self.secret])
        // A name is the expiry and all that follows: who is called "x:alice" gets nothing that is signed for "alice".
        let made = try mint("x:alice")
        for username in ["\(made.username.prefix(while: { $0 != ":" })):alice", made.username.removingPercentEncoding] {
            #expect(try await allocate(server, try #require(username), made.credential) == .refused(401))
        }
        try await server.stop()
    }

    @Test("The server knows a user again under his next name: a quota per user holds")
    func quota() async throws {
        let server = try await TurnServer.start(secrets: [Self.secret], further: ["user-quota=1"])
        let first = try mint("zoë:1")
        let held = try TurnClient(port: server.port, username: first.username, password: first.credential)
        #expect(isGranted(try await held.allocate()))
        let second = try mint("zoë:1", lifetime: .seconds(1800))
        #expect(try await allocate(server, second.username, second.credential) == .refused(486))
        let other = try mint("zoë:2")
        #expect(isGranted(try await allocate(server, other.username, other.credential)))
        try await server.stop()
    }

    @Test("While a secret is replaced the server takes both, and nodes sign by the first")
    func rotation() async throws {
        let new = "the-next-secret-of-nodes-and-servers"
        let server = try await TurnServer.start(secrets: [Self.secret, new])
        let before = try mint("alice")
        let after = try mint("alice", secret: new, others: [Self.secret])
        #expect(before.credential != after.credential)
        for made in [before, after] {
            #expect(isGranted(try await allocate(server, made.username, made.credential)))
        }
        try await server.stop()
    }

    @Test("An allocation goes on after its credentials have expired; a new one needs new ones")
    func longCall() async throws {
        let server = try await TurnServer.start(secrets: [Self.secret])
        let made = try mint("alice", lifetime: .seconds(2))
        let expiry = try #require(Double(made.username.prefix { $0 != ":" }))
        let call = try TurnClient(port: server.port, username: made.username, password: made.credential)
        #expect(isGranted(try await call.allocate()))
        // The server's clock counts whole seconds, and takes the one that is named.
        while Date().timeIntervalSince1970 < expiry + 1.1 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(try await allocate(server, made.username, made.credential) == .refused(401))
        #expect(try await call.refresh() == .granted(port: nil))
        let fresh = try mint("alice", lifetime: .seconds(2))
        #expect(isGranted(try await allocate(server, fresh.username, fresh.credential)))
        try await server.stop()
    }
}
