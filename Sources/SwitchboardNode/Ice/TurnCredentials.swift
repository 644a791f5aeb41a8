import Crypto
import Foundation
import SwitchboardProtocol

/// A user name and a password that a TURN server takes until they expire, because it shares a secret with whoever made them: the
/// scheme of coturn's `use-auth-secret`, and of other servers (draft-uberti-behave-turn-rest-00 §2.2).
///
/// The name is `expiry:user`, the expiry in seconds since 1970; the password is base64(HMAC-SHA1(secret, name)).
struct TurnCredentials: Equatable, Sendable {
    let username: String
    let password: String

    init(user: UserID, expiresAtSeconds: Int64, secret: Secret) {
        username = "\(expiresAtSeconds):\(Self.plain(user))"
        let code = HMAC<Insecure.SHA1>.authenticationCode(
            for: Data(username.utf8), using: SymmetricKey(data: secret.bytes))
        password = Data(code).base64EncodedString()
    }

    /// The user with all but letters, digits and `-._~` as percent-encoded bytes (RFC 3986 §2.3), so that two users never become
    /// one.
    ///
    /// A user's name is nearly free text, the TURN name is not. Servers cut it at a colon, coturn at the first, others perhaps
    /// at the last; coturn refuses names with a blank, a quote or a backslash; letters beyond ASCII may be prepared in one way
    /// here and in another there (RFC 8265); and the name ends up in logs. With a user of at most 128 bytes the result stays
    /// within the 508 that a name may have (RFC 8489 §14.3).
    static func plain(_ user: UserID) -> String {
        var result = ""
        for byte in user.text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
