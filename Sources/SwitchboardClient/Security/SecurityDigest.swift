import Crypto
import Foundation
import SwitchboardProtocol

/// What the exchange behind the security code computes; docs/PROTOCOL.md, section 11.
enum SecurityDigest {
    static let nonceBytes = 16
    static let digestBytes = 32
    private static let label = "switchboard security code v1"
    /// Pictures in a code: 5 are 40 bits, of which nobody can try many, since each try is a call.
    private static let pictures = 5

    /// What the caller promises before it knows the callee's number.
    static func commitment(nonce: [UInt8], fingerprint: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: nonce + fingerprint))
    }

    /// A is the caller of the call, B the callee, whoever made the offer.
    static func code(
        call: ConversationID, fingerprintA: [UInt8], fingerprintB: [UInt8], nonceA: [UInt8], nonceB: [UInt8]
    ) -> [SecurityPicture] {
        let label = Array(Self.label.utf8) + [0] + Array(call.description.utf8)
        let digest = SHA256.hash(data: label + fingerprintA + fingerprintB + nonceA + nonceB)
        return digest.prefix(pictures).map { SecurityPicture.all[Int($0)] }
    }

    /// base64url without padding (RFC 4648 §5).
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// nil for anything but so many bytes.
    static func bytes(_ text: String, count: Int) -> [UInt8]? {
        guard let data = Data(base64URL: text), data.count == count else { return nil }
        return Array(data)
    }
}
