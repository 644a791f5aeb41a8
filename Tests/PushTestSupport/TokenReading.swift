public import Crypto
import Foundation
import JWTKit

/// Checks the tokens that senders show, as the services do.
public enum TokenReading {
    public struct Token: Sendable {
        public var header: [String: String]
        /// Text as it is, numbers as text.
        public var claims: [String: String]
    }

    private struct Anything: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// - Throws: if the signature is not of this key.
    public static func es256(_ token: String, key: P256.Signing.PublicKey) async throws -> Token {
        let parts = token.split(separator: ".").map(String.init)
        guard parts.count == 3, let signature = bytes(parts[2]) else { throw BrowserSubscription.Unreadable() }
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        guard key.isValidSignature(try .init(rawRepresentation: signature), for: signed) else {
            throw BrowserSubscription.Unreadable()
        }
        return try read(parts)
    }

    /// The key of an uncompressed point in base64url, as `k` of VAPID gives it.
    public static func key(_ text: String) throws -> P256.Signing.PublicKey {
        try P256.Signing.PublicKey(x963Representation: bytes(text) ?? [])
    }

    /// RS256 by the key of the tests' service account.
    public static func accountAssertion(_ token: String) async throws -> Token {
        let keys = JWTKeyCollection()
        await keys.add(rsa: try Insecure.RSA.PublicKey(pem: TestKeys.accountPublicKey), digestAlgorithm: .sha256)
        _ = try await keys.verify(token, as: Anything.self)
        return try read(token.split(separator: ".").map(String.init))
    }

    private static func read(_ parts: [String]) throws -> Token {
        func fields(_ text: String) throws -> [String: String] {
            let object = try JSONSerialization.jsonObject(with: Data(bytes(text) ?? [])) as? [String: Any] ?? [:]
            return object.mapValues { "\($0)" }
        }
        return Token(header: try fields(parts[0]), claims: try fields(parts[1]))
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        var standard = text.replacing("-", with: "+").replacing("_", with: "/")
        standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Data(base64Encoded: standard).map { Array($0) }
    }
}
