import Foundation
import JWTKit
import SwitchboardCore
import SwitchboardProtocol

/// Checks tokens (RFC 7519): signature by the configured key, `exp` demanded, `nbf` honoured, the user from `sub`.
struct TokenVerifier: Sendable {
    private let keys: JWTKeyCollection

    /// - Throws: `SettingsError` if the key can't be used.
    init(_ tokens: NodeSettings.Tokens) async throws(SettingsError) {
        keys = JWTKeyCollection()
        switch tokens {
        case .secret(let secret):
            await keys.add(hmac: HMACKey(from: Data(secret.bytes)), digestAlgorithm: .sha256)
        case .demo(let store):
            let secret = try DemoSecret.readOrMake(beside: store)
            await keys.add(hmac: HMACKey(from: Data(secret.bytes)), digestAlgorithm: .sha256)
        case .publicKey(let pem):
            if let key = try? ES256PublicKey(pem: pem) {
                await keys.add(ecdsa: key)
            } else if let key = try? Insecure.RSA.PublicKey(pem: pem) {
                await keys.add(rsa: key, digestAlgorithm: .sha256)
            } else {
                throw SettingsError(["auth.keyFile holds no PEM public key for ES256 or RS256"])
            }
        }
    }

    enum Failure: Error, Equatable {
        case bad
        case expired
    }

    /// - Returns: what the token says, and whether it is a demo token.
    func verify(_ token: String) async throws(Failure) -> (token: VerifiedToken, isDemo: Bool) {
        guard token.utf8.count <= 8192 else { throw .bad }
        let claims: SwitchboardClaims
        do {
            claims = try await keys.verify(token, as: SwitchboardClaims.self)
        } catch let error as JWTError where error.errorType == .claimVerificationFailure {
            throw error.failedClaim is ExpirationClaim ? .expired : .bad
        } catch {
            throw .bad
        }
        guard let user = UserID(claims.sub.value) else { throw .bad }
        return (
            VerifiedToken(user: user, expiresAtMilliseconds: claims.exp.value.timeIntervalSince1970 * 1000),
            claims.demo == true
        )
    }

    /// Signs a token; only with a shared secret.
    func make(user: String, expires: Date, isDemo: Bool) async throws -> String {
        try await keys.sign(
            SwitchboardClaims(
                sub: SubjectClaim(value: user), exp: ExpirationClaim(value: expires), nbf: nil,
                demo: isDemo ? true : nil))
    }
}

/// The claims that count. Demo tokens say so, and count on nodes in demo mode only.
struct SwitchboardClaims: JWTPayload {
    var sub: SubjectClaim
    var exp: ExpirationClaim
    var nbf: NotBeforeClaim?
    var demo: Bool?

    func verify(using algorithm: some JWTAlgorithm) async throws {
        try exp.verifyNotExpired()
        try nbf?.verifyNotBefore()
    }
}
