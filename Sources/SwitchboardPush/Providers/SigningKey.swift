public import Crypto
import JWTKit

/// A private key on P-256 that signs tokens with ES256 (RFC 7518 §3.4).
public struct SigningKey: Sendable {
    private let key: Concealed<P256.Signing.PrivateKey>

    /// - Parameter pem: PKCS #8, as Apple gives it (`.p8`), or SEC 1.
    /// - Throws: `KeyError`.
    public init(pem: String) throws(KeyError) {
        do {
            key = Concealed(try P256.Signing.PrivateKey(pemRepresentation: pem))
        } catch {
            throw KeyError("holds no PEM private key for P-256 (ES256)")
        }
    }

    public init(_ key: P256.Signing.PrivateKey) {
        self.key = Concealed(key)
    }

    public var pem: String { key.value.pemRepresentation }

    /// The public half, as an uncompressed point (65 bytes), base64url: what browsers take as `applicationServerKey`.
    public var publicKey: String { Base64URL.encode(key.value.publicKey.x963Representation) }

    /// - Throws: only what the signing library throws, which it does for no key that could be read.
    func sign(_ claims: some JWTPayload, keyID: String? = nil) async throws -> String {
        let keys = JWTKeyCollection()
        let kid = keyID.map { JWKIdentifier(string: $0) }
        await keys.add(ecdsa: try ES256PrivateKey(backing: key.value), kid: kid)
        return try await keys.sign(claims, kid: kid)
    }
}
