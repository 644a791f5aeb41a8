public import Crypto
import Foundation

/// What a browser's `PushSubscription` gives beside its endpoint: the keys for which a push is encrypted.
public struct WebPushSubscription: Sendable {
    public let publicKey: P256.KeyAgreement.PublicKey
    /// 16 bytes.
    public let authenticationSecret: [UInt8]

    private struct Fields: Codable {
        var p256dh: String
        var auth: String
    }

    /// - Parameter parameters: JSON with `p256dh` and `auth`, base64url.
    /// - Throws: `KeyError`.
    public init(parameters: some Sequence<UInt8>) throws(KeyError) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(parameters)) else {
            throw KeyError("parameters must hold p256dh and auth, as PushSubscription.toJSON().keys gives them")
        }
        guard let point = Base64URL.decode(fields.p256dh), point.count == 65,
            let key = try? P256.KeyAgreement.PublicKey(x963Representation: point)
        else { throw KeyError("p256dh must be a point on P-256: 65 bytes in base64url") }
        guard let secret = Base64URL.decode(fields.auth), secret.count == 16 else {
            throw KeyError("auth must be 16 bytes in base64url")
        }
        publicKey = key
        authenticationSecret = secret
    }

    /// As it is stored.
    var parameters: String {
        JSONText.of(
            Fields(
                p256dh: Base64URL.encode(publicKey.x963Representation), auth: Base64URL.encode(authenticationSecret)))
    }
}
