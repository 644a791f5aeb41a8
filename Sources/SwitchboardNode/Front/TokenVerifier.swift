import Foundation
import JWTKit
import SwitchboardCore
import SwitchboardProtocol

/// Checks tokens (RFC 7519): signature by the configured key, `exp` demanded, `nbf` honoured, the user from `sub`.
struct TokenVerifier: Sendable {
    private let keys: JWTKeyCollection

    /// - Parameter permissionClaim: The claim that says whom the user may call; nil: it is not asked for.
    /// - Throws: `SettingsError` if the key can't be used.
    init(_ tokens: NodeSettings.Tokens, permissionClaim: String? = nil) async throws(SettingsError) {
        keys = JWTKeyCollection()
        let parser = SwitchboardClaims.parser(permissionClaim: permissionClaim)
        switch tokens {
        case .secret(let secret):
            await keys.add(hmac: HMACKey(from: Data(secret.bytes)), digestAlgorithm: .sha256, parser: parser)
        case .demo(let store):
            let secret = try DemoSecret.readOrMake(beside: store)
            await keys.add(hmac: HMACKey(from: Data(secret.bytes)), digestAlgorithm: .sha256, parser: parser)
        case .publicKey(let pem):
            if let key = try? ES256PublicKey(pem: pem) {
                await keys.add(ecdsa: key, parser: parser)
            } else if let key = try? Insecure.RSA.PublicKey(pem: pem) {
                await keys.add(rsa: key, digestAlgorithm: .sha256, parser: parser)
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
            VerifiedToken(
                user: user, expiresAtMilliseconds: claims.exp.value.timeIntervalSince1970 * 1000,
                mayCall: claims.mayCall),
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
