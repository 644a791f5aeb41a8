import Crypto
import Foundation

/// Encrypts a push for one subscription: RFC 8291 (keys), with the content coding `aes128gcm` of RFC 8188, in one record.
struct WebPushEncryption {
    /// RFC 8188 §2.1: the size of a record; one is enough, for push services take 4096 bytes in all (RFC 8030 §7.2).
    private static let recordSize: UInt32 = 4096
    /// Header (16 + 4 + 1 + 65), delimiter and tag.
    static let maximumPlaintext = 4096 - 86 - 1 - 16

    private let key: P256.KeyAgreement.PrivateKey
    private let salt: [UInt8]

    /// A fresh key and a fresh salt, as every message must have.
    init() {
        var generator = SystemRandomNumberGenerator()
        self.init(
            key: P256.KeyAgreement.PrivateKey(),
            salt: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// For the specification's own example.
    init(key: P256.KeyAgreement.PrivateKey, salt: [UInt8]) {
        self.key = key
        self.salt = salt
    }

    /// - Returns: the body of the request.
    /// - Throws: `KeyError` if the text is too long.
    func encrypt(_ plaintext: [UInt8], for subscription: WebPushSubscription) throws(KeyError) -> [UInt8] {
        guard plaintext.count <= Self.maximumPlaintext else {
            throw KeyError("the push is longer than \(Self.maximumPlaintext) bytes")
        }
        do {
            let sender = Array(key.publicKey.x963Representation)
            let (contentKey, nonce) = try keys(for: subscription, sender: sender)
            // RFC 8188 §2: 2 ends the last record; no padding follows.
            let sealed = try AES.GCM.seal(plaintext + [2], using: contentKey, nonce: nonce)
            let size = withUnsafeBytes(of: Self.recordSize.bigEndian) { Array($0) }
            return salt + size + [UInt8(sender.count)] + sender + sealed.ciphertext + sealed.tag
        } catch {
            throw KeyError("the push cannot be encrypted for this subscription")
        }
    }

    /// RFC 8291 §3.4.
    private func keys(
        for subscription: WebPushSubscription, sender: [UInt8]
    ) throws -> (SymmetricKey, AES.GCM.Nonce) {
        let receiver = Array(subscription.publicKey.x963Representation)
        let material = try key.sharedSecretFromKeyAgreement(with: subscription.publicKey)
            .hkdfDerivedSymmetricKey(
                using: SHA256.self, salt: subscription.authenticationSecret,
                sharedInfo: Array("WebPush: info\0".utf8) + receiver + sender, outputByteCount: 32)
        func derive(_ info: String, _ count: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: material, salt: salt, info: Array(info.utf8), outputByteCount: count)
        }
        let nonce = derive("Content-Encoding: nonce\0", 12).withUnsafeBytes { Array($0) }
        return (derive("Content-Encoding: aes128gcm\0", 16), try AES.GCM.Nonce(data: nonce))
    }
}
