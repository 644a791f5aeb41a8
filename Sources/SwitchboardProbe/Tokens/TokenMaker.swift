import Foundation
import JWTKit

/// Signs users' tokens (RFC 7519, HS256) with the cluster's secret, as an application's own backend would.
package struct TokenMaker: Sendable {
    private let keys: JWTKeyCollection
    private let lifetime: TimeInterval = 12 * 3600

    /// - Parameter file: holds the secret as text; white space around it does not count.
    /// - Throws: `ProbeError.unreadable` if the file cannot be read or holds less than a node would take.
    package init(secretFile file: String) async throws {
        let secret = try TextFile.read(file)
        // HS256 demands a key of at least the hash's size (RFC 7518 §3.2).
        guard secret.utf8.count >= 32 else { throw ProbeError.unreadable(file) }
        keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
    }

    package func token(for user: String) async throws -> String {
        let expiry = ExpirationClaim(value: Date(timeIntervalSinceNow: lifetime))
        return try await keys.sign(Claims(sub: SubjectClaim(value: user), exp: expiry))
    }

    private struct Claims: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) async throws {
            try exp.verifyNotExpired()
        }
    }
}
