import Foundation
import JWTKit

/// Tokens that tell push services who sends (RFC 8292): one for each service, kept for some hours.
actor VAPIDTokens {
    private struct Claims: JWTPayload {
        /// The service's origin.
        var aud: String
        var exp: Int
        /// How to reach the sender: `mailto:` or `https:`.
        var sub: String

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private struct Token {
        var text: String
        var renewal: Date
    }

    /// RFC 8292 §2 allows 24 hours at most.
    private static let lifetime: TimeInterval = 12 * 3600
    private static let capacity = 64

    private let key: SigningKey
    private let subject: String
    private var tokens: [String: Token] = [:]

    init(key: SigningKey, subject: String) {
        self.key = key
        self.subject = subject
    }

    /// The value of `Authorization` (RFC 8292 §3).
    func authorization(for origin: String, now: Date) async throws -> String {
        let token: String
        if let known = tokens[origin], known.renewal > now {
            token = known.text
        } else {
            let expires = Int(now.timeIntervalSince1970 + Self.lifetime)
            token = try await key.sign(Claims(aud: origin, exp: expires, sub: subject))
            if tokens.count >= Self.capacity { tokens.removeAll() }
            tokens[origin] = Token(text: token, renewal: now.addingTimeInterval(Self.lifetime / 2))
        }
        return "vapid t=\(token), k=\(key.publicKey)"
    }
}
