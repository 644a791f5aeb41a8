import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("TurnCredentialSource")
struct TurnCredentialSourceTests {
    private static let secret = Secret(text: "north-north-west")

    private func name(_ user: String) throws -> String {
        TurnCredentials.plain(try #require(UserID(user)))
    }

    /// The expected value is of: printf 1433895918:alice | openssl dgst -sha1 -hmac north-north-west -binary | base64
    @Test("The password is the base64 HMAC-SHA1 of the name")
    func scheme() throws {
        let made = TurnCredentials(
            user: try #require(UserID("alice")), expiresAtSeconds: 1_433_895_918, secret: Self.secret)
        #expect(made.username == "1433895918:alice")
        #expect(made.password == "4pNfTk3TiZYuyt2pO6UOMekInI4=")
    }

    @Test("Names hold no colon of the user's, nothing but ASCII, and stay apart")
    func names() throws {
        #expect(try name("Alice-1.b_c~d") == "Alice-1.b_c~d")
        #expect(try name("a:b") == "a%3Ab")
        #expect(try name("zoë/À 1%") == "zo%C3%AB%2F%C3%80%201%25")
        #expect(try name("a%3Ab") == "a%253Ab")
        let long = String(repeating: "é", count: 64)
        #expect(try name(long).utf8.count == 384)
        // A control character does not get as far as here: no user is called so.
        #expect(UserID("a\u{1}b") == nil)
        #expect(TurnCredentials.plain(UserID(trusted: "a\u{1}b")) == "a%01b")
    }

    private let servers = [
        IceServer(urls: ["stun:s"], access: .open),
        IceServer(urls: ["turn:f"], access: .fixed(username: "u", credential: Secret(text: "c"))),
        IceServer(
            urls: ["turn:t", "turns:t"],
            access: .timeLimited(first: TurnCredentialSourceTests.secret, others: [Secret(text: "south-south-east")])),
    ]

    @Test("Each server as configured; the first secret signs")
    func minting() throws {
        let source = TurnCredentialSource(servers, lifetime: .seconds(3600))
        let minted = source.iceServers(for: try #require(UserID("bob")), wallMilliseconds: 1_700_000_000_000)
        #expect(minted.timeToLive == .seconds(3600))
        #expect(minted.servers.map(\.urls) == [["stun:s"], ["turn:f"], ["turn:t", "turns:t"]])
        #expect(minted.servers.map(\.username) == ["", "u", "1700003600:bob"])
        #expect(minted.servers.map(\.credential).prefix(2) == ["", "c"])
        let made = TurnCredentials(
            user: try #require(UserID("bob")), expiresAtSeconds: 1_700_003_600, secret: Self.secret)
        #expect(minted.servers[2].credential == made.password)
    }

    @Test("Users, times and secrets make different passwords")
    func differences() throws {
        func password(_ user: String, _ wall: Double, _ secret: String) throws -> String {
            let server = IceServer(urls: ["turn:t"], access: .timeLimited(first: Secret(text: secret), others: []))
            return TurnCredentialSource([server], lifetime: .seconds(60))
                .iceServers(for: try #require(UserID(user)), wallMilliseconds: wall).servers[0].credential
        }
        let all = [
            try password("a", 0, "s"), try password("b", 0, "s"), try password("a", 1000, "s"),
            try password("a", 0, "t"),
        ]
        #expect(Set(all).count == 4)
        #expect(try password("a", 0, "s") == all[0])
    }

    @Test("A lifetime that was told is kept, whatever the fraction of a second")
    func rounding() throws {
        let source = TurnCredentialSource([servers[2]], lifetime: .milliseconds(1500))
        for (wall, expiry) in [(0.0, "2"), (499, "2"), (500, "2"), (501, "3"), (1_700_000_000_999, "1700000003")] {
            let name = source.iceServers(for: try #require(UserID("a")), wallMilliseconds: wall).servers[0].username
            #expect(name == "\(expiry):a")
        }
    }

    @Test("A clock that shows nonsense makes credentials that are no good, and no crash")
    func clocks() throws {
        let source = TurnCredentialSource([servers[2]], lifetime: .seconds(1))
        for wall in [-1e300, -1, .nan, .infinity, -.infinity, 1e300] {
            let name = source.iceServers(for: try #require(UserID("a")), wallMilliseconds: wall).servers[0].username
            #expect(name.contains(/^\d+:a$/), "\(wall)")
        }
    }

    @Test("Without a shared secret nothing expires")
    func forEver() throws {
        let source = TurnCredentialSource(Array(servers.prefix(2)), lifetime: .seconds(1))
        #expect(source.iceServers(for: try #require(UserID("a")), wallMilliseconds: 0).timeToLive == nil)
    }
}
