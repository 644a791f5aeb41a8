import Foundation
import JWTKit

/// The file that Google gives for a service account.
public struct ServiceAccount: Sendable {
    public let projectID: String
    public let clientEmail: String
    /// Where assertions are turned into access tokens.
    public let tokenURL: TargetURL
    private let keyID: String?
    private let key: Concealed<Insecure.RSA.PrivateKey>

    private struct File: Decodable {
        var projectID: String?
        var clientEmail: String?
        var privateKey: String?
        var privateKeyID: String?
        var tokenURI: String?

        enum CodingKeys: String, CodingKey {
            case projectID = "project_id"
            case clientEmail = "client_email"
            case privateKey = "private_key"
            case privateKeyID = "private_key_id"
            case tokenURI = "token_uri"
        }
    }

    /// - Throws: `KeyError`.
    public init(json: some Sequence<UInt8>) throws(KeyError) {
        guard let file = try? JSONDecoder().decode(File.self, from: Data(json)), let project = file.projectID,
            let email = file.clientEmail, let pem = file.privateKey
        else {
            throw KeyError("holds no service account: project_id, client_email and private_key are needed")
        }
        guard let key = try? Insecure.RSA.PrivateKey(pem: pem) else {
            throw KeyError("holds no RSA key of 2048 bits or more as private_key")
        }
        let isPlain = !project.isEmpty && project.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2f }
        guard isPlain, let url = try? TargetURL(file.tokenURI ?? "https://oauth2.googleapis.com/token") else {
            throw KeyError("holds a project_id or a token_uri that cannot be used")
        }
        projectID = project
        clientEmail = email
        tokenURL = url
        keyID = file.privateKeyID
        self.key = Concealed(key)
    }

    private struct Claims: JWTPayload {
        var iss: String
        var scope: String
        var aud: String
        var iat: Int
        var exp: Int

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// What is exchanged for an access token (RFC 7523 §2.1).
    func assertion(scope: String, now: Date) async throws -> String {
        let keys = JWTKeyCollection()
        let kid = keyID.map { JWKIdentifier(string: $0) }
        await keys.add(rsa: key.value, digestAlgorithm: .sha256, kid: kid)
        let issued = Int(now.timeIntervalSince1970)
        return try await keys.sign(
            Claims(iss: clientEmail, scope: scope, aud: tokenURL.text, iat: issued, exp: issued + 3600), kid: kid)
    }
}
