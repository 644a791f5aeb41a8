public import Crypto
import Foundation

/// A browser's push subscription, private half included: reads what was encrypted for it, by RFC 8291 and RFC 8188, with nothing
/// taken over from the sender's code.
public struct BrowserSubscription: Sendable {
    public let key: P256.KeyAgreement.PrivateKey
    public let auth: [UInt8]

    public init(key: P256.KeyAgreement.PrivateKey = P256.KeyAgreement.PrivateKey(), auth: [UInt8]? = nil) {
        self.key = key
        self.auth = auth ?? (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    }

    /// `keys` of `PushSubscription.toJSON()`.
    public var keys: [String: String] {
        ["p256dh": Self.base64URL(Array(key.publicKey.x963Representation)), "auth": Self.base64URL(auth)]
    }

    public var parameters: String {
        "{\"p256dh\":\"\(keys["p256dh"] ?? "")\",\"auth\":\"\(keys["auth"] ?? "")\"}"
    }

    public struct Unreadable: Error {}

    /// - Throws: if it was not encrypted for this subscription, or was changed on its way.
    public func decrypt(_ body: [UInt8]) throws -> String {
        guard body.count > 21 else { throw Unreadable() }
        let salt = Array(body[..<16])
        let recordSize = body[16..<20].reduce(0) { $0 << 8 | Int($1) }
        let keyEnd = 21 + Int(body[20])
        guard body.count > keyEnd + 16, body.count - keyEnd <= recordSize else { throw Unreadable() }
        let sender = Array(body[21..<keyEnd])
        let shared = try key.sharedSecretFromKeyAgreement(
            with: P256.KeyAgreement.PublicKey(x963Representation: sender))
        let sharedBytes = shared.withUnsafeBytes { Array($0) }

        // HKDF (RFC 5869) step by step.
        let extracted = Self.hmac(auth, sharedBytes)
        let own = Array(key.publicKey.x963Representation)
        let material = Self.hmac(extracted, Array("WebPush: info".utf8) + [0] + own + sender + [1])
        let pseudorandom = Self.hmac(salt, material)
        let contentKey = Self.hmac(pseudorandom, Array("Content-Encoding: aes128gcm".utf8) + [0, 1])[..<16]
        let nonce = Self.hmac(pseudorandom, Array("Content-Encoding: nonce".utf8) + [0, 1])[..<12]

        let box = try AES.GCM.SealedBox(
            nonce: AES.GCM.Nonce(data: Array(nonce)), ciphertext: Array(body[keyEnd..<(body.count - 16)]),
            tag: Array(body[(body.count - 16)...]))
        var plain = Array(try AES.GCM.open(box, using: SymmetricKey(data: Array(contentKey))))
        while plain.last == 0 { plain.removeLast() }
        guard plain.popLast() == 2 else { throw Unreadable() }
        return String(decoding: plain, as: UTF8.self)
    }

    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
