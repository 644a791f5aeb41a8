import Foundation
import JWTKit

/// The token that tells Apple who sends. Apple refuses tokens older than an hour, and senders that change theirs more often than
/// every 20 minutes.
actor APNsTokens {
    private struct Claims: JWTPayload {
        /// The team's id.
        var iss: String
        var iat: Int

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private static let lifetime: TimeInterval = 40 * 60
    private static let leastAge: TimeInterval = 20 * 60

    private let key: SigningKey
    private let keyID: String
    private let teamID: String
    private var token: (text: String, made: Date)?

    init(key: SigningKey, keyID: String, teamID: String) {
        self.key = key
        self.keyID = keyID
        self.teamID = teamID
    }

    func token(now: Date) async throws -> String {
        if let token, abs(now.timeIntervalSince(token.made)) < Self.lifetime { return token.text }
        let text = try await key.sign(
            Claims(iss: teamID, iat: Int(now.timeIntervalSince1970)), keyID: keyID)
        token = (text, now)
        return text
    }

    /// Apple has called it expired (the clock may have been set): a new one next time, if that is allowed already.
    func refused(_ text: String, now: Date) {
        guard let token, token.text == text, abs(now.timeIntervalSince(token.made)) >= Self.leastAge else { return }
        self.token = nil
    }
}
