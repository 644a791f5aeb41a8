import Foundation
import JWTKit

/// Makes tokens as the application's own server would, and such as it would not.
enum TestToken {
    struct Claims: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim?
        var nbf: NotBeforeClaim?
        var demo: Bool?
        var mayCall: [String]?

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    static func make(
        _ user: String, expires: Date? = Date(timeIntervalSinceNow: 3600), notBefore: Date? = nil, demo: Bool? = nil,
        mayCall: [String]? = nil, secret: String = RunningNode.tokenSecret
    ) async throws -> String {
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        return try await keys.sign(
            Claims(
                sub: SubjectClaim(value: user), exp: expires.map { ExpirationClaim(value: $0) },
                nbf: notBefore.map { NotBeforeClaim(value: $0) }, demo: demo, mayCall: mayCall))
    }

    /// Says that it needs no signature (RFC 8725 §2.1).
    static func unsigned(_ user: String) -> String {
        let parts = ["{\"alg\":\"none\",\"typ\":\"JWT\"}", "{\"sub\":\"\(user)\",\"exp\":4102444800}"].map { text in
            Data(text.utf8).base64EncodedString().replacing("=", with: "").replacing("+", with: "-")
                .replacing("/", with: "_")
        }
        return parts.joined(separator: ".") + "."
    }
}
