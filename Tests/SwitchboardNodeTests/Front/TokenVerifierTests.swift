import Crypto
import Foundation
import JWTKit
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("TokenVerifier")
struct TokenVerifierTests {
    private let secret = Secret(text: "a secret of more than enough bytes")

    private func failure(_ verifier: TokenVerifier, _ token: String) async -> TokenVerifier.Failure? {
        do throws(TokenVerifier.Failure) {
            _ = try await verifier.verify(token)
            return nil
        } catch {
            return error
        }
    }

    private func sign(
        _ user: String, expires: Double = 600, notBefore: Double? = nil, secret: Secret? = nil
    ) async throws -> String {
        let keys = await JWTKeyCollection().add(
            hmac: HMACKey(from: Data((secret ?? self.secret).bytes)), digestAlgorithm: .sha256)
        return try await keys.sign(
            SwitchboardClaims(
                sub: SubjectClaim(value: user),
                exp: ExpirationClaim(value: Date(timeIntervalSinceNow: expires)),
                nbf: notBefore.map { NotBeforeClaim(value: Date(timeIntervalSinceNow: $0)) }, demo: nil))
    }

    @Test("What it makes it verifies: user, expiry, and whether it is a demo token", arguments: [true, false])
    func roundTrip(isDemo: Bool) async throws {
        let verifier = try await TokenVerifier(.secret(secret))
        let expires = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 3600).rounded())
        let token = try await verifier.make(user: "zoë", expires: expires, isDemo: isDemo)
        let (verified, demo) = try await verifier.verify(token)
        #expect(verified.user == UserID("zoë"))
        #expect(verified.expiresAtMilliseconds == expires.timeIntervalSince1970 * 1000)
        #expect(demo == isDemo)
    }

    @Test("Expired and not yet valid are told apart from forged")
    func times() async throws {
        let verifier = try await TokenVerifier(.secret(secret))
        #expect(await failure(verifier, try await sign("a", expires: -1)) == .expired)
        #expect(await failure(verifier, try await sign("a", notBefore: 60)) == .bad)
        #expect(await failure(verifier, try await sign("a", notBefore: -60)) == nil)
        // An expired token of a stranger tells the stranger nothing.
        #expect(
            await failure(
                verifier,
                try await sign("a", expires: -1, secret: Secret(text: "another secret of more than enough bytes")))
                == .bad)
    }

    @Test(
        "Users that cannot be stored are no users",
        arguments: ["", "nul\0", "a\u{85}b", String(repeating: "é", count: 65)])
    func users(name: String) async throws {
        let verifier = try await TokenVerifier(.secret(secret))
        #expect(await failure(verifier, try await sign(name)) == .bad)
    }

    @Test("Nonsense, a changed signature, a changed payload, endless text")
    func forged() async throws {
        let verifier = try await TokenVerifier(.secret(secret))
        let good = try await sign("a")
        let parts = good.split(separator: ".").map(String.init)
        let others = try await sign("b").split(separator: ".").map(String.init)
        for token in [
            "", "..", "x", parts[0] + "." + parts[1] + ".", [parts[0], others[1], parts[2]].joined(separator: "."),
            good + String(repeating: "A", count: 10_000),
        ] {
            #expect(await failure(verifier, token) == .bad)
        }
    }

    @Test("A public key verifies what its private key signed; it cannot sign, and is no HMAC secret")
    func publicKey() async throws {
        let key = P256.Signing.PrivateKey()
        let verifier = try await TokenVerifier(.publicKey(key.publicKey.pemRepresentation))
        let signer = await JWTKeyCollection().add(ecdsa: try ES256PrivateKey(pem: key.pemRepresentation))
        let claims = SwitchboardClaims(
            sub: "ann", exp: ExpirationClaim(value: Date(timeIntervalSinceNow: 60)), nbf: nil, demo: nil)
        #expect(try await verifier.verify(try await signer.sign(claims)).token.user == UserID("ann"))

        // The well-known confusion: HS256 with the public key's text as the secret (RFC 8725 §2.1).
        let confused = try await sign("ann", secret: Secret(text: key.publicKey.pemRepresentation))
        #expect(await failure(verifier, confused) == .bad)
        await #expect(throws: (any Error).self) {
            try await verifier.make(user: "ann", expires: Date(timeIntervalSinceNow: 60), isDemo: true)
        }
    }

    @Test("A key file that holds no key is named")
    func badKey() async {
        await #expect(throws: SettingsError.self) { try await TokenVerifier(.publicKey("no PEM")) }
    }

    // MARK: Whom the user may call

    private struct Claims: JWTPayload {
        var sub: SubjectClaim = "ann"
        var exp = ExpirationClaim(value: Date(timeIntervalSinceNow: 60))
        var claim: Claim
        var name = "switchboard_call"

        enum Claim: Encodable {
            case absent, null
            case text(String)
            case list([String])
            case number(Int)
            case numbers([Int])
            case object([String: String])
        }

        init(_ claim: Claim) { self.claim = claim }

        init(from decoder: any Decoder) throws { claim = .absent }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Name.self)
            try container.encode(sub, forKey: Name(stringValue: "sub"))
            try container.encode(exp, forKey: Name(stringValue: "exp"))
            let key = Name(stringValue: name)
            switch claim {
            case .absent: break
            case .null: try container.encodeNil(forKey: key)
            case .text(let value): try container.encode(value, forKey: key)
            case .list(let value): try container.encode(value, forKey: key)
            case .number(let value): try container.encode(value, forKey: key)
            case .numbers(let value): try container.encode(value, forKey: key)
            case .object(let value): try container.encode(value, forKey: key)
            }
        }

        func verify(using algorithm: some JWTAlgorithm) async throws {}

        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }

    private func sign(_ claims: Claims) async throws -> String {
        try await JWTKeyCollection().add(hmac: HMACKey(from: Data(secret.bytes)), digestAlgorithm: .sha256).sign(claims)
    }

    @Test("The claim is a text or a list of texts; without it the token says nothing")
    func permission() async throws {
        let verifier = try await TokenVerifier(.secret(secret), permissionClaim: "switchboard_call")
        let expected: [(Claims.Claim, CallPermission?)] = [
            (.text("*"), .everyone), (.text("bob"), CallPermission(["bob"])),
            (.list(["bob", "team/*"]), CallPermission(["bob", "team/*"])), (.list([]), .nobody), (.absent, nil),
            (.null, nil),
        ]
        for (claim, permission) in expected {
            #expect(try await verifier.verify(try await sign(Claims(claim))).token.mayCall == permission, "\(claim)")
        }
    }

    @Test("A claim that nobody understands makes the token bad, unless nobody asks for it")
    func oddPermission() async throws {
        let asking = try await TokenVerifier(.secret(secret), permissionClaim: "switchboard_call")
        let others = [
            try await TokenVerifier(.secret(secret)),
            try await TokenVerifier(.secret(secret), permissionClaim: "may_call"),
        ]
        let odd: [Claims.Claim] = [
            .number(1), .numbers([1]), .object(["bob": "yes"]), .text(""), .list(["bob", ""]),
            .list(Array(repeating: "x", count: 257)),
        ]
        for claim in odd {
            let token = try await sign(Claims(claim))
            #expect(await failure(asking, token) == .bad, "\(claim)")
            for other in others { #expect(try await other.verify(token).token.mayCall == nil) }
        }
    }

    @Test("A claim of any name, also in tokens that a public key verifies")
    func permissionOfPublicKey() async throws {
        let key = P256.Signing.PrivateKey()
        let verifier = try await TokenVerifier(
            .publicKey(key.publicKey.pemRepresentation), permissionClaim: "https://example.org/may call")
        var claims = Claims(.text("bob"))
        claims.name = "https://example.org/may call"
        let signer = await JWTKeyCollection().add(ecdsa: try ES256PrivateKey(pem: key.pemRepresentation))
        #expect(try await verifier.verify(try await signer.sign(claims)).token.mayCall == CallPermission(["bob"]))
    }
}
