import Foundation

/// What a session reads of its own token: when it will expire. Nothing is verified, which is the server's business.
enum TokenExpiry {
    /// A token is renewed this long before it expires; one that lives less than twice as long, half-way.
    private static let margin: Duration = .seconds(60)
    /// What lives longer is renewed by the next connection anyhow.
    private static let longest: Duration = .seconds(30 * 86_400)

    /// How long from now a new token should be had. nil: the token (a JWT, RFC 7519) does not say, or is over.
    ///
    /// - Parameter now: since 1970. With a wrong clock the worst is a reconnect when the server closes.
    static func renewal(of token: String, now: Duration) -> Duration? {
        guard let expiry = expiry(of: token), expiry > now else { return nil }
        let left = expiry - now
        return min(max(left - margin, left / 2), longest)
    }

    private static func expiry(of token: String) -> Duration? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Data(base64URL: String(parts[1])),
            let claims = try? JSONDecoder().decode(Claims.self, from: payload), claims.exp.isFinite,
            abs(claims.exp) < 1e12
        else { return nil }
        return .seconds(claims.exp)
    }

    private struct Claims: Decodable {
        let exp: Double
    }
}
